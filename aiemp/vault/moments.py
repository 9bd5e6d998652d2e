"""Moments as people and scripts write them in frontmatter and file names. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

# Besides ISO 8601: a blank or "_" before the time, "-" or "." in it (times in file names have no colons).
_MOMENT = re.compile(
    r"(?P<day>\d{4}[-/]?\d\d[-/]?\d\d)"
    r"(?:[T _]+(?P<hour>\d\d)[:.-]?(?P<minute>\d\d)(?:[:.-]?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?:(?P<utc>Z|UTC|GMT)|(?P<sign>[+-])(?P<off_hour>\d\d)(?::?(?P<off_minute>\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?:\d{6})?(?!\d)", re.ASCII)


def parse_moment(value: object, zone: tzinfo) -> datetime | None:
    """``value`` as an aware datetime in UTC; None when it names no moment.

    Takes a datetime, a date (its midnight), or text such as ``2026-02-27T02:52:10Z``, ``2026-02-27 02:52``,
    ``2026-02-27T02-52-10`` or ``2026-02-27``. What bears no offset is in ``zone``; of a wall time that a
    clock change repeats, the first. YAML reads ``20260227`` as a number, so that is taken for a date too.
    """
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            value = _parse_text(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time.min)
        if not isinstance(value, datetime):
            return None
        aware = value if value.utcoffset() is not None else value.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def names_a_day(value: object) -> bool:
    """Whether ``value`` is a moment that :func:`parse_moment` understands, but without a time of day."""
    if isinstance(value, date):
        return not isinstance(value, datetime)
    match = _MOMENT.fullmatch(str(value).strip())
    return match is not None and match["hour"] is None


def day_in_name(name: str) -> date | None:
    """The first date in a file name (``20260121``, ``2026-07-14``); None when it has none."""
    for match in _DAY_IN_NAME.finditer(name):
        try:
            return date(int(match[1]), int(match[3]), int(match[4]))
        except ValueError:
            continue
    return None


def _parse_text(text: str) -> datetime | None:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day = match["day"].replace("-", "").replace("/", "")
    moment = datetime(  # noqa: DTZ001 - wall time, until its offset is read below
        int(day[:4]),
        int(day[4:6]),
        int(day[6:]),
        int(match["hour"] or 0),
        int(match["minute"] or 0),
        int(match["second"] or 0),
        int((match["fraction"] or "").ljust(6, "0")[:6]),
    )
    if match["utc"]:
        return moment.replace(tzinfo=UTC)
    if match["sign"]:
        offset = timedelta(hours=int(match["off_hour"]), minutes=int(match["off_minute"] or 0))
        return moment.replace(tzinfo=timezone(offset if match["sign"] == "+" else -offset))
    return moment
