"""Processes as /proc shows them: who belongs together, and what they cost. Linux."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def parents() -> dict[int, int]:
    """The parent of each process; zombies are left out."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and fields[0] != "Z":
                found[int(entry.name)] = int(fields[1])
    return found


def with_descendants(roots: Iterable[int]) -> set[int]:
    """The living ones of ``roots``, and all that they started."""
    parent_of = parents()
    family = {pid for pid in roots if pid in parent_of}
    grown = True
    while grown:
        children = {pid for pid, parent in parent_of.items() if parent in family} - family
        grown = bool(children)
        family |= children
    return family


def identity(pid: int) -> tuple[int, str]:
    """What tells this process from a later one of the same number."""
    fields = _stat(pid)
    return pid, fields[19] if fields else ""


def is_alive(process: tuple[int, str]) -> bool:
    """Whether that very process lives (a zombie does not)."""
    fields = _stat(process[0])
    return bool(fields) and fields[0] != "Z" and fields[19] == process[1]


def command_line(pid: int) -> str:
    """The words of a process's command, with spaces between; empty when it is gone."""
    return _read(PROC / str(pid) / "cmdline").replace("\0", " ").strip()


def memory_kib(pid: int) -> dict[str, int]:
    """PSS (memory, with what is shared by n processes counted as 1/n), RSS, and what is this process's alone."""
    wanted = {"Pss:": "pss", "Rss:": "rss", "Private_Clean:": "private", "Private_Dirty:": "private"}
    found = {"pss": 0, "rss": 0, "private": 0}
    for line in _read(PROC / str(pid) / "smaps_rollup").splitlines():
        words = line.split()
        if words and words[0] in wanted:
            found[wanted[words[0]]] += int(words[1])
    return found


def cpu_s(pid: int) -> float:
    """User and system time until now, that of children it has waited for included."""
    fields = _stat(pid)
    return sum(int(number) for number in fields[11:15]) / TICKS_PER_S if fields else 0.0


def switches(pid: int) -> int:
    """How often its threads went to sleep until now: each wake-up ends in one voluntary context switch."""
    total = 0
    try:
        threads = list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return 0
    for thread in threads:
        for line in _read(thread / "status").splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def wait_until(condition: Callable[[], object], deadline_s: float, pause_s: float = 0.002) -> float | None:
    """How long it took until ``condition`` held; None when it did not within ``deadline_s``."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > deadline_s:
            return None
        time.sleep(pause_s)
    return time.monotonic() - began


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) ``stat`` from the state on (the name before it may hold anything)."""
    return _read(PROC / str(pid) / "stat").rpartition(") ")[2].split()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
