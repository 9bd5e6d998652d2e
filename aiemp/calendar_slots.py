"""Slots of a systemd calendar expression (systemd.time(7), "Calendar Events"), through ``oncalendar``.

The library walks wall-clock times; this module maps them to UTC by the same rule as the other frequencies
(:func:`aiemp.schedules.slot_on`): a skipped time runs as long after midnight as on any other day, one that
occurs twice runs at the first. systemd itself skips the former; the orchestrator starts it then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

FIRST_LOOK_BACK = timedelta(minutes=5)
WIDEST_SHIFT = timedelta(hours=25)
"""No clock change moves a wall time further than this against UTC (a skipped day: 24 h)."""


def check_expression(expression: str) -> None:
    """Raise ValueError, with the library's reason, when ``expression`` is no calendar expression."""
    from oncalendar import BaseIterator, OnCalendarError  # noqa: PLC0415 - only tasks that use it pay for it

    wall, _zone = split_zone(expression, UTC)
    try:
        BaseIterator(wall, datetime(2000, 1, 1))  # noqa: DTZ001 - wall time
    except (OnCalendarError, IndexError) as error:
        raise ValueError(str(error) or "not a calendar expression") from error


def split_zone(expression: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """The expression without its time zone suffix, and that zone (else ``zone``)."""
    from oncalendar import parse_tz  # noqa: PLC0415 - only tasks that use it pay for it

    head, _, tail = expression.strip().rpartition(" ")
    named = parse_tz(tail) if head else None
    return (head, named) if named is not None else (expression.strip(), zone)


@lru_cache(maxsize=1024)
def first_slot_after(expression: str, after: datetime, zone: tzinfo) -> datetime | None:
    """The first slot later than ``after`` (aware), in UTC; None when there is none before the year 2200."""
    from oncalendar import BaseIterator  # noqa: PLC0415 - only tasks that use it pay for it

    wall_expression, zone = split_zone(expression, zone)
    local = after.astimezone(zone).replace(tzinfo=None)
    # From a little before: around a clock change, a wall time that looks past may lie ahead in UTC.
    for wall in BaseIterator(wall_expression, local - _look_around(after, zone)):
        slot = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if slot > after and _has_been(wall, zone):
            return slot
    return None


def last_slot_between(expression: str, since: datetime, now: datetime, zone: tzinfo) -> datetime | None:
    """The latest slot s with ``since < s <= now``, in UTC; None when there is none."""
    slot = first_slot_after(expression, since, zone)
    if slot is None or slot > now:
        return None
    look_back = FIRST_LOOK_BACK
    while now - look_back > slot:
        start = now - look_back
        nearer = first_slot_after(expression, start, zone)
        if nearer is not None and nearer <= now:
            slot = nearer
            break
        look_back *= 4
    while (later := first_slot_after(expression, slot, zone)) is not None and later <= now:
        slot = later
    return slot


def _has_been(wall: datetime, zone: tzinfo) -> bool:
    """Whether the zone had that date at all: Apia had no 30 December 2011, a Friday, and so nothing runs for it."""
    noon = wall.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() == wall.date()


def _look_around(moment: datetime, zone: tzinfo) -> timedelta:
    """How far before ``moment`` a wall clock walk must start: not at all unless the offset changes nearby."""
    before = (moment - WIDEST_SHIFT).astimezone(zone).utcoffset()
    return timedelta(0) if before == moment.astimezone(zone).utcoffset() else WIDEST_SHIFT
