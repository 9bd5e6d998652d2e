"""The supervision of one watcher: started, looked at, restarted, ended. Nothing here waits.

A watcher that is found running already (its lock is held) is *adopted*: the survivor of an orchestrator that
was killed, or one that somebody started by hand. The first kind is ours to stop, the second is not.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Mapping
from datetime import datetime

from aiemp.engines import Event, Happening
from aiemp.engines.children import MARK, describe_exit, has_ended, signal_group
from aiemp.engines.restart_policy import LONGEST_PAUSE_S, Restarts, after_exit
from aiemp.errors import AiempError, LockHeld, VaultError
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.log_files import prepare_log_file
from aiemp.places import Places
from aiemp.plan import Plan, Watcher
from aiemp.watcher_status import WatcherState, WatcherStatus
from aiemp.watchers.launch import NotStarted, NotStartedKind, freshness, prepare, running, spawn

log = logging.getLogger("aiemp.watchers")

OWNER = "local engine"
LOG_LIMIT_BYTES = 4 * 1024 * 1024

STATE_OF_NOT_STARTED = {
    NotStartedKind.NOT_CONFIGURED: WatcherState.NOT_CONFIGURED,
    NotStartedKind.DISABLED: WatcherState.DISABLED,
    NotStartedKind.DRY_RUN: WatcherState.DISABLED,
    NotStartedKind.NEW: WatcherState.NOT_CONFIGURED,
}


class Supervised:
    """One watcher under supervision. ``now`` is the clock's reading, ``tick_s`` monotonic seconds."""

    def __init__(self, watcher: Watcher, plan: Plan, environ: Mapping[str, str], restart_count: int) -> None:
        self.watcher = watcher
        self.plan = plan
        self.environ = environ
        self.restart_count = restart_count
        self.process: subprocess.Popen[bytes] | None = None
        self.adopted: Holder | None = None
        self.pidfd: int | None = None
        self.state = WatcherState.DOWN
        self.since: datetime | None = None
        self.reason = ""
        self.restarts = Restarts()
        self.started_s = 0.0
        self.starts = 0
        self.restart_at_s: float | None = None
        self.kill_at_s: float | None = None
        self.stopping = False

    @property
    def name(self) -> str:
        return self.watcher.name

    @property
    def pid(self) -> int | None:
        """The process that is the watcher; None when none is running, or when nobody knows which."""
        if self.process is not None:
            return self.process.pid
        return (self.adopted.pid or None) if self.adopted else None

    @property
    def is_alive(self) -> bool:
        return self.process is not None or self.adopted is not None

    @property
    def is_ours(self) -> bool:
        """Whether it is this engine's to stop: not so for one that somebody started by hand."""
        return self.process is not None or (self.adopted is not None and OWNER in self.adopted.owner)

    def wake_at_s(self) -> float | None:
        """When this watcher wants to be looked at even if nothing happens."""
        times = [at for at in (self.restart_at_s, self.kill_at_s) if at is not None]
        return min(times, default=None)

    def start(self, now: datetime, tick_s: float) -> Event:
        """Start it, or find out why not. Always leaves a state that says how it is."""
        self.restart_at_s = self.kill_at_s = None
        self.stopping = False
        self.started_s = tick_s
        self.starts += 1
        launch = prepare(self.watcher, self.plan, self.environ)
        if isinstance(launch, NotStarted):
            self._become(STATE_OF_NOT_STARTED[launch.kind], now, launch.reason)
            return Event(Happening.WATCHER_STARTED, self.name, f"not started: {launch.reason}")
        launch = replace(launch, env={**launch.env, MARK: self.mark})
        log_file = None  # a dry run writes nothing; its output goes where ours goes
        if not self.plan.dry_run.active:
            log_file = prepare_log_file(Places(self.plan.vault).watcher_log(self.name), LOG_LIMIT_BYTES)
        try:
            self.process = spawn(self.watcher, launch, self.plan, OWNER, log_file)
        except LockHeld:
            return self._adopt(now)
        except VaultError as error:
            # No fault of the watcher, so no restart of it is used up: it is tried until the vault is back.
            self._become(WatcherState.DOWN, now, str(error))
            self.restart_at_s = tick_s + LONGEST_PAUSE_S
            return Event(Happening.WATCHER_DIED, self.name, str(error))
        except (OSError, AiempError) as error:
            return self._ended(now, tick_s, f"cannot be started: {error}")
        self._become(WatcherState.RUNNING, now, "")
        return Event(Happening.WATCHER_STARTED, self.name, f"started (pid {self.process.pid})")

    @property
    def mark(self) -> str:
        """What its processes carry in their environment, so that orphans of it, and of its last life, are
        known."""
        return f"watcher {self.name} {self.starts}"

    def look(self, now: datetime, tick_s: float) -> list[Event]:
        """See whether it ended; kill it when its grace is over."""
        events = []
        if self.process is not None and has_ended(self.process):
            how = describe_exit(self.process.returncode)
            if self.state is WatcherState.HUNG:  # the signal that ended it came from here
                how = f"{self.reason}, so it was ended"
            self.process = None
            events.append(self._ended(now, tick_s, how))
        elif self.adopted is not None and running(self.plan.vault, self.name) is None:
            self._drop_adopted()
            events.append(self._ended(now, tick_s, "ended (it was not a child of this orchestrator)"))
        if self.is_alive and self.kill_at_s is not None and tick_s >= self.kill_at_s:
            self.kill()
        return events

    def restart_if_due(self, now: datetime, tick_s: float) -> list[Event]:
        """Start it again when it ended and its pause is over."""
        if self.restart_at_s is None or tick_s < self.restart_at_s:
            return []
        self.restart_count += 1
        return [self.start(now, tick_s)]

    def check_freshness(self, now: datetime, tick_s: float) -> Event | None:
        """End it when it lives and does nothing (semantics: *hung*); its end then restarts it."""
        limit_s = self.watcher.fresh_within_s
        if limit_s is None or not self.is_alive or self.kill_at_s is not None:
            return None
        age_s = freshness(self.plan.vault, self.name, now)
        if age_s is None or age_s <= limit_s or tick_s - self.started_s <= limit_s:
            return None
        reason = f"no sign of work for {age_s / 60:.0f} min (allowed: {limit_s / 60:.0f})"
        self._become(WatcherState.HUNG, now, reason)
        if self.is_ours:
            self.ask_to_end(tick_s)
        return Event(Happening.WATCHER_HUNG, self.name, reason)

    def ask_to_end(self, tick_s: float) -> None:
        """Send its clean stop; :meth:`look` kills it after ``stop_timeout_s``."""
        self.kill_at_s = tick_s + self.watcher.stop_timeout_s
        if self.pid:
            try:
                os.kill(self.pid, signal.Signals[self.watcher.stop_signal])
            except (ProcessLookupError, PermissionError):
                log.debug("%s: pid %d is gone already", self.name, self.pid)

    def kill(self) -> None:
        """Kill it and its process group."""
        self.kill_at_s = None
        if self.pid and self.is_ours:
            signal_group(self.pid, signal.SIGKILL)

    def stop(self, tick_s: float) -> None:
        """End it for good: its end is no crash."""
        self.stopping = True
        self.restart_at_s = None
        if self.is_alive and self.is_ours:
            self.ask_to_end(tick_s)

    def let_go(self) -> None:
        """Forget an adopted watcher that is not ours to stop."""
        self._drop_adopted()

    def status(self) -> WatcherStatus:
        return WatcherStatus(self.name, self.state, self.pid, self.since, self.restart_count, self.reason)

    def _adopt(self, now: datetime) -> Event:
        holder = running(self.plan.vault, self.name) or Holder()
        self.adopted = holder
        if holder.pid and hasattr(os, "pidfd_open"):
            try:
                self.pidfd = os.pidfd_open(holder.pid)
            except OSError:
                self.pidfd = None  # ended just now, or an old kernel: its lock is looked at on each tick
        self._become(WatcherState.RUNNING, now, f"was running already: {holder}")
        return Event(
            Happening.WATCHER_STARTED, self.name, f"is running already ({holder}); not started twice"
        )

    def _drop_adopted(self) -> None:
        self.adopted = None
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def _ended(self, now: datetime, tick_s: float, how: str) -> Event:
        self.kill_at_s = None
        if self.stopping:
            self._become(WatcherState.DOWN, now, "stopped")
            return Event(Happening.WATCHER_DIED, self.name, "stopped")
        verdict = after_exit(self.restarts, self.started_s, tick_s, self.plan.limits)
        self.restarts, self.restart_at_s = verdict.restarts, verdict.restart_at
        if verdict.restart_at is None:
            limits = self.plan.limits
            reason = (
                f"gave up after {limits.restarts} restarts in {limits.restart_window_s / 60:.0f} min; "
                f"the last time: {how}"
            )
            self._become(WatcherState.PAUSED, now, reason)
            return Event(Happening.WATCHER_PAUSED, self.name, reason)
        self._become(WatcherState.DOWN, now, how)
        return Event(Happening.WATCHER_DIED, self.name, how)

    def _become(self, state: WatcherState, now: datetime, reason: str) -> None:
        if state is not self.state or self.since is None or state is WatcherState.RUNNING:
            self.since = now
        self.state, self.reason = state, reason
