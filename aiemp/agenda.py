"""Which task the orchestrator starts next, and when it has to look again. Told the time and the state.

The decision itself is :func:`aiemp.decisions.decide`. The agenda adds the orchestrator's own memory: a task
that was started and is still due although nothing moved (it is blocked, or its process could not even begin)
waits a little before it is started again; and a dry run, which writes nothing, is remembered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiemp.decisions import Decision, decide_all
from aiemp.plan import Plan
from aiemp.runs import TaskRecord


@dataclass(frozen=True, slots=True)
class Outlook:
    """``next``: what to start now, if anything. ``wake_at``: when something may become due by itself."""

    next: Decision | None
    wake_at: datetime | None
    due: tuple[Decision, ...] = ()


class Agenda:
    """The orchestrator's memory of what it started. ``recheck`` is the pause before an unmoved task again."""

    def __init__(self, recheck: timedelta) -> None:
        self.recheck = recheck
        self._rehearsed: dict[str, TaskRecord] = {}
        self._started: dict[str, tuple[datetime | None, int]] = {}
        self._held: dict[str, datetime] = {}

    def look(self, plan: Plan, records: Mapping[str, TaskRecord], now: datetime) -> Outlook:
        """What is due at ``now``, the most urgent first, and when to look again."""
        seen = {**records, **self._rehearsed} if plan.dry_run.active else records
        decisions = decide_all(plan.tasks, seen, now, plan.zone)
        due = tuple(decision for decision in decisions if decision.due)
        free = [decision for decision in due if self._is_free(decision, now)]
        times = [decision.wake_at for decision in decisions if not decision.due and decision.wake_at]
        times += [self._held[decision.task.name] for decision in due if decision not in free]
        return Outlook(free[0] if free else None, min(times, default=None), due)

    def started(self, decision: Decision, record: TaskRecord, now: datetime, *, dry_run: bool) -> None:
        """Remember that a task was started, and how its record was then."""
        name = decision.task.name
        self._started[name] = (record.last_run, record.attempts)
        if dry_run:
            self._rehearsed[name] = TaskRecord(last_run=now)

    def ended(self, name: str, record: TaskRecord, now: datetime) -> bool:
        """Compare with the start: hold the task when nothing moved. Returns whether something did."""
        before = self._started.pop(name, None)
        moved = before is None or before != (record.last_run, record.attempts) or name in self._rehearsed
        if not moved:
            self._held[name] = now + self.recheck
        return moved

    def forget_holds(self) -> None:
        """Try everything again: the plan was edited, or somebody asked for it (SIGHUP)."""
        self._held.clear()

    def _is_free(self, decision: Decision, now: datetime) -> bool:
        until = self._held.get(decision.task.name)
        # A hold longer than the pause was made before the clock was set back.
        if until is None or now >= until or until - now > self.recheck:
            self._held.pop(decision.task.name, None)
            return True
        return False
