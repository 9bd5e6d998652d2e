"""The ``OnCalendar=`` expressions of a task's timer (systemd.time(7), "Calendar Events"). Pure.

Timers are alarms (semantics): a task that they start asks again whether it is due. So an alarm too many does
no harm but costs the start of a process, and one too few makes a run late until the orchestrator starts it.
"""

from __future__ import annotations

from datetime import UTC, time
from math import gcd

from aiemp.calendar_slots import split_zone
from aiemp.plan import Frequency, ScheduledTask

MIDNIGHT = time(0, 0)
HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES
NO_REPETITION = "/24"

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_OF = {Frequency.DAILY: "", Frequency.WEEKDAYS: "Mon..Fri ", Frequency.MWF: "Mon,Wed,Fri "}

MOST_ALARMS_FOR_EXACTNESS = 10
MOST_LATENESS_MINUTES = 30
MOST_LATENESS_OF_INTERVAL = 0.1


def on_calendar(task: ScheduledTask, zone_name: str | None) -> tuple[str, ...]:
    """The expressions on which the timer of ``task`` elapses, the seconds always written out.

    Calendar tasks follow the wall clock of ``zone_name`` (the plan's, an IANA name), or without one that of
    the machine. Interval tasks are written in UTC: no clock change loses or doubles an hour there. A
    ``calendar`` of the user's own stays as it is, except that it gets the plan's zone when it names none,
    because :mod:`aiemp.schedules` reads it so.
    """
    interval = task.interval
    if interval is not None:
        return _every(round(interval.total_seconds() / 60))
    zone = "" if zone_name is None else f" {zone_name}"
    if task.frequency is Frequency.CALENDAR:
        expression = (task.calendar or "").strip()
        names_zone = split_zone(expression, UTC)[0] != expression
        return (expression if names_zone else f"{expression}{zone}",)
    at = task.time_of_day or MIDNIGHT
    return (f"{_days(task)}*-*-* {at:%H:%M:%S}{zone}",)


def alarm_grid_minutes(interval_minutes: int) -> int:
    """The distance between the alarms of an interval task; it divides a day, so midnight is no seam.

    An interval that divides a day has one alarm for each run. No expression exists for any other (``*:0/50``
    is 00:50, 01:00, 01:50), so it gets a grid that divides an hour, and runs at the first alarm after its
    time. The widest such grid that divides the interval too makes that exact: every 10 minutes for 50, every
    minute for 7. But that takes 11 alarms for each run of 11 minutes, and one every minute, all year, for
    1441. So where it takes more than 10 alarms for a run, it is the widest grid that makes no run later than
    a tenth of its interval, or half an hour: every 6 minutes for 11, which then runs every 12.

    The grid is never wider than the interval, nor than an hour (but for an interval that divides a day): that
    is how late the next run can be after one by hand or one that had to wait.
    """
    if DAY_MINUTES % interval_minutes == 0:
        return interval_minutes
    exact = gcd(interval_minutes, HOUR_MINUTES)
    if interval_minutes <= exact * MOST_ALARMS_FOR_EXACTNESS:
        return exact
    allowed = min(interval_minutes * MOST_LATENESS_OF_INTERVAL, MOST_LATENESS_MINUTES)
    widest = min(interval_minutes, HOUR_MINUTES)
    grids = (grid for grid in range(widest, 0, -1) if HOUR_MINUTES % grid == 0)
    return next(grid for grid in grids if -interval_minutes % grid <= allowed)


def _every(interval_minutes: int) -> tuple[str, ...]:
    """Expressions that together are all multiples of the grid, counted from midnight UTC.

    Its minutes repeat after some hours (every 90 minutes: after 3), and each of those hours has its own.
    """
    grid = alarm_grid_minutes(interval_minutes)
    cycle_hours = grid // gcd(grid, HOUR_MINUTES)
    expressions = []
    for hour in range(cycle_hours):
        first = -hour * HOUR_MINUTES % grid
        if first < HOUR_MINUTES:
            hours = "*" if cycle_hours == 1 else f"{hour:02}/{cycle_hours}"
            minutes = f"{first:02}/{grid}" if first + grid < HOUR_MINUTES else f"{first:02}"
            minutes = "*" if grid == 1 else minutes
            expressions.append(f"*-*-* {hours.removesuffix(NO_REPETITION)}:{minutes}:00 UTC")
    return tuple(expressions)


def _days(task: ScheduledTask) -> str:
    if task.frequency is Frequency.WEEKLY:
        return f"{WEEKDAYS[task.day_of_week or 0]} "
    return DAYS_OF[task.frequency]
