"""When a task runs, as ``[tasks.NAME]`` says it: ``frequency`` and what belongs to it, or ``calendar``."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any, NamedTuple

from aiemp.calendar_slots import check_expression
from aiemp.config.document import shown
from aiemp.config.keys import AGE, FREQUENCIES, TIME, WEEKDAYS
from aiemp.config.table import Table
from aiemp.plan import Frequency, ScheduledTask

BELONGS = {
    Frequency.DAILY: ("time",),
    Frequency.WEEKDAYS: ("time",),
    Frequency.MWF: ("time",),
    Frequency.WEEKLY: ("day", "time"),
    Frequency.HOURLY: (),
    Frequency.EVERY_N_MINUTES: ("interval_minutes",),
    Frequency.CALENDAR: ("calendar",),
}
"""The keys that a task of each frequency must have, and the only ones it may have."""

EXAMPLES = {
    "time": 'time = "08:00"',
    "day": 'day = "sunday"',
    "interval_minutes": "interval_minutes = 15",
    "calendar": 'calendar = "Mon..Fri 09:00"',
}

_UNIT = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class TaskTimes(NamedTuple):
    """The fields of :class:`ScheduledTask` that say when; those that do not belong are None."""

    frequency: Frequency
    time_of_day: time | None = None
    day_of_week: int | None = None
    interval_minutes: int | None = None
    calendar: str | None = None


def read_task_times(table: Table, base: ScheduledTask | None) -> TaskTimes | None:
    """What the table and, where it is silent, the built-in task ``base`` say. None after a mistake."""
    frequency = _frequency(table, base)
    given: dict[str, Any] = {
        "time": _time_of_day(table),
        "day": _day_of_week(table),
        "interval_minutes": table.whole("interval_minutes"),
        "calendar": _calendar(table),
    }
    if frequency is None:
        return None
    before: dict[str, Any] = {
        "time": base.time_of_day if base else None,
        "day": base.day_of_week if base else None,
        "interval_minutes": base.interval_minutes if base else None,
        "calendar": base.calendar if base else None,
    }
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key in BELONGS[frequency]:
            values[key] = value if key in table else before[key]
            if key not in table and values[key] is None:
                table.mistake(f"is {frequency.value} and needs {key}; add, for example, {EXAMPLES[key]}")
        elif key in table:
            table.mistake(f"does not belong to a task that is {frequency.value}; remove it", key)
    if any(value is None for value in values.values()):
        return None
    return TaskTimes(
        frequency,
        time_of_day=values.get("time"),
        day_of_week=values.get("day"),
        interval_minutes=values.get("interval_minutes"),
        calendar=values.get("calendar"),
    )


def read_catch_up(table: Table) -> bool | timedelta | None:
    """``true``, ``false``, or a greatest age: "90m", "12h", "2d" (semantics, ``catch_up``)."""
    value = table.value("catch_up")
    if value is None or isinstance(value, bool):
        return value
    age = re.fullmatch(AGE, value.strip()) if isinstance(value, str) else None
    if age is not None and int(age[1]) > 0:
        return int(age[1]) * _UNIT[age[2]]
    table.mistake(f'is {shown(value)}; write true, false, or a greatest age like "12h"', "catch_up")
    return None


def _frequency(table: Table, base: ScheduledTask | None) -> Frequency | None:
    name = table.choice("frequency")
    if "calendar" in table:
        if "frequency" in table:
            table.mistake("and `calendar` exclude each other; keep one of them", "frequency")
            return None
        return Frequency.CALENDAR
    if "frequency" in table:
        return None if name is None else FREQUENCIES[name]
    if base is None:
        table.mistake('does not say when it runs; add frequency = "daily" and a time, or calendar = "…"')
        return None
    return base.frequency


def _time_of_day(table: Table) -> time | None:
    value = table.value("time")
    if value is None:
        return None
    if isinstance(value, time) and value.microsecond == 0:
        return value
    parts = re.fullmatch(TIME, value) if isinstance(value, str) else None
    if parts is not None:
        return time(int(parts[1]), int(parts[2]), int(parts[3] or 0))
    hint = _meant_time(value) if isinstance(value, str) else ""
    table.mistake(
        f'is {shown(value)}, which is no time of day; write it like "08:00" or "22:30"{hint}', "time"
    )
    return None


def _meant_time(text: str) -> str:
    """``, or did you mean `08:00`?`` for 8:00, 8.00, 08h00, 8am and 8 PM; else nothing."""
    parts = re.fullmatch(r"\s*(\d{1,2})(?:[:.h](\d\d))?\s*(?:(a|p)\.?m\.?)?\s*", text, re.IGNORECASE)
    if parts is None or not (parts[2] or parts[3]):
        return ""
    hour, minute = int(parts[1]), int(parts[2] or 0)
    if parts[3] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if parts[3].lower() == "p" else 0)
    return f", or did you mean `{hour % 24:02}:{minute:02}`?" if hour <= 24 and minute < 60 else ""


def _day_of_week(table: Table) -> int | None:
    value = table.value("day")
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(WEEKDAYS):
        return value
    if isinstance(value, str):
        for number, weekday in enumerate(WEEKDAYS):
            if value.strip().lower() in (weekday, weekday[:3]):
                return number
    message = f'is {shown(value)}; write a weekday like "sunday" or "sun", or 0 (Monday) to 6 (Sunday)'
    table.mistake(message, "day")
    return None


def _calendar(table: Table) -> str | None:
    expression = table.one_line("calendar")
    if expression is None:
        return None
    try:
        if not expression.isascii():
            raise ValueError("it has characters that systemd does not know")
        check_expression(expression)
    except ValueError as error:
        advice = 'write it like "Mon..Fri *-*-* 09:00" (`systemd-analyze calendar` explains them)'
        table.mistake(f"is {shown(expression)}, no calendar expression ({error}); {advice}", "calendar")
        return None
    return expression.strip()
