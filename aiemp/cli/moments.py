"""Moments as people write them: ``17:00``, ``2026-12-01 08:00``, ``tomorrow``, ``2h``. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from aiemp.cli.words import moment_in_words
from aiemp.errors import UsageError

FORMS = '"17:00", "tomorrow", "tomorrow 08:00", "2026-12-01 08:00" or "2h"'
_SPAN = re.compile(r"(\d{1,6}) ?(m|min|minutes?|h|hours?|d|days?)", re.ASCII)
_WALL = re.compile(
    r"(?:(?P<day>\d{4}-\d{2}-\d{2}|today|tomorrow)[T ]?)?(?:(?P<hour>\d{1,2}):(?P<minute>\d{2}))?", re.ASCII
)
LONGEST_SPAN = timedelta(days=3660)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def read_moment_ahead(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The moment that ``text`` means, in the local time of ``zone``; a day alone is its first moment.

    Raises UsageError, with what can be written, for one that cannot be understood or has passed.
    """
    plain = " ".join(text.strip().lower().split())
    try:
        moment = _after_span(plain, now) or _on_the_wall(plain, now, zone)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise UsageError(f"{text!r} is no time that can be understood; write it like {FORMS}")
    if moment <= now:
        there, here = moment_in_words(moment, now, zone), f"{now.astimezone(zone):%H:%M}"
        raise UsageError(
            f"{text!r} has passed: it is {there}, and now {here}; write a later one, like {FORMS}"
        )
    return moment


def read_span(text: str) -> timedelta:
    """The length of time that ``text`` means: ``24h``, ``7d``, ``90m``. Raises UsageError for anything else."""
    match = _SPAN.fullmatch(" ".join(text.strip().lower().split()))
    span = int(match[1]) * _UNITS[match[2][0]] if match else timedelta(0)
    if not timedelta(0) < span <= LONGEST_SPAN:
        raise UsageError(f"{text!r} is no length of time that can be shown; write it like 24h, 7d or 90m")
    return span


def _after_span(text: str, now: datetime) -> datetime | None:
    match = _SPAN.fullmatch(text)
    return now + int(match[1]) * _UNITS[match[2][0]] if match else None


def _on_the_wall(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    match = _WALL.fullmatch(text.replace("t", " ") if text[:1].isdigit() else text)
    if match is None or not text:
        return None
    today = now.astimezone(zone).date()
    named = {None: today, "today": today, "tomorrow": today + timedelta(days=1)}
    day = named.get(match["day"]) or date.fromisoformat(match["day"])
    at = time(int(match["hour"] or 0), int(match["minute"] or 0))
    # Of a time that a clock change repeats the first; one that it skips is as long after midnight as ever.
    moment = datetime.combine(day, at, tzinfo=zone)
    return moment.astimezone(now.tzinfo)
