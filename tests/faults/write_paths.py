"""Each way in which aiemp writes a file, interrupted at each of its steps.

A path says how a vault is before (``prepare``), what is done once (``write``), and what must hold afterwards
(``problems``), whether it was done, refused or killed. The faults themselves are the same for all of them.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Protocol

from aiemp.errors import AiempError
from tests.faults.injection import CALLS, ERRORS, MORE_THAN_ANY, Trap, in_child, trapped
from tests.faults.tally import Tally

LONG_AGO_S = 3600.0


class Told(Enum):
    """What the caller knows of the one write that the fault met."""

    DONE = "done"
    REFUSED = "refused"
    KILLED = "killed"


class WritePath(Protocol):
    """One way of writing. ``places``: the names in :class:`aiemp.places.Places` of what it writes."""

    name: str
    places: frozenset[str]

    def prepare(self, vault: Path) -> None: ...

    def write(self, vault: Path) -> None: ...

    def problems(self, vault: Path, told: Told) -> list[str]: ...


def failing(path: WritePath, folder: Path, errors: tuple[int, ...] = ERRORS, step: int = 1) -> Tally:
    """Each call (or each ``step``-th) of each kind fails once, with each error."""
    tally = Tally()
    for kind in CALLS:
        for code in errors:
            for at in range(1, MORE_THAN_ANY, step):
                vault = _fresh(path, folder)
                trap = Trap(at, code, kind)
                files = _open_files()
                with trapped(trap):
                    told = _once(path, vault)
                if not trap.sprung:
                    break
                tally.counts["refused"] += told is Told.REFUSED
                leaked = _open_files() - files
                problems = [f"left over: {leaked} open files"] if leaked > 0 else []
                problems += _after(path, vault, told)
                tally.note(f"{path.name}: {errno.errorcode[code]} at {kind} {at}", problems)
    return tally


def killed(path: WritePath, folder: Path, step: int = 1) -> Tally:
    """The process is killed at each call (or each ``step``-th), in the middle of it when it writes."""
    tally = Tally()
    for at in range(1, MORE_THAN_ANY, step):
        vault = _fresh(path, folder)
        if not in_child(lambda vault=vault: _once(path, vault), Trap(at, None)):
            break
        tally.note(f"{path.name}: killed at call {at}", _after(path, vault, Told.KILLED))
    return tally


def _fresh(path: WritePath, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    vault = folder / "vault"
    vault.mkdir(parents=True)
    path.prepare(vault)
    return vault


def _once(path: WritePath, vault: Path) -> Told:
    try:
        path.write(vault)
    except (OSError, AiempError):
        return Told.REFUSED
    return Told.DONE


def _after(path: WritePath, vault: Path, told: Told) -> list[str]:
    """What is wrong once the fault is over; what is left over has then been left for an hour."""
    for left in _temporary(vault):
        os.utime(left, (time.time() - LONG_AGO_S,) * 2, follow_symlinks=False)
    problems = path.problems(vault, told)
    left = [str(each.relative_to(vault.parent)) for each in _temporary(vault)]
    return [*problems, *([f"left over: {left}"] if left else [])]


def _open_files() -> int:
    """How many files this process has open, where that can be seen."""
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0


def _temporary(vault: Path) -> list[Path]:
    return [path for path in vault.parent.rglob("*.tmp") if path.is_file()]


def again(what: Callable[[], object]) -> list[str]:
    """Do it once more, without a fault; it must work now."""
    try:
        what()
    except (OSError, AiempError) as error:
        return [f"refused: it does not work afterwards: {error}"]
    return []
