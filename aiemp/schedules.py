"""When a task is due. Pure: the task, the clock's reading and the time zone are arguments.

Calendar frequencies have *slots*: the task's wall-clock time on each matching local date, compared in UTC.
A task is due when some slot s has ``last_run < s <= now``; however many were missed, it runs once
(semantics, "When a task is due"; seed 2C). How a slot is attempted, retried and given up is in
:mod:`aiemp.decisions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from aiemp.calendar_slots import first_slot_after, last_slot_between
from aiemp.plan import Frequency, ScheduledTask

MIDNIGHT = time(0, 0)
NOON = time(12, 0)
WEEKDAYS_OF = {
    Frequency.DAILY: frozenset(range(7)),
    Frequency.WEEKDAYS: frozenset(range(5)),
    Frequency.MWF: frozenset({0, 2, 4}),
}
LONGEST_GAP_DAYS = 15
"""A weekly slot is at most 7 days back; one more week in case its date was skipped (Apia, December 2011)."""

LATE_HOUR = 20
"""No clock change that leaves the date there moves the clock by more than four hours."""

DROP_AFTER = timedelta(minutes=5)
"""With ``catch_up = false`` a slot is dropped when it is older than this."""

AHEAD_LIMIT = timedelta(days=1)
"""A calendar task's last_run may be this far ahead of the clock (it was set back): its slots until then did
run. Further ahead it is a mistake, and is clamped, or the task would wait for years."""


def is_due(task: ScheduledTask, now: datetime, zone: tzinfo = UTC) -> bool:
    """Whether ``task`` is due at ``now`` (aware), judged by its ``last_run`` alone.

    A ``last_run`` in the future counts as now; see :func:`clamped_last_run`.
    """
    return task.enabled and is_due_after(task, task.last_run, now, zone)


def is_due_after(task: ScheduledTask, last_run: datetime | None, now: datetime, zone: tzinfo) -> bool:
    """:func:`is_due` of an enabled task that ran last at ``last_run``, whatever its own field says."""
    interval = task.interval
    if interval is not None:
        return last_run is None or now - last_run >= interval
    slot = latest_slot(task, last_run, now, zone)
    return slot is not None and within_catch_up(task, slot, now)


def get_due_tasks(
    registry: Iterable[ScheduledTask], now: datetime, zone: tzinfo = UTC
) -> list[ScheduledTask]:
    """The due tasks, the lowest ``priority`` number first; ties keep the registry's order (seed 2C)."""
    due = [task for task in registry if is_due(task, now, zone)]
    return sorted(due, key=lambda task: task.priority)


def next_due(task: ScheduledTask, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """When ``task`` is due next: ``now`` when it is due already, None when it never will be.

    The result is in UTC. Slots come from the plan's zone, so this looks across a clock change.
    """
    if not task.enabled:
        return None
    return now if is_due(task, now, zone) else due_later(task, task.last_run, now, zone)


def due_later(task: ScheduledTask, last_run: datetime | None, now: datetime, zone: tzinfo) -> datetime | None:
    """When an enabled task that is not due now, having run last at ``last_run``, is due next."""
    interval = task.interval
    if interval is not None:
        return now if last_run is None else last_run + interval
    return next_slot(task, now if last_run is None else max(now, last_run), zone)


def latest_slot(
    task: ScheduledTask, last_run: datetime | None, now: datetime, zone: tzinfo
) -> datetime | None:
    """The latest slot s with ``last_run < s <= now``; None when there is none.

    A task that never ran has only today's slots (today: the local date of ``now``).
    """
    today = now.astimezone(zone).date()
    if task.frequency is Frequency.CALENDAR:
        since = last_run or _midnight(today, zone) - timedelta(microseconds=1)
        return last_slot_between(task.calendar or "", since, now, zone)
    weekdays = weekdays_of(task)
    at = task.time_of_day or MIDNIGHT
    for back in range(1 if last_run is None else LONGEST_GAP_DAYS):
        day = today - timedelta(days=back)
        if day.weekday() not in weekdays:
            continue
        slot = slot_on(day, at, zone)
        if slot is not None and slot <= now:
            return slot if last_run is None or last_run < slot else None
    return None


def next_slot(task: ScheduledTask, after: datetime, zone: tzinfo) -> datetime | None:
    """The first slot later than ``after``; None when the calendar expression has no more."""
    if task.frequency is Frequency.CALENDAR:
        return first_slot_after(task.calendar or "", after, zone)
    weekdays = weekdays_of(task)
    at = task.time_of_day or MIDNIGHT
    today = after.astimezone(zone).date().toordinal()
    # A slot late in the day may have been pushed past midnight by a clock change: it is of the date before.
    first = today - 1 if at.hour >= LATE_HOUR else today
    for ordinal in range(first, today + LONGEST_GAP_DAYS):
        if (ordinal + 6) % 7 in weekdays:  # ordinal 1 was a Monday
            slot = slot_on(date.fromordinal(ordinal), at, zone)
            if slot is not None and slot > after:
                return slot
    return None


def weekdays_of(task: ScheduledTask) -> frozenset[int]:
    """The weekdays (0 = Monday) on which a daily, weekdays, mwf or weekly task has a slot."""
    if task.frequency is Frequency.WEEKLY:
        return frozenset({task.day_of_week or 0})
    return WEEKDAYS_OF[task.frequency]


@lru_cache(maxsize=8192)
def slot_on(day: date, at: time, zone: tzinfo) -> datetime | None:
    """The UTC moment of wall time ``at`` on ``day``; None when the zone skipped that whole day.

    PEP 495 with ``fold=0`` is the rule of semantics.md: a time that occurs twice is the first one; a time
    that a clock change skips is taken with the offset before it, so it is as long after midnight as ever.
    """
    noon = datetime.combine(day, NOON, tzinfo=zone)
    if noon.astimezone(UTC).astimezone(zone).date() != day:
        return None
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def within_catch_up(task: ScheduledTask, slot: datetime, now: datetime) -> bool:
    """Whether a slot that is ``now - slot`` old may still run, by the task's ``catch_up``."""
    if task.catch_up is True:
        return True
    allowed = DROP_AFTER if task.catch_up is False else task.catch_up
    return now - slot <= allowed


def clamped_last_run(task: ScheduledTask, last_run: datetime | None, now: datetime) -> datetime | None:
    """``last_run``, or ``now`` when it lies so far ahead that the clock must have been set back.

    The ledger writes the clamped value down: only then does an interval begin to count.
    """
    if last_run is None or last_run <= now:
        return last_run
    ahead = timedelta(0) if task.interval is not None else AHEAD_LIMIT
    return now if last_run - now > ahead else last_run


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, MIDNIGHT, tzinfo=zone).astimezone(UTC)
