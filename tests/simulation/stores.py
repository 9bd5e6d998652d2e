"""Where a simulation keeps its records: in memory for the long campaign, in a real ledger for a shorter one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.plan import Plan
from aiemp.runs import NEVER_RUN, Ended, Result, Run, TaskRecord, begun, end_without_a_word, ended, set_back


class Store(Protocol):
    """What a run and the orchestrator's tick need of a ledger."""

    def records(self) -> Mapping[str, TaskRecord]: ...
    def begin(self, run: Run) -> None: ...
    def finish(self, run: Run, end: Ended, plan: Plan, *, answered: bool) -> None: ...
    def block(self, run: Run, end: Ended, plan: Plan) -> None: ...
    def recover(self, plan: Plan, now: datetime) -> list[tuple[Run, Ended]]: ...
    def clamp_future(self, plan: Plan, now: datetime) -> None: ...


class MemoryStore:
    """The transitions of :mod:`aiemp.runs` on a dict: quick enough for years."""

    def __init__(self) -> None:
        self._records: dict[str, TaskRecord] = {}

    def records(self) -> Mapping[str, TaskRecord]:
        return self._records

    def begin(self, run: Run) -> None:
        self._records[run.task] = begun(self._record(run.task), run)

    def finish(self, run: Run, end: Ended, plan: Plan, *, answered: bool) -> None:
        self._records[run.task] = ended(self._record(run.task), run, end, plan.task(run.task))
        if answered and end.result is Result.SUCCEEDED:
            for name, record in self._records.items():
                if record.blocked_until is not None:
                    self._records[name] = replace(record, blocked_until=None, blocked_at=None)

    def block(self, run: Run, end: Ended, plan: Plan) -> None:
        self._records[run.task] = ended(self._record(run.task), run, end, plan.task(run.task))

    def recover(self, plan: Plan, now: datetime) -> list[tuple[Run, Ended]]:
        recovered = []
        for record in list(self._records.values()):
            if record.running is not None:
                end = end_without_a_word(record.running, plan.task(record.running.task), now)
                self.finish(record.running, end, plan, answered=False)
                recovered.append((record.running, end))
        return recovered

    def clamp_future(self, plan: Plan, now: datetime) -> None:
        for task in plan.tasks:
            record = self._record(task.name)
            good = set_back(record, task, now)
            if good is not record:
                self._records[task.name] = good

    def _record(self, name: str) -> TaskRecord:
        return self._records.get(name, NEVER_RUN)


class DiskStore:
    """The real ledger on disk. Each step opens it anew, as another process would."""

    def __init__(self, vault: Path) -> None:
        self.vault = vault

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.vault)

    def records(self) -> Mapping[str, TaskRecord]:
        return self.ledger.read().records

    def begin(self, run: Run) -> None:
        self.ledger.begin(run)

    def finish(self, run: Run, end: Ended, plan: Plan, *, answered: bool) -> None:
        self.ledger.finish(run, end, plan, {"claude_s": 1.0} if answered else None)

    def block(self, run: Run, end: Ended, plan: Plan) -> None:
        self.ledger.block(run, end, plan)

    def recover(self, plan: Plan, now: datetime) -> list[tuple[Run, Ended]]:
        return self.ledger.recover(plan, now)

    def clamp_future(self, plan: Plan, now: datetime) -> None:
        self.ledger.clamp_future(plan, now)
