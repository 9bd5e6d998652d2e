"""Where a campaign is judged: what runs, and when the loop goes to sleep, against what must happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiemp.plan import ScheduledTask
from aiemp.runs import NEVER_RUN, Run, TaskRecord
from tests.simulation.judge import Judge
from tests.simulation.report import Report

SECOND = timedelta(seconds=1)
FURTHEST_OFF = timedelta(days=200)
MARGIN = FURTHEST_OFF + timedelta(days=30)


class Court:
    """A judge for each task. ``patience``: how late the loop may look again. ``now`` is what programs read, ``real``
    true time."""

    def __init__(
        self,
        tasks: tuple[ScheduledTask, ...],
        zone: ZoneInfo,
        start: datetime,
        end: datetime,
        patience: timedelta,
    ) -> None:
        self.judges = {task.name: Judge(task, zone, start - MARGIN, end + MARGIN) for task in tasks}
        self.report = Report()
        self._patience = patience + SECOND
        self._lost: set[tuple[str, datetime]] = set()

    def look_at_clock(self, now: datetime, records: Mapping[str, TaskRecord]) -> None:
        """The program has read its clock."""
        for name, judge in self.judges.items():
            judge.is_running = records.get(name, NEVER_RUN).running is not None
            judge.look_at_clock(now)

    def begins(self, run: Run, now: datetime, real: datetime) -> None:
        """A scheduled run begins: it must be the one whose turn it is."""
        judge = self.judges[run.task]
        interval = judge.task.interval
        early = min(interval / 10, timedelta(seconds=30)) if interval else timedelta(0)
        turn = judge.turn(now, early)
        what = f"{run.name} attempt {run.attempt}"
        if judge.floor is not None and interval is None and run.slot <= judge.floor:
            self.violation("doubled", f"{what}: settled by the run of {judge.floor}", now, real)
        elif turn is None or turn.not_before > now:
            self.violation("doubled", f"{what}: nothing was to run, {turn}", now, real)
        elif run.attempt > judge.task.max_attempts:
            self.violation("attempts", what, now, real)
        elif run.attempt != turn.attempt or (interval is None and run.slot != turn.slot):
            self.violation("another", f"{what} instead of {turn}", now, real)

    def sleeps(self, wake_at: datetime | None, now: datetime, real: datetime, *, is_blocked: bool) -> None:
        """Nothing runs and the loop goes to sleep: nothing may have to run before it wakes. ``is_blocked``: there is
        no Claude now."""
        for name, judge in self.judges.items():
            if judge.is_held(now) or (judge.blocked and is_blocked):
                continue
            turn = judge.turn(now)
            must_at = max(turn.not_before, now) if turn else judge.next_slot(now)
            if wake_at is None or wake_at > must_at + self._patience:
                slot = turn.slot if turn else must_at
                if (name, slot) not in self._lost:  # each counts once, however often the loop looks past it
                    self._lost.add((name, slot))
                    self.violation("lost", f"{name}: {turn or must_at}, sleeps until {wake_at}", now, real)

    def violation(self, kind: str, what: str, now: datetime, real: datetime) -> None:
        """A rule was broken."""
        self.report.counts[kind] += 1
        self.report.violations.append(f"{kind} at {now:%Y-%m-%d %H:%M:%S} (true {real:%F %T}): {what}")
