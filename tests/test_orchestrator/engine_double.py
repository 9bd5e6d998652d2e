"""An engine that runs tasks in this process, so that a clock set by hand can drive the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp.engines import Engine, Event, Happening
from aiemp.engines.wakeup import Wakeup
from aiemp.frozen import replace
from aiemp.ledger import Ledger, LedgerState
from aiemp.orchestrator import Orchestrator
from aiemp.plan import DryRun, Frequency, Plan, ScheduledTask, Watcher
from aiemp.plan_source import PlanSource
from aiemp.runs import Ended, Result, Run
from aiemp.watcher_status import WatcherState, WatcherStatus


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


class EngineDouble:
    """Keeps what it was asked for. A started task ends on the next look, with the result set here."""

    name = "double"
    grace = timedelta(0)
    stopping_takes_s = 7.0

    def __init__(self, plan: Plan, clock: HandClock) -> None:
        self.plan = plan
        self.clock = clock
        self.result = Result.SUCCEEDED
        self.started: list[str] = []
        self.calls: list[str] = []
        self.events: list[Event] = []
        self.statuses = [WatcherStatus(w.name, WatcherState.RUNNING, 1) for w in plan.watchers]
        self.task: str | None = None
        self.on_wait: Callable[[], None] = lambda: None

    def start(self) -> None:
        self.calls.append("start")

    def keep_up(self, now: datetime) -> Sequence[Event]:
        events, self.events = self.events, []
        if self.task is not None:
            events.append(Event(Happening.TASK_ENDED, self.task, "exit status 0"))
            self.task = None
        return events

    def check_freshness(self, now: datetime) -> Sequence[Event]:
        self.calls.append("check_freshness")
        return []

    def watchers(self) -> Sequence[WatcherStatus]:
        return self.statuses

    def busy_with(self) -> str | None:
        return self.task

    def start_task(self, name: str) -> None:
        self.started.append(name)
        self.task = name
        if self.plan.dry_run.active:
            return
        ledger = Ledger(self.plan.vault)
        now = self.clock()
        run = Run(name, now, ledger.read().record(name).attempts + 1, now, 1)
        ledger.begin(run)
        error = "" if self.result is Result.SUCCEEDED else "it broke"
        ledger.finish(run, Ended(self.result, now, 0.1, error), self.plan)

    def apply(self, plan: Plan) -> None:
        self.calls.append("apply")
        self.plan = plan

    def unpause(self) -> None:
        self.calls.append("unpause")

    def restart_watchers(self, now: datetime) -> None:
        self.calls.append("restart_watchers")

    def wait(self, seconds: float) -> None:
        self.calls.append(f"wait {seconds:g}")
        self.on_wait()

    def stop(self) -> None:
        self.calls.append("stop")


def make_orchestrator(
    vault: Path,
    clock: HandClock,
    *,
    tasks: Sequence[ScheduledTask] = (),
    watchers: Sequence[Watcher] = (),
    dry_run: bool = False,
) -> tuple[Orchestrator, EngineDouble]:
    """An orchestrator on ``vault`` with this plan, and the double that it drives."""
    plan = Plan(
        vault, tasks=tuple(tasks), watchers=tuple(watchers), zone=UTC, dry_run=DryRun(dry_run, "test")
    )
    doubles: list[EngineDouble] = []

    def make(plan: Plan, _wakeup: Wakeup, _state: LedgerState) -> Engine:
        doubles.append(EngineDouble(plan, clock))
        return doubles[0]

    orchestrator = Orchestrator(
        vault, source=PlanSource(lambda: plan, lambda: None), engine=make, environ={}, clock=clock
    )
    return orchestrator, doubles[0]


def every_day(name: str, at: datetime, **facts: object) -> ScheduledTask:
    """A daily task at the wall time of ``at``."""
    task = ScheduledTask(name, "", Frequency.DAILY, time_of_day=at.time(), requires_claude=False)
    return replace(task, **facts)  # type: ignore[arg-type]
