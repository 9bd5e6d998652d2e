"""What a run that was killed has left at work: found by a mark in its environment, and ended.

A run ends all that it started (:mod:`aiemp.process.descendants`). But after ``kill -9`` of the run itself
nobody is there to do it: its child dies with it (prctl(2), PR_SET_PDEATHSIG), what that one had started does
not. So who finds such a run dead ends what still carries its mark, or it would work on beside the next attempt.
Under systemd the control group has done that already. Where there is no ``/proc`` nothing can be found.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("aiemp.process")

RUN_MARK = "AIEMP_RUN"
PROC = Path("/proc")
PATIENCE_S = 2.0


def mark_of(run_name: str, pid: int) -> str:
    """The mark of one run, by its name and the process that ran it."""
    return f"{run_name} {pid}"


def end_left_over(mark: str) -> list[int]:
    """Kill every process that carries ``mark``, and what these start meanwhile. Returns their numbers.

    Not this one, which may itself be a child of the run that is meant.
    """
    ended: list[int] = []
    deadline = time.monotonic() + PATIENCE_S
    while (found := [pid for pid in _marked(mark) if pid != os.getpid()]) and time.monotonic() < deadline:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
            if pid not in ended:
                ended.append(pid)
                log.warning("ended a process that a killed run had left at work (pid %d)", pid)
        time.sleep(0.005)  # a killed process is there a moment longer
    return ended


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{RUN_MARK}={mark}".encode("utf-8", "surrogateescape")
    try:
        names = [entry.name for entry in PROC.iterdir() if entry.name.isdecimal()]
    except OSError:
        return
    for name in names:
        try:
            if wanted in (PROC / name / "environ").read_bytes().split(b"\0"):
                yield int(name)
        except OSError:
            continue  # it ended, or belongs to somebody else
