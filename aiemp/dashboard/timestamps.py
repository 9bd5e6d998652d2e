"""Times as dashboards write them: read, and written again in the form that was found. Pure.

A time that names its zone keeps it. One that does not is in the zone of the moment it is written with:
callers choose it (UTC for "Last Updated", vault-facts; the plan's zone for what the owner reads as his day).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo

DATE_AND_SECONDS = "2000-01-01 00:00:00"
DATE_AND_MINUTES = "2000-01-01 00:00"
MINUTES = "00:00"
"""Samples: the forms in which a time is written where nothing shows another one."""

_STAMP = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:(?P<gap>[T ])(?P<minutes>\d{2}:\d{2})(?P<seconds>:\d{2})?(?P<fraction>[.,]\d{1,9})?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})(?!\w))?)?",
    re.ASCII,
)
_CLOCK = re.compile(r"\A(?P<minutes>\d{1,2}:\d{2})(?P<seconds>:\d{2})?\Z", re.ASCII)


def find_stamp(text: str) -> re.Match[str] | None:
    """The first date, with or without a time, in ``text``."""
    return _STAMP.search(text)


def parse_stamp(text: str, zone: tzinfo) -> datetime | None:
    """The moment that ``text`` names, in ``zone`` unless it names its own; None when it names none.

    A date alone means the end of that day.
    """
    found = find_stamp(text)
    if found is None:
        return None
    clock = (found["minutes"] + (found["seconds"] or ":59")) if found["minutes"] else "23:59:59"
    try:
        naive = datetime.fromisoformat(f"{found['date']}T{clock}")
        return naive.replace(tzinfo=_zone(found["zone"], zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_clock(text: str) -> time | None:
    """The time of day when ``text`` is one (HH:MM or HH:MM:SS) and nothing else."""
    found = _CLOCK.match(text.strip())
    if found is None:
        return None
    try:
        return time.fromisoformat(found[0] if found[0][2] == ":" else "0" + found[0])
    except ValueError:
        return None


def written_like(sample: str, at: datetime) -> str | None:
    """``at`` in the form of ``sample``; None when that is no time. Text around a date is not returned."""
    if parse_clock(sample) is not None:
        return at.strftime("%H:%M:%S" if sample.count(":") == 2 else "%H:%M")
    found = find_stamp(sample)
    if found is None:
        return None
    try:
        local = at.astimezone(_zone(found["zone"], at.tzinfo or UTC))
    except (ValueError, OverflowError):
        local = at
    text = f"{local.year:04d}-{local:%m-%d}"
    if not found["minutes"]:
        return text
    text += found["gap"] + f"{local:%H:%M}"
    if found["seconds"]:
        text += f":{local:%S}"
    if found["fraction"]:
        text += found["fraction"][0] + f"{local:%f}000"[: len(found["fraction"]) - 1]
    return text + (found["zone"] or "")


def _zone(text: str | None, default: tzinfo) -> tzinfo:
    if not text:
        return default
    digits = text.strip().replace(":", "")
    if not digits.startswith(("+", "-")):
        return UTC
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-offset if digits[0] == "-" else offset)
