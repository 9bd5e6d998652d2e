"""Everything that a child process started, and the end of it.

A process group holds only those that stay in it; a daemon leaves by starting a session of its own. On Linux
this process makes itself the subreaper (prctl(2), PR_SET_CHILD_SUBREAPER) while a child runs: whatever is
orphaned below it becomes our child, so ``/proc`` shows every descendant and none can get away. Elsewhere,
and where ``/proc`` is missing, the process group is all there is.

All children that this process gets during a run are taken for the run's. So a process that looks after
other children (the orchestrator) must not use this; a task is a process of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

log = logging.getLogger("aiemp.process")

PROC = Path("/proc")
LINUX_CAN_ADOPT = sys.platform == "linux" and (PROC / "self/stat").exists()

KILL_PATIENCE_S = 5.0
"""How long to wait after SIGKILL. Only a process stuck in the kernel (a dead network share) outlasts it."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


class _Process(NamedTuple):
    pid: int
    parent: int
    group: int
    is_zombie: bool


@contextlib.contextmanager
def adopting_orphans() -> Iterator[bool]:
    """Within, orphaned descendants become children of this process; yields whether that can be had."""
    if not LINUX_CAN_ADOPT:
        yield False
        return
    before = _subreaper()
    # A sandbox may forbid it; then the process group has to do, as elsewhere.
    adopts = _libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield adopts
    finally:
        _libc().prctl(PR_SET_CHILD_SUBREAPER, before, 0, 0, 0)


def die_with_parent() -> Callable[[], None] | None:
    """For Popen's ``preexec_fn``: the child is killed when this process dies without being able to tidy up.

    After a ``kill -9`` of ours the run lock is free, and a Claude still at work would get a second one
    beside it. None where it cannot be had, and in a process with threads, where code between fork and exec
    may meet a lock that nobody holds any more.
    """
    if not LINUX_CAN_ADOPT or threading.active_count() > 1:
        return None
    prctl = _libc().prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child


class Descendants:
    """All processes below this one that were not there when this object was made.

    ``adopts``: whether this process is told of orphans (:func:`adopting_orphans`); else only the process
    group of the main child counts.
    """

    def __init__(self, adopts: bool) -> None:
        self._adopts = adopts
        self._before: set[int] = set()
        if adopts and _has_children():
            self._before = {process.pid for process in _processes() if process.parent == os.getpid()}
        self._leader = 0
        self._reap_leader: Callable[[], object | None] = lambda: None
        self._is_leader_reaped = False

    def lead_by(self, pid: int, reap: Callable[[], object | None]) -> None:
        """``pid`` is the main child, which leads its group; ``reap`` takes in its exit (None: it lives)."""
        self._leader, self._reap_leader = pid, reap

    def terminate(self) -> None:
        """Ask all of them to end (SIGTERM), each once."""
        self._signal_group(signal.SIGTERM)
        if self.gone():
            return
        for process in self._alive():
            if process.group != self._leader:
                _signal(process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End all of them (SIGKILL), with those they start meanwhile. What even that cannot end is logged."""
        deadline = time.monotonic() + KILL_PATIENCE_S
        while not self.gone():
            self._signal_group(signal.SIGKILL)
            if self._adopts:
                for pid in _children_now():
                    if pid not in self._before:
                        _signal(pid, signal.SIGKILL)
            alive = self._alive()
            for process in alive:
                _signal(process.pid, signal.SIGKILL)
            if time.monotonic() >= deadline:
                pids = ", ".join(str(process.pid) for process in alive) or f"group {self._leader}"
                log.error("processes that cannot be ended: %s", pids)
                return
            time.sleep(0.002)

    def gone(self) -> bool:
        """Whether none of them is left. Takes in the exit of those that are our own children."""
        if self._reap_leader() is not None:
            self._is_leader_reaped = True
        if not self._adopts:
            return not _group_exists(self._leader)
        if not _has_children():
            return True  # and nobody is left elsewhere, since we adopt all orphans
        processes = self._all()
        for process in processes:
            if process.is_zombie and process.parent == os.getpid() and process.pid != self._leader:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)
        if not self._before:
            return not _has_children()  # more certain than a scan, which a process that forks can dodge
        # A leader that has died since it was asked for is taken in the next time: its exit code is wanted.
        return all(process.is_zombie and process.pid != self._leader for process in processes)

    def _signal_group(self, number: int) -> None:
        # Once its leader is reaped and the group empty, the number may be given to strangers. Who adopts
        # knows each process by itself and need not risk that.
        if self._leader and not (self._adopts and self._is_leader_reaped):
            with contextlib.suppress(ProcessLookupError, PermissionError):  # EPERM: macOS, only zombies left
                os.killpg(self._leader, number)

    def _alive(self) -> list[_Process]:
        return [process for process in self._all() if not process.is_zombie]

    def _all(self) -> list[_Process]:
        if not self._adopts:
            return []
        children: dict[int, list[_Process]] = {}
        for process in _processes():
            children.setdefault(process.parent, []).append(process)
        found = [process for process in children.get(os.getpid(), []) if process.pid not in self._before]
        for process in found:  # grows while it is walked
            found.extend(children.get(process.pid, []))
        return found


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        log.warning("process %d of this run belongs to another user and cannot be ended", pid)


def _group_exists(group: int) -> bool:
    if not group:
        return False
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _has_children() -> bool:
    """Whether this process has any child, running or not taken in. One system call."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13, where nobody asks
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children_now() -> Iterator[int]:
    """The children of this process, where the kernel lists them (proc(5), CONFIG_PROC_CHILDREN).

    Much quicker than a scan of all processes: quick enough for a daemon that forks and exits all the time,
    which is our child in each of its lives and is gone again when a scan comes to an end.
    """
    for path in PROC.glob("self/task/*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, path.read_bytes().split())


def _processes() -> Iterator[_Process]:
    """Every process that ``/proc`` shows (proc(5), ``/proc/pid/stat``), in no order."""
    for name in os.listdir(PROC):  # noqa: PTH208 - names are all that is needed, a thousand times
        if name.isdecimal():
            try:
                # The command name in parentheses may itself hold spaces and parentheses.
                fields = (PROC / name / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            yield _Process(int(name), int(fields[1]), int(fields[2]), fields[0] in (b"Z", b"X"))


@lru_cache(maxsize=1)
def _libc() -> Any:
    import ctypes  # noqa: PLC0415 - only a process that supervises a child needs it

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    return libc


def _subreaper() -> int:
    import ctypes  # noqa: PLC0415 - as above

    value = ctypes.c_int(0)
    _libc().prctl(PR_GET_CHILD_SUBREAPER, ctypes.addressof(value), 0, 0, 0)
    return value.value
