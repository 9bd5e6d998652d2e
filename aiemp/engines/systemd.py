"""The systemd engine: systemd runs everything, this engine looks, starts what is overdue, and reports.

Timers wake the tasks and systemd restarts the watchers; so nothing here restarts a watcher that ended. What
systemd does not do is healed: a task that is overdue is started, a watcher that hangs is restarted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from aiemp.engines import Event, Happening
from aiemp.engines.wakeup import Wakeup
from aiemp.errors import AiempError
from aiemp.file_signature import FileSignature, file_signature
from aiemp.frozen import frozen
from aiemp.plan import Plan, Watcher
from aiemp.systemd.names import (
    NOT_STARTED,
    start_request,
    task_path,
    task_service,
    watcher_path,
    watcher_unit,
)
from aiemp.systemd.scope import Scope
from aiemp.systemd.systemctl import Systemctl
from aiemp.watcher_status import WatcherState, WatcherStatus
from aiemp.watchers.launch import NotStarted, NotStartedKind, freshness, prepare, running

log = logging.getLogger("aiemp.engine")

OVERDUE_AFTER = timedelta(minutes=2)
"""A timer has lag and a queued job may wait; only what is due for longer than this is started from here."""

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "NRestarts",
    "ExecMainStatus",
    "ActiveEnterTimestamp",
    "StateChangeTimestamp",
)
LEFT_ALONE_STATES = {
    NotStartedKind.NOT_CONFIGURED: WatcherState.NOT_CONFIGURED,
    NotStartedKind.DISABLED: WatcherState.DISABLED,
    NotStartedKind.DRY_RUN: WatcherState.DISABLED,
}
BUSY = ("activating", "active", "deactivating", "reloading")


@frozen
class UnitState:
    """One unit, as ``systemctl show`` tells it; ``since`` is when it came into its state."""

    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    pid: int = 0
    restarts: int = 0
    since: datetime | None = None
    main_status: int = 0

    @property
    def busy(self) -> bool:
        return self.active in BUSY

    @property
    def left_alone(self) -> bool:
        """Whether ``aiemp watch`` found that the watcher is not to run now."""
        return self.active == "inactive" and self.main_status == NOT_STARTED


class SystemdEngine:
    """Looks after the units of one plan."""

    name = "systemd"
    grace = OVERDUE_AFTER
    stopping_takes_s = 30.0
    """Not the stop, which is nothing here: what is written at the end."""

    def __init__(self, plan: Plan, systemctl: Systemctl, *, wakeup: Wakeup) -> None:
        self.plan = plan
        self.systemctl = systemctl
        self.wakeup = wakeup
        self.units: dict[str, UnitState] = {}
        self._left_alone: dict[str, NotStarted] = {}
        self._dotenv: FileSignature | None = None

    def start(self) -> None:
        # What has failed already counts as news: nobody may have been there to tell it (a vault not mounted yet).
        self.units = {unit: state for unit, state in self._look().items() if state.active != "failed"}

    def keep_up(self, now: datetime) -> Sequence[Event]:
        before, self.units = self.units, self._look()
        events: list[Event] = []
        for watcher in self.plan.watchers:
            unit = watcher_unit(watcher.name)
            was, is_now = before.get(unit, UnitState()), self.units[unit]
            if is_now.active == "failed" and was.active != "failed":
                events.append(self._failed(watcher, unit, is_now.result))
            elif is_now.restarts > was.restarts and unit in before:
                detail = f"systemd restarted it, {is_now.restarts - was.restarts} times since the last look"
                events.append(Event(Happening.WATCHER_DIED, watcher.name, detail))
            elif is_now.active == "active" and was.active != "active" and unit in before:
                events.append(Event(Happening.WATCHER_STARTED, watcher.name, f"up (pid {is_now.pid})"))
        for task in self.plan.tasks:
            unit = task_service(task.name)
            was, is_now = before.get(unit, UnitState()), self.units[unit]
            if was.busy and not is_now.busy:
                self._close_overrun(task.name, is_now.result, now)
                events.append(Event(Happening.TASK_ENDED, task.name, is_now.result))
        return events

    def _close_overrun(self, task: str, result: str, now: datetime) -> None:
        """Before the orchestrator, who does not know why a run died, writes it down as interrupted."""
        if result == "timeout" and not self.plan.dry_run.active:
            from aiemp.systemd.overrun import close_overrun  # noqa: PLC0415 - rare

            close_overrun(self.plan, task, now, self.systemctl.environ)

    def _failed(self, watcher: Watcher, unit: str, result: str) -> Event:
        if result == "timeout":
            # With Restart=always nothing but a *stop* ends so: somebody wanted it, and it had to be killed.
            return Event(Happening.WATCHER_DIED, watcher.name, "stopped")
        from aiemp.systemd.failures import failure_words, watcher_remedy  # noqa: PLC0415 - rare, and heavy

        remedy = watcher_remedy(self.systemctl.scope, watcher.name)
        return Event(Happening.WATCHER_PAUSED, watcher.name, failure_words(unit, result), remedy)

    def check_freshness(self, now: datetime) -> Sequence[Event]:
        events = []
        for watcher in self.plan.watchers:
            reason = self._hang_of(watcher, now)
            if reason:
                self._end(watcher)
                events.append(Event(Happening.WATCHER_HUNG, watcher.name, reason))
        self._start_left_alone()
        return events

    def _start_left_alone(self) -> None:
        """Start the watchers that were not to run when their units were started, and now are: the variable that
        was missing is in ``.env``, or the one that somebody ran by hand has ended. systemd would not."""
        dotenv = file_signature(self.plan.vault / ".env")
        if dotenv != self._dotenv:
            self._dotenv = dotenv
            self._left_alone.clear()
        for watcher in self.plan.watchers:
            unit = watcher_unit(watcher.name)
            if not (watcher.enabled and self.units.get(unit, UnitState()).left_alone):
                continue
            if self._why_left_alone(watcher) is None and running(self.plan.vault, watcher.name) is None:
                log.info("starting the %s watcher, which was not to run before", watcher.name)
                self._start(unit, watcher_path(watcher.name))

    def watchers(self) -> Sequence[WatcherStatus]:
        return [self._status(watcher) for watcher in self.plan.watchers]

    def busy_with(self) -> str | None:
        for task in self.plan.tasks:
            if self.units.get(task_service(task.name), UnitState()).busy:
                return task.name
        return None

    def start_task(self, name: str) -> None:
        """Have systemd start the task's service."""
        self._start(task_service(name), task_path(name))

    def _start(self, unit: str, path_unit: str) -> None:
        """Have systemd start ``unit``, without waiting for it. In a system installation this process is not
        privileged to start units; there ``path_unit`` waits for a file."""
        if self.systemctl.scope is Scope.SYSTEM:
            start_request(path_unit).write_bytes(b"")
        else:
            try:
                self.systemctl.start(unit, wait=False)
            except AiempError as error:
                raise OSError(str(error)) from error
        self.units[unit] = UnitState("loaded", "activating", "start")

    def apply(self, plan: Plan) -> None:
        was_edited = plan != self.plan
        self.plan = plan
        self.units = self._look()
        self._left_alone.clear()
        if was_edited:
            line = "sudo aiemp install-units --system --run-as USER"
            command = line if self.systemctl.scope is Scope.SYSTEM else "aiemp install-units"
            log.warning("aiemp.toml was edited: `%s` brings the units up to date", command)

    def unpause(self) -> None:
        """Start the watchers again that systemd gave up (SIGHUP). For the machine's units that needs root."""
        if self.systemctl.scope is Scope.SYSTEM:
            return
        units = [watcher_unit(w.name) for w in self.plan.watchers if self._is_failed(w)]
        self.systemctl.reset_failed(*units)
        self.systemctl.start(*units, wait=False)

    def restart_watchers(self, now: datetime) -> None:
        for watcher in self.plan.watchers:
            self._end(watcher)

    def wait(self, seconds: float) -> None:
        self.wakeup.wait(seconds)

    def stop(self) -> None:
        """Nothing: what runs belongs to systemd, and an orchestrator that is restarted must not end it."""

    def _look(self) -> dict[str, UnitState]:
        units = [watcher_unit(watcher.name) for watcher in self.plan.watchers]
        units += [task_service(task.name) for task in self.plan.tasks]
        shown = self.systemctl.show(units, PROPERTIES)
        return {unit: _unit_state(shown.get(unit, {})) for unit in units}

    def _end(self, watcher: Watcher) -> None:
        """End a watcher that hangs, as the user that it runs as may; systemd then starts it again."""
        pid = self.units[watcher_unit(watcher.name)].pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _is_failed(self, watcher: Watcher) -> bool:
        return self.units.get(watcher_unit(watcher.name), UnitState()).active == "failed"

    def _hang_of(self, watcher: Watcher, now: datetime) -> str:
        unit = self.units.get(watcher_unit(watcher.name), UnitState())
        limit_s = watcher.fresh_within_s
        if limit_s is None or unit.active != "active" or unit.since is None:
            return ""
        age_s = freshness(self.plan.vault, watcher.name, now)
        if age_s is None or age_s <= limit_s or (now - unit.since).total_seconds() <= limit_s:
            return ""
        return f"no sign of work for {age_s / 60:.0f} min (allowed: {limit_s / 60:.0f})"

    def _status(self, watcher: Watcher) -> WatcherStatus:
        unit = self.units.get(watcher_unit(watcher.name), UnitState())
        state, reason = _watcher_state(watcher, unit)
        if watcher.enabled and unit.left_alone and (why := self._why_left_alone(watcher)) is not None:
            reason = why.reason
            state = LEFT_ALONE_STATES[why.kind]
        return WatcherStatus(watcher.name, state, unit.pid or None, unit.since, unit.restarts, reason)

    def _why_left_alone(self, watcher: Watcher) -> NotStarted | None:
        """Worked out once, since that reads the vault's ``.env`` and warns of what is wrong with it."""
        if watcher.name not in self._left_alone:
            launch = prepare(watcher, self.plan, self.systemctl.environ)
            if not isinstance(launch, NotStarted):
                return None
            self._left_alone[watcher.name] = launch
        return self._left_alone[watcher.name]


def _watcher_state(watcher: Watcher, unit: UnitState) -> tuple[WatcherState, str]:
    if not watcher.enabled:
        return WatcherState.DISABLED, "disabled in aiemp.toml"
    if unit.load == "not-found":
        return WatcherState.DOWN, "it has no unit; run `aiemp install-units`"
    if unit.active == "active":
        return WatcherState.RUNNING, ""
    if unit.active == "failed":
        return WatcherState.PAUSED, f"systemd gave it up: {unit.result}"
    return WatcherState.DOWN, f"{unit.active} ({unit.sub})"


def _unit_state(shown: Mapping[str, str]) -> UnitState:
    is_active = shown.get("ActiveState") == "active"
    return UnitState(
        load=shown.get("LoadState", "not-found"),
        active=shown.get("ActiveState", "inactive"),
        sub=shown.get("SubState", "dead"),
        result=shown.get("Result", "success"),
        pid=_number(shown.get("MainPID")),
        restarts=_number(shown.get("NRestarts")),
        since=_moment(shown.get("ActiveEnterTimestamp" if is_active else "StateChangeTimestamp")),
        main_status=_number(shown.get("ExecMainStatus")),
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _moment(text: str | None) -> datetime | None:
    """``Sun 2026-11-22 10:00:00 UTC``; systemctl is asked in UTC by the caller's TZ."""
    words = (text or "").split()
    if len(words) < 3:
        return None
    try:
        return datetime.fromisoformat(f"{words[1]} {words[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
