"""Ending child processes with everything they started.

Each child leads a session and a process group of its own. What leaves that group (``setsid``) is found on
Linux: this process is a child subreaper (prctl(2)), so orphans become its children, and they still carry the
mark that was in their environment. Elsewhere the group has to do.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

log = logging.getLogger("aiemp.engine")

MARK = "AIEMP_CHILD"
PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> bool:
    """Make orphans of our children ours (Linux). Returns whether that is so."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes  # noqa: PLC0415 - Linux only

        return int(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0
    except (ImportError, OSError, AttributeError) as error:
        log.warning("orphans of a watcher cannot be found here: %s", error)
        return False


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the child has ended; what is left of its group is killed before its pid can be given away."""
    if process.returncode is not None:
        return True
    if hasattr(os, "waitid"):
        # Looked at without reaping: until then the pid, and so the group's number, belongs to the dead.
        with contextlib.suppress(ChildProcessError):  # reaped by somebody else; poll() then says "ended"
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return False
        signal_group(process.pid, signal.SIGKILL)
        process.poll()
        return True
    if process.poll() is None:
        return False
    signal_group(process.pid, signal.SIGKILL)
    return True


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a child's process group, if there is anything left of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
        os.killpg(pid, number)


def describe_exit(returncode: int | None) -> str:
    """``exit status 3`` or ``killed by SIGKILL``."""
    if returncode is None:
        return "ended"
    if returncode >= 0:
        return f"exit status {returncode}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-returncode).name}"
    return f"killed by signal {-returncode}"


def end_strays(known: set[int], alive_marks: set[str]) -> list[int]:
    """Kill and reap adopted orphans: marked children of ours that are not ``known``.

    An orphan of a watcher that is still running is left alone: the watcher may want it. So is a live child
    without our mark: somebody else in this process started it. One that died by itself is only reaped.

    Whatever a reaped process had started becomes ours in turn, so this looks again until nothing is left: of
    a killed run nothing may go on beside its next attempt.
    """
    ended: list[int] = []
    while True:
        gone = False
        for pid in _own_children():
            if pid in known:
                continue
            mark = _mark_of(pid)  # a zombie has none any more
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if mark and mark not in alive_marks:
                    os.kill(pid, signal.SIGKILL)
                    ended.append(pid)
                gone |= os.waitpid(pid, 0 if pid in ended else os.WNOHANG)[0] == pid
        if not gone:
            return ended


def _own_children() -> list[int]:
    """The children of this process. Empty where /proc does not say (CONFIG_PROC_CHILDREN, not Linux)."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _mark_of(pid: int) -> str:
    try:
        for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            name, _, value = entry.partition(b"=")
            if name == MARK.encode():
                return os.fsdecode(value)
    except OSError:
        return ""
    return ""
