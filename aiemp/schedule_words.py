"""When a task runs, in words for people: ``Mon, Wed, Fri at 09:30``, ``every 6 h``. Pure."""

from __future__ import annotations

from datetime import time, timedelta

from aiemp.plan import Frequency, ScheduledTask

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_IN_WORDS = {
    Frequency.DAILY: "daily",
    Frequency.WEEKDAYS: "Mon to Fri",
    Frequency.MWF: "Mon, Wed, Fri",
}
MIDNIGHT = time(0, 0)


def schedule_in_words(task: ScheduledTask) -> str:
    """When ``task`` runs. A systemd calendar expression is shown as it is written (systemd.time(7))."""
    if task.frequency is Frequency.CALENDAR:
        return task.calendar or ""
    interval = task.interval
    if interval is not None:
        return f"every {span_in_words(interval)}"
    days = DAYS_IN_WORDS.get(task.frequency) or DAY_NAMES[task.day_of_week or 0]
    at = task.time_of_day or MIDNIGHT
    return f"{days} at {at:%H:%M:%S}" if at.second else f"{days} at {at:%H:%M}"


def span_in_words(span: timedelta) -> str:
    """A length of time as its two largest units: ``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``.

    Seconds are only told below two minutes, where they matter; a negative span counts as none.
    """
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return _join((seconds // 60, "min"), (seconds % 60, "s")) if seconds >= 60 else f"{seconds} s"
    minutes = seconds // 60
    if minutes < 24 * 60:
        return _join((minutes // 60, "h"), (minutes % 60, "min"))
    hours = minutes // 60
    return _join((hours // 24, "d"), (hours % 24, "h"))


def _join(*parts: tuple[int, str]) -> str:
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
