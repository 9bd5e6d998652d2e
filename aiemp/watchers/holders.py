"""Which processes really hold a lock: those that have its file open, as ``/proc`` tells on Linux.

What a lock's file says about its holder is a note, and can be out of date: the orchestrator was killed before
it could write it, or the watcher died and something it started lives on with the inherited lock.
"""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def processes_holding(path: Path) -> frozenset[int] | None:
    """The ids of processes that have the file at ``path`` open, as far as this user may see; None where the
    system does not tell. This process itself is left out."""
    try:
        wanted = path.stat()
        with os.scandir(PROC) as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return None
    if not pids:
        return None
    return frozenset(pid for pid in pids if pid != os.getpid() and _has_open(pid, wanted))


def holds(pid: int, path: Path) -> bool:
    """Whether the process ``pid`` is seen to have the file at ``path`` open."""
    try:
        return pid > 0 and _has_open(pid, path.stat())
    except OSError:
        return False


def first_of(pids: frozenset[int]) -> int | None:
    """The one that the others come from: whose parent does not hold the lock. The lowest, if several."""
    roots = [pid for pid in pids if _parent_of(pid) not in pids]
    return min(roots, default=None)


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id, whoever owns it."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    try:
        with os.scandir(PROC / str(pid) / "fd") as entries:
            return any(_is_file(entry.path, wanted) for entry in entries)
    except OSError:
        return False  # it has ended, or belongs to somebody else


def _is_file(link: str, wanted: os.stat_result) -> bool:
    try:
        state = os.stat(link)  # noqa: PTH116 - thousands of them, no Path each
    except OSError:
        return False
    return (state.st_dev, state.st_ino) == (wanted.st_dev, wanted.st_ino)


def _parent_of(pid: int) -> int | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        # proc(5): the name in parentheses may hold spaces and parentheses; state and parent follow it.
        return int(text.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None
