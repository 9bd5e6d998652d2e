"""Which task the orchestrator starts next, and when it has to look again. Told the time and the state.

The decision itself is :func:`aiemp.decisions.decide`. The agenda adds the orchestrator's own memory: a task
that was started and is still due although nothing moved (it is blocked, or its process could not even begin)
waits a little before it is started again; and a dry run, which writes nothing, is remembered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiemp.decisions import Decision, decide
from aiemp.frozen import frozen
from aiemp.plan import Plan
from aiemp.runs import NEVER_RUN, TaskRecord

NO_TIME = timedelta(0)


@frozen
class Outlook:
    """``next``: what to start now, if anything. ``wake_at``: when something may become due by itself."""

    next: Decision | None
    wake_at: datetime | None
    due: tuple[Decision, ...] = ()


class Agenda:
    """The orchestrator's memory of what it started. ``recheck`` is the pause before an unmoved task again,
    ``grace`` how long a task must have been due."""

    def __init__(self, recheck: timedelta, grace: timedelta = NO_TIME) -> None:
        self.recheck = recheck
        self.grace = grace
        self._due_since: dict[str, datetime] = {}
        self._plan: Plan | None = None
        self._looked_at: datetime | None = None
        self._settled: dict[str, tuple[TaskRecord, Decision]] = {}
        self._rehearsed: dict[str, TaskRecord] = {}
        self._started: dict[str, tuple[datetime | None, int]] = {}
        self._held: dict[str, datetime] = {}

    def look(self, plan: Plan, records: Mapping[str, TaskRecord], now: datetime) -> Outlook:
        """What is due at ``now``, the most urgent first, and when to look again."""
        seen = {**records, **self._rehearsed} if plan.dry_run.active else records
        decisions = self._decide(plan, seen, now)
        due = tuple(sorted((d for d in decisions if d.due), key=lambda d: d.task.priority))
        self._due_since = {d.task.name: self._since(d, now) for d in due}
        free = [decision for decision in due if self._is_free(decision, now)]
        times = [decision.wake_at for decision in decisions if not decision.due and decision.wake_at]
        times += [self._free_at(decision, now) for decision in due if decision not in free]
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

    def _decide(self, plan: Plan, records: Mapping[str, TaskRecord], now: datetime) -> list[Decision]:
        """A decision for each task. One that said "not before then" stands until then, unless the record,
        the plan or the direction of time has changed: a tick costs next to nothing per waiting task."""
        if plan is not self._plan or (self._looked_at is not None and now < self._looked_at):
            self._settled.clear()
        self._plan, self._looked_at = plan, now
        decisions = []
        for task in plan.tasks:
            name = task.name
            record = records.get(name, NEVER_RUN)
            settled = self._settled.get(name)
            if settled is not None and settled[0] is record:
                wake_at = settled[1].wake_at
                if wake_at is None or now < wake_at:
                    decisions.append(settled[1])
                    continue
            decision = decide(task, record, now, plan.zone, others=records.values())
            if not decision.due:
                self._settled[name] = (record, decision)
            decisions.append(decision)
        return decisions

    def _is_free(self, decision: Decision, now: datetime) -> bool:
        return now >= self._free_at(decision, now)

    def _free_at(self, decision: Decision, now: datetime) -> datetime:
        name = decision.task.name
        until = self._held.get(name)
        if until is not None and until - now > self.recheck:
            del self._held[name]  # made before the clock was set back
            until = None
        due_since = self._due_since.get(name, now)
        return max(due_since + self.grace, until or due_since)

    def _since(self, decision: Decision, now: datetime) -> datetime:
        """Since when a task has been due: its slot, or when it was first seen for one that never ran."""
        seen = self._due_since.get(decision.task.name, now)
        return min(seen, decision.slot or now, now)
