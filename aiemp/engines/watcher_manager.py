"""Starts, supervises and stops watchers as child processes: the local engine's part for them (seed 3A)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from aiemp.clock import utc_now
from aiemp.engines import Event
from aiemp.engines.stop_times import LAST_PATIENCE_S
from aiemp.engines.supervised import Supervised
from aiemp.engines.wakeup import Wakeup
from aiemp.file_signature import file_signature
from aiemp.frozen import replace
from aiemp.plan import Origin, Plan, Watcher
from aiemp.watcher_status import WatcherState, WatcherStatus

log = logging.getLogger("aiemp.watchers")


class WatcherManager:
    """The watchers of one plan. Only :meth:`stop_all` and :meth:`stop` wait."""

    def __init__(
        self,
        plan: Plan,
        environ: Mapping[str, str] | None = None,
        *,
        restart_counts: Mapping[str, int] | None = None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] | None = None,
    ) -> None:
        self.plan = plan
        self.environ = os.environ if environ is None else environ
        self.clock = clock
        self.monotonic = monotonic
        self.wait = wait or Wakeup().wait  # unopened: short naps
        counts = restart_counts or {}
        self.supervised = {
            watcher.name: Supervised(watcher, plan, self.environ, counts.get(watcher.name, 0))
            for watcher in plan.watchers
        }
        self.leaving: list[Supervised] = []
        self._dotenv = file_signature(plan.vault / ".env")

    def start_all(self) -> list[Event]:
        """Start every watcher that is meant to run."""
        return [self.start(name) for name in self.supervised]

    def start(self, name: str) -> Event:
        """Start one watcher, whatever its restarts so far: also the way out of *paused*."""
        return self.supervised[name].start(self.clock(), self.monotonic())

    def notice_ends(self, now: datetime) -> list[Event]:
        """Find the watchers that ended."""
        tick_s = self.monotonic()
        for each in self.leaving:
            each.look(now, tick_s)
        return [event for each in self.supervised.values() for event in each.look(now, tick_s)]

    def restart_due(self, now: datetime) -> list[Event]:
        """Start again the watchers whose time has come."""
        tick_s = self.monotonic()
        events = [event for each in self.supervised.values() for event in each.restart_if_due(now, tick_s)]
        arrived = [each for each in self.leaving if not each.is_alive]
        self.leaving = [each for each in self.leaving if each.is_alive]
        for each in arrived:
            successor = self.supervised.get(each.name)
            if successor is not None and not successor.is_alive:
                events.append(successor.start(now, tick_s))
        return events

    def check_freshness(self, now: datetime) -> list[Event]:
        """Find the watchers that live and do nothing, and end them. Start those that lacked a variable and may
        have it now, since ``.env`` was edited."""
        tick_s = self.monotonic()
        found = (each.check_freshness(now, tick_s) for each in self.supervised.values())
        events = [event for event in found if event is not None]
        dotenv = file_signature(self.plan.vault / ".env")
        if dotenv != self._dotenv:
            self._dotenv = dotenv
            waiting = [each for each in self.supervised.values() if each.state is WatcherState.NOT_CONFIGURED]
            events += [each.start(now, tick_s) for each in waiting]
        return events

    def status(self) -> list[WatcherStatus]:
        """How each watcher is."""
        return [each.status() for each in self.supervised.values()]

    def restart_counts(self) -> dict[str, int]:
        """How often each was restarted, for the state file."""
        return {name: each.restart_count for name, each in self.supervised.items()}

    def wake_at_s(self) -> float | None:
        """When one of them wants to be looked at next, in monotonic seconds."""
        times = [each.wake_at_s() for each in (*self.supervised.values(), *self.leaving)]
        return min((at for at in times if at is not None), default=None)

    def descriptors(self) -> list[int]:
        """Descriptors that become readable when an adopted watcher ends (pidfd_open(2); Linux)."""
        return [each.pidfd for each in self.supervised.values() if each.pidfd is not None]

    def pids(self) -> set[int]:
        """The children of this process that are watchers."""
        everyone = (*self.supervised.values(), *self.leaving)
        return {each.process.pid for each in everyone if each.process is not None}

    def marks(self) -> set[str]:
        """The marks of the watchers that live; see :mod:`aiemp.engines.children`."""
        return {each.mark for each in self.supervised.values() if each.is_alive}

    def apply(self, plan: Plan) -> list[Event]:
        """Take up an edited plan. A watcher found only now in the vault stays out until the next start."""
        now, tick_s = self.clock(), self.monotonic()
        known = {each.name for each in self.supervised.values()}
        wanted = {
            watcher.name: watcher
            for watcher in plan.watchers
            if watcher.origin is not Origin.DISCOVERED or watcher.name in known
        }
        events = []
        before, self.supervised = self.supervised, {}
        for name, watcher in wanted.items():
            current = before.pop(name, None)
            if current is not None and _same(current, watcher, plan):
                current.plan = plan
                current.watcher = watcher
                self.supervised[name] = current
                continue
            fresh = Supervised(watcher, plan, self.environ, current.restart_count if current else 0)
            self.supervised[name] = fresh
            if current is not None and current.is_alive and current.is_ours:
                current.stop(tick_s)
                self.leaving.append(current)
            else:
                events.append(fresh.start(now, tick_s))
        for gone in before.values():
            gone.stop(tick_s)
            self.leaving.append(gone)
        self.plan = replace(plan, watchers=tuple(wanted.values()))
        return events

    def unpause(self) -> list[Event]:
        """Start the paused watchers again: somebody says that the cause is mended."""
        tick_s, now = self.monotonic(), self.clock()
        return [
            each.start(now, tick_s)
            for each in self.supervised.values()
            if not each.is_alive and each.restart_at_s is None and each.status().enabled
        ]

    def restart_all(self) -> None:
        """End every watcher that is ours; each is started again once it has ended."""
        for each in self.supervised.values():
            if each.is_alive and each.is_ours:
                each.ask_to_end(self.monotonic())

    def stop(self, name: str) -> None:
        """Stop one watcher, and wait until it is gone."""
        self._stop([self.supervised[name]])

    def stop_all(self) -> None:
        """Stop every watcher that is ours, side by side; kill what outlives its grace. Nothing is left."""
        self._stop([*self.supervised.values(), *self.leaving])
        self.leaving = []

    def _stop(self, chosen: list[Supervised]) -> None:
        for each in chosen:
            if each.is_alive and not each.is_ours:
                log.info("%s is left running: it was not started by this orchestrator", each.name)
                each.let_go()
            each.stop(self.monotonic())
        grace_s = max((each.watcher.stop_timeout_s for each in chosen), default=0.0)
        deadline_s = self.monotonic() + grace_s + LAST_PATIENCE_S
        while any(each.is_alive for each in chosen):
            now, tick_s = self.clock(), self.monotonic()
            for each in chosen:
                each.look(now, tick_s)
            if not any(each.is_alive for each in chosen):
                break
            if tick_s >= deadline_s:
                left = ", ".join(f"{each.name} (pid {each.pid})" for each in chosen if each.is_alive)
                log.error("cannot be stopped: %s", left)
                break
            times = [at for each in chosen if (at := each.wake_at_s()) is not None]
            # An adopted watcher is no child: nothing wakes us when it ends, so look again soon.
            soon_s = 0.05 if any(each.adopted for each in chosen) else LAST_PATIENCE_S
            self.wait(max(0.0, min([soon_s, *(at - tick_s for at in times)])))


def _same(current: Supervised, watcher: Watcher, plan: Plan) -> bool:
    """Whether a running watcher can go on as it is under the new plan."""
    if not current.is_alive:
        return current.watcher == watcher and current.restart_at_s is not None
    return current.watcher == watcher and current.plan.dry_run.active == plan.dry_run.active
