"""When a usage limit is lifted, as Claude Code's message says it. Pure.

Wordings seen: ``...limit reached|1766502000``, ``resets 3pm``, ``resets 11:30am (Asia/Calcutta)``, ``resets Apr
23 at 4pm (America/Recife)``, ``resets Feb 16, 11am (Europe/Berlin)``, ``will reset at 9am (America/Chicago)``,
``resets in 2h 5m``, and ``retry-after: 3600`` of the API.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

JUST_PASSED = timedelta(hours=3)
"""A time of day that passed less than this ago is today's: Claude Code goes on naming it for a while. Taking it
for tomorrow's would cost a day, trying once too often costs nothing."""

FURTHEST = timedelta(days=32)
"""The longest limits are monthly. What is further away was misunderstood."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = re.compile(r"\|\s*(\d{10})(\d{3})?\b")
_RETRY_AFTER = re.compile(r"retry[- _]after\W{1,4}(\d{1,7})\b", re.IGNORECASE)
_IN = re.compile(
    r"\b(?:resets?|again|available|lifted|retry) in (?:about )?"
    r"((?:\d+(?:\.\d+)? ?(?:d|h|m|s|days?|hrs?|hours?|min|mins|minutes?|sec|seconds?)\b[ ,]*(?:and )?)+)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([dhms])", re.IGNORECASE)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_OFFSET = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2}):?(\d\d)?", re.IGNORECASE)
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)")
_AT = re.compile(
    r"""\b(?:resets?|again|available|until)\b [ ]+ (?:on [ ]|at [ ])?
      (?: (?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]* ,? [ ]+ (?:at [ ])?
        | (?P<tomorrow>tomorrow) ,? [ ]+ (?:at [ ])?
        | (?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \.? [ ]+ (?P<day>\d{1,2})
          (?: ,? [ ]+ (?P<year>20\d\d) )? (?: ,? [ ]+ (?:at [ ])? | \b )
      )?
      (?: (?P<midnight>midnight\b)
        | (?P<hour>\d{1,2}) (?: :(?P<minute>\d\d) )? (?: :\d\d )? [ ]? (?P<half>[ap]\.?m\b)? )?
      (?: [ ]* \(? (?P<zone>[A-Z][\w+-]*(?:/[\w+-]+)+|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?) \)? )?
    """,
    re.IGNORECASE | re.VERBOSE,
)


def reset_time(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment (aware, UTC) that ``text`` names; None when it names none that can be meant.

    ``now`` is aware; ``zone`` counts where the message names no zone that is known here. A moment that has
    passed is given as it is.
    """
    try:
        found = _moment(text, now, zone)
        found = None if found is None else found.astimezone(UTC)
    except OverflowError:  # before the first year, or behind the last
        return None
    return None if found is None or found > now + FURTHEST else found


def _moment(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    return _in_numbers(text, now, zone) or next(
        (moment for match in _AT.finditer(text) if (moment := _at(match, now, zone)) is not None), None
    )


def _in_numbers(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if match := _EPOCH.search(text):
        return datetime.fromtimestamp(int(match[1]), UTC)
    if match := _RETRY_AFTER.search(text):
        return now + timedelta(seconds=int(match[1]))
    if match := _IN.search(text):
        seconds = sum(float(n) * _UNITS[unit.lower()] for n, unit in _AMOUNT.findall(match[1]))
        return now + timedelta(seconds=min(seconds, 2 * FURTHEST.total_seconds()))
    if match := _ISO.search(text):
        try:
            moment = datetime.fromisoformat(match[1])
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return None


def _at(match: re.Match[str], now: datetime, zone: tzinfo) -> datetime | None:
    """The moment of a date, a time of day, or both; None for a match that has neither, or an impossible one."""
    zone = _zone(match["zone"]) or zone
    local = now.astimezone(zone)
    clock = _time(match)
    try:
        if match["month"]:
            day = _date(match, local.date())
            return datetime.combine(day, clock or time(0), zone)
        if clock is None:
            return None
        if match["weekday"]:
            ahead = (_DAYS.index(match["weekday"].lower()) - local.weekday()) % 7
            moment = datetime.combine(local.date() + timedelta(days=ahead), clock, zone)
            return moment if moment > now - JUST_PASSED else moment + timedelta(days=7)
        if match["tomorrow"]:
            return datetime.combine(local.date() + timedelta(days=1), clock, zone)
    except ValueError:  # February 30
        return None
    # Yesterday's too: at 00:10, "resets 11:50pm" has just passed.
    days = (datetime.combine(local.date() + timedelta(days=ahead), clock, zone) for ahead in (-1, 0, 1))
    return next((moment for moment in days if moment > now - JUST_PASSED), None)


def _time(match: re.Match[str]) -> time | None:
    if match["midnight"]:
        return time(0)
    if match["hour"] is None or not (match["half"] or match["minute"]):
        return None
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _date(match: re.Match[str], today: date) -> date:
    """The date; without a year the one that is nearest to today, so that January follows December."""
    month, day = _MONTHS.index(match["month"].lower()[:3]) + 1, int(match["day"])
    if match["year"]:
        return date(int(match["year"]), month, day)
    years = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            years.append(date(year, month, day))
        except ValueError:
            continue  # February 29
    if not years:
        raise ValueError("no such date")
    return min(years, key=lambda each: abs(each - today))


def _zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    if offset := _OFFSET.fullmatch(name):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if ahead >= timedelta(days=1):
            return None
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # Etc/Unknown, which it says when it knows none itself
        return None
