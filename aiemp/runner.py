"""The one way to run a task: a timer, the local engine and a person all come through :func:`run_task`.

run lock → recovery → due? → ledger: begun → trigger function → ledger: ended → dashboard.
So locking, the due check, the time limit, the record and the dashboard row exist once, for every engine.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from aiemp.clock import utc_now
from aiemp.decisions import decide
from aiemp.errors import Blocked, UsageError
from aiemp.frozen import field, frozen
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire, folder_lock
from aiemp.pings import RunPings
from aiemp.plan import Plan, ScheduledTask
from aiemp.process.left_over import RUN_MARK, end_left_over, mark_of
from aiemp.redaction import Redactor, put_in_force, redactor_of
from aiemp.run_report import publish_blocked, publish_end, publish_recovered
from aiemp.runs import Ended, Result, Run, Sighting
from aiemp.stopping import Stopped, TimeLimitReached, stop_signals_raise, stop_signals_wait, time_limit
from aiemp.systemd.notify import SILENT, Notifier
from aiemp.triggers import resolve
from aiemp.triggers.context import NO_OVERRIDES, Overrides, RunContext

log = logging.getLogger("aiemp.runner")

CHILD_MARGIN_S = 60.0
"""A task that runs a child limits the child itself; its own limit comes this much later, as a backstop."""

RECORD_PATIENCE_S = 30.0
"""How long the end of a run is tried to be written down before the run has to count as interrupted."""

STOPPING_TAKES_S = 60.0
"""How long a run that is told to stop may take: its child has 10 s, and its end is to be written down."""

RUN_LOG_LIMIT_BYTES = 8 * 1024 * 1024


@frozen
class RunReport:
    """What came of one call. ``result`` is None when nothing ran: not due, or a dry run."""

    task: str
    result: Result | None
    message: str
    run: str = ""
    duration_s: float = 0.0
    details: Mapping[str, object] = field(default_factory=dict)
    exit_code: int = 0


def run_task(
    plan: Plan,
    name: str,
    *,
    scheduled: bool,
    environ: Mapping[str, str],
    say: Callable[[str], None] = log.info,
    clock: Callable[[], datetime] = utc_now,
    on_output: Callable[[bytes], None] | None = None,
    notifier: Notifier = SILENT,
    overrides: Overrides = NO_OVERRIDES,
) -> RunReport:
    """Run task ``name`` once and write down what came of it. Main thread only (it uses signals).

    ``scheduled``: only if it is due, asked again under the run lock. Otherwise always, and it counts as a
    run. ``say`` tells a person what is going on; ``notifier`` tells systemd; READY is that the lock is
    held, so the wait does not count against RuntimeMaxSec=. ``overrides`` are for a manual run. Raises
    UsageError for an unknown name.

    Secrets that the environment, the plan or ``.env`` hold are in nothing that comes out of this; the
    redactor that sees to it stays in force.
    """
    task = plan.task(name)
    if task is None:
        known = ", ".join(sorted(task.name for task in plan.tasks))
        raise UsageError(f"there is no task {name!r}; the plan has: {known}")
    redactor = put_in_force(redactor_of(plan, environ))
    pings = RunPings(plan.pings.run_url, name, environ, lambda trouble: _note_ping(plan, trouble))
    attempt = _Attempt(
        plan, task, scheduled, environ, say, clock, on_output, notifier, overrides, redactor, pings
    )
    with stop_signals_raise(lambda: notifier.stopping_within(STOPPING_TAKES_S)):
        try:
            return attempt.rehearse() if plan.dry_run.active else attempt.run()
        except Stopped as stop:
            return RunReport(name, Result.INTERRUPTED, f"{name}: {stop}", exit_code=128 + stop.signal_number)
        finally:
            # A Type=notify service that ends well without READY counts as failed (systemd.service(5)).
            notifier.ready()


def _note_ping(plan: Plan, trouble: str) -> None:
    from aiemp.ping_trouble import note_ping_trouble  # noqa: PLC0415 - few are asked for

    note_ping_trouble(plan.vault, "run_ping_url", trouble)


@frozen
class _Attempt:
    """One call of :func:`run_task`: what its steps share."""

    plan: Plan
    task: ScheduledTask
    scheduled: bool
    environ: Mapping[str, str]
    say: Callable[[str], None]
    clock: Callable[[], datetime]
    on_output: Callable[[bytes], None] | None
    notifier: Notifier
    overrides: Overrides
    redactor: Redactor
    pings: RunPings

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.plan.vault)

    def rehearse(self) -> RunReport:
        """A dry run: no lock, no record, no time limit; the trigger function only says what it would do."""
        now = self.clock()
        if self.scheduled:
            record = self.ledger.read().record(self.task.name)
            decision = decide(self.task, record, now, self.plan.zone, tolerant=True)
            if not decision.due:
                return RunReport(self.task.name, None, f"{self.task.name}: {decision.reason}")
        started = time.monotonic()
        try:
            self._require_vault()
            details = resolve(self.task)(self._context(now, None), True)
        except Blocked as blocked:
            return self._report(None, f"dry run; would be blocked: {blocked.reason}", started)
        message = f"dry run: {details.get('summary') or 'nothing was changed'}"
        return self._report(None, message, started, details)

    def run(self) -> RunReport:
        """A real run."""
        started = time.monotonic()
        waited_for: list[Holder] = []

        def on_wait(holder: Holder) -> None:
            waited_for.append(holder)
            self.say(f"{self.task.name}: waiting for {holder}")
            self.notifier.status(f"waiting for {holder}")

        try:
            self._require_vault()
            lock = acquire(
                self.ledger.places.run_lock,
                Holder(os.getpid(), f"task {self.task.name}", "scheduled" if self.scheduled else "manual"),
                on_wait=on_wait,
            )
        except Blocked as blocked:
            return self._blocked_report(blocked.reason, started)
        except OSError as error:
            return self._blocked_report(
                f"cannot take the run lock in the vault: {error}; what mends that: aiemp doctor", started
            )
        with lock, folder_lock(self.plan.vault, lambda: on_wait(Holder(0, "another run"))):
            self.notifier.ready()
            report = self._run_locked(waited_for)
        if report.run:
            with stop_signals_wait():  # it is written down by now, so it does not count as stopped any more
                self.pings.ended(report.result)
        return report

    def _run_locked(self, waited_for: Sequence[Holder]) -> RunReport:
        """``waited_for``: who had the lock until now, if somebody had it."""
        started, now = time.monotonic(), self.clock()
        seen = Sighting(waited_for[0].pid, now) if waited_for else None
        try:
            for run, end in self.ledger.recover(self.plan, now, seen):
                end_left_over(mark_of(run.name, run.pid))
                publish_recovered(self.plan, run, end, self.environ)
            self.ledger.clamp_future(self.plan, now)
            state = self.ledger.read()
        except OSError as error:
            return self._blocked_report(f"the ledger cannot be read or written: {error}", started)
        decision = decide(
            self.task,
            state.record(self.task.name),
            now,
            self.plan.zone,
            tolerant=self.scheduled,
            others=state.records.values(),
        )
        if self.scheduled and not decision.due:
            return RunReport(self.task.name, None, f"{self.task.name}: {decision.reason}")
        manual = not self.scheduled
        slot = decision.slot if decision.due and decision.slot else now
        run = Run(self.task.name, slot, 1 if manual else decision.attempt, now, os.getpid(), manual)
        try:
            self.ledger.begin(run)
        except OSError as error:
            reason = f"the run cannot be written down, so it is not started: {error}; what mends that: aiemp doctor"
            return self._block(run, Blocked(reason), started)
        return self._run_begun(run)

    def _run_begun(self, run: Run) -> RunReport:
        started = time.monotonic()
        self.say(f"{run.name}: started" + (f", attempt {run.attempt}" if run.attempt > 1 else ""))
        self.notifier.status(f"running {run.name}, attempt {run.attempt}, since {run.started:%H:%M:%S} UTC")
        details: Mapping[str, object] = {}
        try:
            self.pings.started()
            with time_limit(self._limit_s()):
                context = self._context(run.started, self._log_file(), mark_of(run.name, run.pid))
                details = resolve(self.task)(context, False)
            result = Result.SUCCEEDED if details.get("success") is True else Result.FAILED
            error = "" if result is Result.SUCCEEDED else str(details.get("error") or "it gave no reason")
        except Blocked as blocked:
            return self._block(run, blocked, started)
        except TimeLimitReached:
            result, error = Result.FAILED, f"timed out after {self.task.timeout_minutes} min"
        except Stopped as stop:
            # A signal that came just after the trigger function was done must not undo what it did.
            done = details.get("success") is True
            self._end(
                run,
                Result.SUCCEEDED if done else Result.INTERRUPTED,
                "" if done else str(stop),
                details,
                started,
            )
            raise
        except Exception as problem:
            log.exception("%s: the trigger function failed", run.name)
            result, error = Result.FAILED, f"{type(problem).__name__}: {problem}"
        return self._end(run, result, error, details, started)

    def _end(
        self, run: Run, result: Result, error: str, details: Mapping[str, object], started: float
    ) -> RunReport:
        redactor = self._put_in_force_anew()
        error, details = redactor.text(error), redactor.values(details)
        end = Ended(
            result,
            self.clock(),
            time.monotonic() - started,
            error,
            str(details.get("summary") or ""),
            on_request=result is Result.INTERRUPTED,
        )
        with stop_signals_wait():
            self._record_end(run, end, details)
        publish_end(self.plan, run, end, details, self.environ)
        text = end.summary if result is Result.SUCCEEDED else error
        return self._report(result, f"{result.value}{': ' if text else ''}{text}", started, details, run)

    def _record_end(self, run: Run, end: Ended, details: Mapping[str, object]) -> None:
        """Write the end down, and try for a while: a run without a record of its end is done again."""
        deadline = time.monotonic() + RECORD_PATIENCE_S
        while True:
            try:
                self.ledger.finish(run, end, self.plan, details)
                return
            except OSError as error:
                if time.monotonic() >= deadline:
                    log.error("%s %s, but that cannot be written down: %s", run.name, end.result.value, error)
                    return
                log.warning("%s: cannot write down its end yet: %s", run.name, error)
                time.sleep(1)

    def _block(self, run: Run, blocked: Blocked, started: float) -> RunReport:
        redactor = self._put_in_force_anew()
        took_s, reason = time.monotonic() - started, redactor.text(blocked.reason)
        end = Ended(Result.BLOCKED, self.clock(), took_s, reason, until=blocked.until)
        try:
            if self.ledger.block(run, end, self.plan, redactor.values(dict(blocked.details))):
                publish_blocked(self.plan, run, end)
        except OSError as error:
            log.error("%s is blocked, which cannot be written down: %s", run.name, error)
        return self._blocked_report(reason, started, run)

    def _put_in_force_anew(self) -> Redactor:
        """The redactor for the end of a run, which may have written a new token into ``.env``."""
        return put_in_force(self.redactor.joined(redactor_of(self.plan, self.environ)))

    def _require_vault(self) -> None:
        from aiemp.vault.layout import require_vault  # noqa: PLC0415 - keeps --help and errors quick

        require_vault(self.plan.vault)

    def _context(self, now: datetime, log_file: Path | None, mark: str = "") -> RunContext:
        return RunContext(
            plan=self.plan,
            task=self.task,
            now=now,
            environ={**self.environ, RUN_MARK: mark} if mark else self.environ,
            log_file=log_file,
            runs=self.ledger.history.between,
            on_output=self.on_output,
            overrides=self.overrides,
        )

    def _limit_s(self) -> float:
        limit_s = self.task.timeout_minutes * 60.0
        has_child = self.task.requires_claude or bool(self.task.command)
        return limit_s + CHILD_MARGIN_S if has_child else limit_s

    def _log_file(self) -> Path | None:
        """The file for what the task's child prints; None when the vault's Logs cannot be written."""
        from aiemp.log_files import prepare_log_file  # noqa: PLC0415 - only a run that begins needs it

        return prepare_log_file(self.ledger.places.task_log(self.task.name), RUN_LOG_LIMIT_BYTES)

    def _blocked_report(self, reason: str, started: float, run: Run | None = None) -> RunReport:
        return self._report(Result.BLOCKED, f"blocked: {reason}", started, {}, run)

    def _report(
        self,
        result: Result | None,
        message: str,
        started: float,
        details: Mapping[str, object] | None = None,
        run: Run | None = None,
    ) -> RunReport:
        failed = result is Result.FAILED or (result is Result.BLOCKED and not self.scheduled)
        return RunReport(
            task=self.task.name,
            result=result,
            message=self.redactor.text(f"{self.task.name}: {message}"),
            run=run.name if run else "",
            duration_s=round(time.monotonic() - started, 3),
            details=self.redactor.values(details or {}),
            exit_code=1 if failed else 0,
        )
