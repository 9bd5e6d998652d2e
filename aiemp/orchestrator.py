"""The orchestrator: one small loop over any engine (seed section 3).

Each tick reads the clock once, compares the plan with what the engine and the ledger report, asks the engine
for what is missing, and shows health on the dashboard. What goes wrong in one step is said once and keeps
neither the other steps nor the next tick from their work.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from aiemp.agenda import Agenda
from aiemp.charge import Charge, ChargeLost
from aiemp.clock import utc_now
from aiemp.engines import Event, Happening
from aiemp.engines.choice import EngineMaker, local_engine
from aiemp.engines.wakeup import Wakeup
from aiemp.errors import ConfigError
from aiemp.installed_code import InstalledCode
from aiemp.ledger import Ledger, LedgerState
from aiemp.log_files import last_line
from aiemp.orchestrator_report import OrchestratorReport, left_no_record, task_ended
from aiemp.plan import ScheduledTask
from aiemp.plan_source import PlanSource, plan_source
from aiemp.process.left_over import end_left_over, mark_of
from aiemp.steps import Steps
from aiemp.systemd.notify import SILENT, Notifier
from aiemp.vault.layout import require_vault
from aiemp.vault_wait import waited_for_vault

log = logging.getLogger("aiemp.orchestrator")

HEALTH_EVERY_TICKS = 2
STABLE_FOR = timedelta(minutes=1)
"""A watcher that has run this long is well again; one that was only just restarted may be crash-looping."""

SAVE_EVERY_TICKS = 20
"""The tick count alone is not worth a write to the disk on each tick."""


class Orchestrator:
    """Keeps one vault's plan running. Made and started in the main thread (signals).

    ``check_interval`` is the longest sleep between two ticks, in seconds; what is due earlier wakes it
    earlier. ``engine``: None is the local one.
    """

    def __init__(
        self,
        vault_path: Path,
        dry_run: bool | None = None,
        check_interval: float = 30,
        *,
        source: PlanSource | None = None,
        engine: EngineMaker | None = None,
        with_watchers: bool = True,
        with_schedules: bool = True,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = utc_now,
        notifier: Notifier = SILENT,
        code: InstalledCode | None = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.source = source or plan_source(vault_path, dry_run, self.environ)
        self.plan = self.source.load()
        self.vault_path = self.plan.vault
        self.dry_run = self.plan.dry_run.active
        self.check_interval = check_interval
        self.with_schedules = with_schedules
        self.clock = clock
        self.notifier = notifier
        self.ledger = Ledger(self.vault_path)
        self.state = self._load_state()
        self.wakeup = Wakeup()
        self.engine = (engine or local_engine(with_watchers, self.environ))(
            self.plan, self.wakeup, self.state
        )
        self.report = OrchestratorReport(self.plan, self.engine, self.environ)
        self.charge = Charge(self.vault_path, self.engine.name, check_interval)
        self.agenda = Agenda(timedelta(seconds=2 * check_interval), self.engine.grace)
        self.tick_count = self.state.tick_count
        self.start_time = clock()
        self.code = code or InstalledCode()
        self.superseded = self.waited = False  # ended for another version, or to be started with its vault
        self.task_reports: list[dict[str, Any]] = []
        self._task_began = 0.0
        self._running = False
        self._starting = True
        self._reload = False
        self._unsaved = True
        self._steps = Steps(self.report, self.clock)
        self._step = self._steps.step

    @property
    def schedule_registry(self) -> Sequence[ScheduledTask]:
        """The tasks of the plan."""
        return self.plan.tasks

    def start(self) -> None:
        """Run until SIGTERM or SIGINT. Raises AiempError when another orchestrator has this vault."""
        with self._awake():
            look, pause = (lambda: self._running), (lambda: self.wakeup.wait(self.check_interval))
            if self.notifier.is_heard and waited_for_vault(self.vault_path, self.notifier, look, pause):
                self.waited = self._running
            else:
                self._run()

    def _run(self) -> None:
        with self._in_charge():
            self._begin()
            while self._running:
                now = self.clock()
                wake_at = self._tick(now)
                self._tell_systemd(wake_at)
                self.report.ping(well=self._steps.all_well)
                if self._running:
                    self.engine.wait(self._sleep_s(now, wake_at))
            self._shutdown()

    def run_once(self) -> dict[str, Any]:
        """One cycle: start the watchers, run what is due to its end, update health, stop, report."""
        with self._awake(), self._in_charge():
            self._begin()
            while self._running:
                self._tick(self.clock())
                if self.engine.busy_with() is None:
                    break
                self.engine.wait(self.check_interval)
            watchers = [{"name": status.name, **status.facts()} for status in self.engine.watchers()]
            self._shutdown()
        return {
            "vault": str(self.vault_path),
            "dry_run": self.dry_run,
            "tasks": self.task_reports,
            "watchers": watchers,
        }

    def _begin(self) -> None:
        mode = "dry run" if self.dry_run else "live"
        mode += f" (decided by: {self.plan.dry_run.decided_by})"
        log.info("orchestrator starting: vault %s, %s engine, %s", self.vault_path, self.engine.name, mode)
        for warning in self.plan.warnings:
            log.warning("%s", warning)
        with self._step("starting the watchers"):
            self.engine.start()
        with self._step("updating the dashboard"):
            self.report.forget_watchers(self.state.watchers, self.clock())
            self.report.publish_health(self.clock())

    def _tick(self, now: datetime) -> datetime | None:
        """One cycle. Returns when something will be due next, None when nothing will by itself."""
        self.tick_count += 1
        if self.code.is_another() and self.engine.busy_with() is None:
            self._running, self.superseded = False, True
        with self._step("looking after the processes"):
            self._handle(self.engine.keep_up(now), now)
        vault_is_there = False
        with self._step("looking for the vault"):
            require_vault(self.vault_path)
            vault_is_there = True
        # Where it was, nothing is written until it is back: that would start another vault there.
        return self._tick_in_vault(now) if vault_is_there else None

    def _tick_in_vault(self, now: datetime) -> datetime | None:
        with self._step("staying in charge"):
            self._keep_charge(now)
        if self._reload or self.source.has_changed():
            self.notifier.reloading()
            was_asked = self._reload
            with self._step("taking up the edited configuration"):
                self._take_up_plan()
            if was_asked:
                with self._step("starting paused watchers again"):
                    self.engine.unpause()
            self.notifier.ready()
        wake_at = None
        if self.with_schedules:
            with self._step("running what is due"):
                wake_at = self._start_due(now)
        if self.tick_count % HEALTH_EVERY_TICKS == 0:
            with self._step("checking the watchers"):
                self._check_watcher_health(now)
        if self._unsaved or self.report.is_troubled or self.tick_count % SAVE_EVERY_TICKS == 0:
            with self._step("saving the state"):
                self._save_state()
            with self._step("updating the dashboard"):
                self.report.publish_health(now)
        return wake_at

    def _tell_systemd(self, wake_at: datetime | None) -> None:
        """The tick did its work: say so to the watchdog. The first one ends the start-up."""
        self.notifier.status(self.report.status_line(wake_at))
        if self._starting:
            self._starting = False
            self.notifier.ready()
        self.notifier.watchdog()

    def _start_due(self, now: datetime) -> datetime | None:
        if not self.dry_run:
            # As a run does it (aiemp.runner): what was recovered may lie ahead of a clock that was set back.
            for run, end in self.ledger.recover_if_idle(self.plan, now):
                end_left_over(mark_of(run.name, run.pid))
                self.report.publish_recovered(run, end)
            for name in self.ledger.clamp_future(self.plan, now):
                log.warning("the last run of %s lay in the future; it counts as now", name)
        self.state = self.ledger.read()
        outlook = self.agenda.look(self.plan, self.state.records, now)
        if self.engine.busy_with() is not None or outlook.next is None:
            return outlook.wake_at
        name = outlook.next.task.name
        log.info("starting %s (%s)", name, outlook.next.reason)
        self._task_began = time.time()
        self.engine.start_task(name)
        self.agenda.started(outlook.next, self.state.record(name), now, dry_run=self.dry_run)
        return outlook.wake_at

    def _handle(self, events: Sequence[Event], now: datetime) -> None:
        for event in events:
            if event.happening is Happening.TASK_ENDED:
                self._task_ended(event, now)
            else:
                self._unsaved = True
                self.report.publish_event(event, now)

    def _task_ended(self, event: Event, now: datetime) -> None:
        record = self.ledger.read().record(event.name)
        moved = self.agenda.ended(event.name, record, now)
        self._unsaved |= left_no_record(record, moved)  # is it the disk? Then our own state shows it at once
        words = last_line(self.ledger.places.task_log(event.name), since=self._task_began)
        self.task_reports.append(task_ended(event, record, moved, words, dry_run=self.dry_run))

    def _check_watcher_health(self, now: datetime) -> None:
        """Find watchers that hang. Crashed ones were seen when they ended, by the engine's ``keep_up``."""
        self._handle(self.engine.check_freshness(now), now)
        for status in self.engine.watchers():
            if status.running and status.since and now - status.since > STABLE_FOR:
                self.report.is_well(f"watcher-{status.name}")
        if now - self.start_time > STABLE_FOR:
            self.report.is_well("orchestrator")  # that it was killed and is back
            self.report.disk_is_well(now, STABLE_FOR)

    def _take_up_plan(self) -> None:
        self._reload = False
        plan = self.source.load()
        if plan.vault != self.vault_path:
            raise ConfigError(
                [f"{plan.config_file}: the vault has changed; restart aiemp to use {plan.vault}"]
            )
        self.plan = self.report.plan = plan
        self.dry_run = plan.dry_run.active
        self.engine.apply(plan)
        self.agenda.forget_holds()
        self._unsaved = True
        log.info("the edited configuration is taken up")
        self.report.forget_watchers(self.ledger.read().watchers, self.clock())

    def _save_state(self) -> None:
        """Save the orchestrator's part of the state (seed 3B). Task runs are saved by their triggers."""
        if not self.dry_run:
            statuses = self.engine.watchers()
            self.ledger.save_orchestrator(
                tick_count=self.tick_count,
                start_time=self.start_time,
                watcher_restart_counts={status.name: status.restarts for status in statuses},
                watchers={status.name: status.facts() for status in statuses},
            )
        self._unsaved = False

    def _load_state(self) -> LedgerState:
        """The state of the last orchestrator on this vault (seed 3B)."""
        try:
            return self.ledger.read()
        except OSError as error:
            log.error("the state cannot be read, starting afresh: %s", error)
            return LedgerState()

    def _shutdown(self) -> None:
        if self.superseded:
            log.info("another version of aiemp was installed: it takes over")
            self.notifier.reloading()
        else:
            log.info("orchestrator stopping")
            self.notifier.stopping_within(self.engine.stopping_takes_s)
        with self._step("stopping what runs"):
            self.report.end_pings()
            self.engine.stop()
        with self._step("leaving the vault in order"):
            require_vault(self.vault_path)
            with self._step("saving the state"):
                self._save_state()
            with self._step("updating the dashboard"):
                self.report.publish_health(self.clock(), stopped=not self.superseded)
        log.info("orchestrator stopped")

    def _sleep_s(self, now: datetime, wake_at: datetime | None) -> float:
        if wake_at is None:
            return self.check_interval
        return min(self.check_interval, max(0.0, (wake_at - now).total_seconds()))

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Handle signals."""
        self.wakeup.open()
        try:
            self._setup_signal_handlers()
            self._running = True
            yield
        finally:
            self.wakeup.close()

    @contextmanager
    def _in_charge(self) -> Iterator[None]:
        """Hold the vault's orchestrator lock as long as this one runs."""
        self.charge.take()
        try:
            yield
        finally:
            self.charge.release()

    def _keep_charge(self, now: datetime) -> None:
        try:
            if self.charge.keep():
                # Whoever deleted that lock deleted those of the watchers with it.
                self.engine.restart_watchers(now)
        except ChargeLost:
            self._running = False
            raise

    def _setup_signal_handlers(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self.wakeup.on(number, self._on_signal)
        self.wakeup.on(signal.SIGHUP, self._on_reload)

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        """Only set the flag: the loop acts, and the wake-up pipe has woken it."""
        self._running = False

    def _on_reload(self, _signum: int, _frame: FrameType | None) -> None:
        self._reload = True
