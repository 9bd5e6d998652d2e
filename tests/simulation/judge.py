"""What must happen to one task, by semantics.md and by code of its own: no function of aiemp decides here.

A task's *floor* is the start of its last concluded run. A slot is to run when it lies between floor and clock;
of several the latest, once; it keeps its turn until it is concluded (it succeeded, or used its attempts up) or
until the next slot comes. A clock set back by more than a day moves the floor back to the clock: what comes
after counts anew. A set-back of less repeats nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from aiemp.plan import Frequency, ScheduledTask

DAY = timedelta(days=1)
FEW_MINUTES = timedelta(minutes=5)
EARLIEST = timedelta(seconds=30)
EVERY_DAY = set(range(7))
WEEKDAYS = {Frequency.DAILY: EVERY_DAY, Frequency.WEEKDAYS: set(range(5)), Frequency.MWF: {0, 2, 4}}
CALENDARS: dict[str, tuple[set[int], tuple[time, ...]]] = {
    "Mon..Fri *-*-* 09:00": (set(range(5)), (time(9),)),
    "*-*-* 02,14:15": (EVERY_DAY, (time(2, 15), time(14, 15))),
}
"""What the simulated calendar expressions mean: weekdays and times, read by a person."""


@lru_cache(maxsize=65536)
def wall_to_utc(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """The first UTC moment at which clocks there show that time; for a skipped one, as long after midnight as ever.

    Found by trying every offset in use around that date. None when the date never was.
    """
    wall = datetime.combine(day, at)
    around = datetime.combine(day, time(12), tzinfo=UTC)
    readings = [(around + timedelta(hours=h)).astimezone(zone) for h in range(-48, 49, 6)]
    offsets = [reading.utcoffset() or timedelta(0) for reading in readings]
    noon = datetime.combine(day, time(12))
    if not any(_shows(noon, offset, zone) for offset in offsets):
        return None
    moments = [(wall - offset).replace(tzinfo=UTC) for offset in offsets if _shows(wall, offset, zone)]
    return min(moments) if moments else (wall - offsets[0]).replace(tzinfo=UTC)


def _shows(wall: datetime, offset: timedelta, zone: ZoneInfo) -> bool:
    return (wall - offset).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) == wall


@dataclass(frozen=True)
class Turn:
    """A run that is to happen: for which slot, which attempt, and not before when."""

    slot: datetime
    attempt: int
    not_before: datetime


@dataclass
class Judge:
    """Follows one task and says what must be next."""

    task: ScheduledTask
    zone: ZoneInfo
    start: datetime
    end: datetime
    floor: datetime | None = None
    open: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    blocked: bool = False
    is_running: bool = False
    told_until: tuple[datetime, datetime] | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.slots: list[datetime] = []
        self.dates: dict[datetime, date] = {}
        if self.task.interval is not None:
            return
        weekdays, times = self._calendar()
        for n in range((self.end - self.start).days + 1):
            day = self.start.date() + timedelta(days=n)
            for at in times if day.weekday() in weekdays else ():
                slot = wall_to_utc(day, at, self.zone)
                if slot is not None:
                    self.slots.append(slot)
                    self.dates[slot] = day

    def _calendar(self) -> tuple[set[int | None] | set[int], tuple[time, ...]]:
        """The weekdays (0 = Monday) and the wall times of the task's slots."""
        if self.task.calendar:
            return CALENDARS[self.task.calendar]
        days = WEEKDAYS.get(self.task.frequency, {self.task.day_of_week})
        return days, (self.task.time_of_day or time(0),)

    def look_at_clock(self, now: datetime) -> None:
        """The program reads the clock: a floor that lies ahead of it may have to come back."""
        ahead = timedelta(0) if self.task.interval is not None else DAY
        if self.floor is not None and self.floor - now > ahead:
            self.floor = now
            self.counts["set back"] += 1
        if self.open is not None and self.open - now > DAY and not self.is_running:
            self.open, self.attempts, self.retry_at = None, 0, None

    def newest(self, now: datetime) -> datetime | None:
        """The latest slot up to now that is not settled, whatever its age."""
        index = bisect_right(self.slots, now)
        slot = self.slots[index - 1] if index else None
        if slot is None or (self.floor is not None and slot <= self.floor):
            return None
        if self.floor is None and self.dates[slot] != now.astimezone(self.zone).date():
            return None
        return slot

    def next_slot(self, now: datetime) -> datetime:
        """When the task is to be looked at next if nothing happens to it."""
        interval = self.task.interval
        if interval is not None:
            return now if self.floor is None else self.floor + interval
        return self.slots[bisect_right(self.slots, max(now, self.floor or now))]

    def turn(self, now: datetime, early: timedelta = timedelta(0)) -> Turn | None:
        """The run that must happen now, if one must (or may, ``early`` before its time)."""
        open_turn = self._open_turn(now)
        if open_turn is not None:
            return open_turn
        interval = self.task.interval
        if interval is not None:
            due_at = now if self.floor is None else self.floor + interval
            return Turn(min(due_at, now), 1, now) if due_at <= now + early else None
        slot = self.newest(now)
        return Turn(slot, 1, slot) if slot is not None and self._is_young(slot, now) else None

    def _open_turn(self, now: datetime) -> Turn | None:
        if self.open is None or self.open > now + DAY:
            return None
        if not self.attempts and (self.task.interval is not None or self.open > now):
            return None  # it is due by its time alone
        if bisect_right(self.slots, now) > bisect_right(self.slots, self.open):
            return None  # its next slot has come
        if self.blocked and not self.attempts and not self._is_young(self.open, now):
            return None
        delay = timedelta(minutes=self.task.retry_delay_minutes)
        waits = self.retry_at is not None and self.attempts and now < self.retry_at <= now + delay
        return Turn(self.open, self.attempts + 1, self.retry_at if waits and self.retry_at else now)

    def _is_young(self, slot: datetime, now: datetime) -> bool:
        allowed = self.task.catch_up
        return allowed is True or now - slot <= (FEW_MINUTES if allowed is False else allowed)

    def is_held(self, now: datetime) -> bool:
        """Whether it was told to come back later."""
        return self.told_until is not None and self.told_until[0] <= now < self.told_until[1]

    def begin(self, slot: datetime, attempt: int) -> None:
        """A scheduled run was written down as begun."""
        self.open, self.attempts, self.retry_at = slot, attempt, None

    def conclude(self, started: datetime, how: str) -> None:
        """A run settled all slots up to its start."""
        first = bisect_right(self.slots, self.floor) if self.floor else bisect_right(self.slots, started) - 1
        passed = bisect_right(self.slots, started) - max(first, 0)
        self.counts[how] += 1
        self.counts["caught up"] += max(passed - 1, 0)
        self.floor, self.open, self.attempts, self.retry_at = started, None, 0, None
        self.blocked, self.told_until = False, None

    def fail(self, started: datetime, finished: datetime) -> None:
        """A scheduled run failed."""
        if self.attempts >= self.task.max_attempts:
            self.conclude(started, "failed")
        else:
            self.retry_at = finished + timedelta(minutes=self.task.retry_delay_minutes)
            self.blocked, self.told_until = False, None

    def die(self, started: datetime) -> None:
        """A scheduled run ended without a word."""
        self.counts["interrupted"] += 1
        if self.attempts >= self.task.max_attempts:
            self.conclude(started, "failed")
        self.blocked, self.told_until = False, None

    def stop(self, attempt: int) -> None:
        """A scheduled run was stopped on request: it costs no attempt."""
        self.counts["stopped"] += 1
        self.attempts = attempt - 1
        self.blocked, self.told_until = False, None

    def block(self, attempt: int, now: datetime, until: datetime | None, *, manual: bool) -> None:
        """A run could not be."""
        self.counts["blocked"] += 1
        if not manual:
            self.attempts = attempt - 1
        self.blocked = True
        self.told_until = (now, until) if until else None
