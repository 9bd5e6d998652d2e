"""The local engine: the pure-Python fallback that runs everything as child processes.

Event-driven: it sleeps until a child ends, a signal comes, or something is due. A task is the same child that
a systemd timer would start, ``aiemp trigger NAME --scheduled``, so a run of a quarter of an hour keeps nobody
from supervising the watchers.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from aiemp.engines import Event, Happening
from aiemp.engines.children import (
    MARK,
    become_subreaper,
    describe_exit,
    end_strays,
    has_ended,
    signal_group,
)
from aiemp.engines.stop_times import TASK_STOP_GRACE_S, stopping_takes_s
from aiemp.engines.wakeup import Wakeup
from aiemp.engines.watcher_manager import WatcherManager
from aiemp.locks import probe
from aiemp.log_files import open_log
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.watcher_status import WatcherStatus

log = logging.getLogger("aiemp.engine")

TASK_LOG_LIMIT_BYTES = 8 * 1024 * 1024

OVERTIME_S = 180.0
"""A task ends itself at its time limit; this much later its process is killed from outside."""

HEAD_START_S = 0.03
"""What a watcher that is started again has before its restart is told of: writing the state and the dashboard at the
same time makes its start a quarter longer on two processors (issue 7)."""

SCHEDULED = "scheduled"
"""How a run lock's holder says that nobody started it by hand (see :mod:`aiemp.runner`)."""


class LocalEngine:
    """Runs the plan with child processes. Made and used in the main thread (signals)."""

    name = "local"
    grace = timedelta(0)

    def __init__(
        self,
        plan: Plan,
        environ: Mapping[str, str] | None = None,
        *,
        wakeup: Wakeup,
        with_watchers: bool = True,
        restart_counts: Mapping[str, int] | None = None,
    ) -> None:
        self.plan = plan
        self.environ = dict(os.environ if environ is None else environ)
        self.wakeup = wakeup
        self.with_watchers = with_watchers
        self.watcher_manager = WatcherManager(
            plan, self.environ, restart_counts=restart_counts, wait=wakeup.wait
        )
        self.task: subprocess.Popen[bytes] | None = None
        self.task_name = ""
        self.task_mark = ""
        self._started = itertools.count(1)
        self.task_kill_at_s = 0.0

    def start(self) -> None:
        become_subreaper()
        self.wakeup.on_children()
        if self.with_watchers:
            for event in self.watcher_manager.start_all():
                log.info("watcher %s: %s", event.name, event.detail)

    def keep_up(self, now: datetime) -> Sequence[Event]:
        events: list[Event] = []
        if self.task is not None:
            if has_ended(self.task):
                detail = describe_exit(self.task.returncode)
                events.append(Event(Happening.TASK_ENDED, self.task_name, detail))
                self.task = None
            elif time.monotonic() >= self.task_kill_at_s:
                log.error("task %s does not end at its time limit; it is killed", self.task_name)
                signal_group(self.task.pid, signal.SIGKILL)
        if self.with_watchers:
            events.extend(self.watcher_manager.notice_ends(now))
        # Before anything is started again: what a dead watcher left behind may hold its lock, and what a dead
        # run left behind would work beside its next attempt.
        self._end_strays()
        if self.with_watchers and (restarted := self.watcher_manager.restart_due(now)):
            events.extend(restarted)
            time.sleep(HEAD_START_S)
        return events

    def check_freshness(self, now: datetime) -> Sequence[Event]:
        return self.watcher_manager.check_freshness(now) if self.with_watchers else []

    def watchers(self) -> Sequence[WatcherStatus]:
        return self.watcher_manager.status() if self.with_watchers else []

    def busy_with(self) -> str | None:
        return self.task_name if self.task is not None else None

    def start_task(self, name: str) -> None:
        # Its own for each start: an orphan of a killed attempt is not one of the next attempt.
        self.task_mark = f"task {name} {next(self._started)}"
        with contextlib.closing(self._open_task_log(name)) as output:
            self.task = subprocess.Popen(
                trigger_command(self.plan, name),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**self.environ, MARK: self.task_mark},
                start_new_session=True,
            )
        self.task_name = name
        task = self.plan.task(name)
        limit_s = (task.timeout_minutes if task else 0) * 60.0
        # The wait for a manual run that holds the lock does not count: it has the longest limit at most.
        longest_s = max((each.timeout_minutes for each in self.plan.tasks), default=0) * 60.0
        self.task_kill_at_s = time.monotonic() + limit_s + longest_s + OVERTIME_S

    def apply(self, plan: Plan) -> None:
        self.plan = plan
        if self.with_watchers:
            for event in self.watcher_manager.apply(plan):
                log.info("watcher %s: %s", event.name, event.detail)

    def unpause(self) -> None:
        """Start paused watchers again (SIGHUP)."""
        if self.with_watchers:
            for event in self.watcher_manager.unpause():
                log.info("watcher %s: %s", event.name, event.detail)

    def restart_watchers(self, now: datetime) -> None:
        if self.with_watchers:
            self.watcher_manager.restart_all()

    def restart_counts(self) -> Mapping[str, int]:
        """How often each watcher was restarted, for the state file."""
        return self.watcher_manager.restart_counts() if self.with_watchers else {}

    def wait(self, seconds: float) -> None:
        at_s = self.watcher_manager.wake_at_s() if self.with_watchers else None
        if at_s is not None:
            seconds = min(seconds, at_s - time.monotonic())
        self.wakeup.wait(max(seconds, 0.0), self.watcher_manager.descriptors())

    @property
    def stopping_takes_s(self) -> float:
        return stopping_takes_s(self.plan)

    def stop(self) -> None:
        self._ask_task_to_stop()
        if self.with_watchers:
            self.watcher_manager.stop_all()
        self._await_task()
        end_strays(set(), set())

    def _open_task_log(self, name: str) -> IO[bytes]:
        if self.plan.dry_run.active:  # it writes nothing; what it says goes where ours goes
            return os.fdopen(os.dup(2), "wb", buffering=0)
        try:
            return os.fdopen(open_log(Places(self.plan.vault).task_log(name), TASK_LOG_LIMIT_BYTES), "ab")
        except OSError as error:
            log.warning("the output of task %s goes nowhere: %s", name, error)
            return Path(os.devnull).open("ab")

    def _ask_task_to_stop(self) -> None:
        if self.task is not None:
            log.info("task %s is asked to stop; it will count as interrupted", self.task_name)
            self.task.terminate()
            return
        # The survivor of an orchestrator that was killed: not our child, but ours to stop.
        holder = probe(Places(self.plan.vault).run_lock)
        if holder is not None and holder.owner == SCHEDULED and holder.pid:
            log.info("%s is asked to stop; it will count as interrupted", holder)
            try:
                os.kill(holder.pid, signal.SIGTERM)
            except (ProcessLookupError, PermissionError) as error:
                log.warning("%s cannot be stopped: %s", holder, error)

    def _await_task(self) -> None:
        deadline_s = time.monotonic() + TASK_STOP_GRACE_S
        while self.task is not None and not has_ended(self.task):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                log.error("task %s does not stop; it is killed", self.task_name)
                signal_group(self.task.pid, signal.SIGKILL)
                self.task.wait()
            else:
                self.wakeup.wait(left_s)
        self.task = None

    def _end_strays(self) -> None:
        known = self.watcher_manager.pids() | ({self.task.pid} if self.task else set())
        marks = self.watcher_manager.marks() | ({self.task_mark} if self.task else set())
        for pid in end_strays(known, marks):
            log.warning("ended a process that outlived its parent (pid %d)", pid)


def trigger_command(plan: Plan, name: str) -> list[str]:
    """The argv of one scheduled run: absolute, so that it does not depend on a PATH."""
    # -P: a module in the working directory (which may be the vault, where Claude writes) must not be loaded.
    command = [sys.executable, "-P", "-m", "aiemp", "--vault", str(plan.vault)]
    if plan.config_file is not None:
        command += ["--config", str(plan.config_file)]
    command += ["trigger", name, "--scheduled"]
    if plan.dry_run.active:
        command.append("--dry-run")
    return command
