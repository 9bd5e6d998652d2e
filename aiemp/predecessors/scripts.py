"""Schedulers that live in a process of the vault's own: APScheduler, and an ``orchestrator.py`` that loops."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from aiemp.predecessors import Predecessor
from aiemp.vault.layout import STATE
from aiemp.vault.scaffold import FOLDERS

SCHEDULER = re.compile(rb"(?m)^\s*(?:from|import)\s+(apscheduler|schedule)\b")
LOOP_NAMES = ("orchestrator.py", "scheduler.py")
LOOP_SIGNS = re.compile(rb"schedule_last_run|SCHEDULE_REGISTRY|ScheduledTask|time\.sleep")
JOB_TABLE = b"apscheduler_jobs"
DATABASES = (".sqlite", ".sqlite3", ".db")
DEEPEST = 3
MOST_ENTRIES = 20_000
LARGEST = 512 * 1024
PASSED_OVER = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
NOTES = frozenset(name.casefold() for name, _ in FOLDERS if name != STATE)
"""The folders that a vault is scaffolded with hold notes, and no scripts; a database of jobs may lie in its state."""
SAY_EVERY = 500

PROC = Path("/proc")


def schedulers(vault: Path, look: Callable[[int], None] | None = None) -> Iterator[Predecessor]:
    """Python files of ``vault`` that schedule by themselves, and APScheduler's databases of jobs.

    The first levels alone, and never what is hidden: code of vaults lies in ``scripts/``.
    """
    for seen, path in enumerate(_files(vault), 1):
        if look is not None and seen % SAY_EVERY == 0:
            look(seen)
        if path.suffix == ".py":
            what = _schedules_by(path)
            if what:
                yield _predecessor(vault, path, what)
        elif path.suffix in DATABASES and JOB_TABLE in _head(path):
            note = (
                "aiemp does not read it; write the jobs that you still want into aiemp.toml as [tasks.NAME]"
            )
            yield Predecessor("APScheduler", str(path), "its database of jobs", note=note)


def _schedules_by(path: Path) -> str:
    """How the file schedules; "" when it does not."""
    text = _head(path)
    found = SCHEDULER.search(text)
    if found is not None:
        return "imports apscheduler" if found[1] == b"apscheduler" else "imports schedule"
    if path.name in LOOP_NAMES and len(set(LOOP_SIGNS.findall(text))) > 1:
        return "has a schedule of its own"
    return ""


def _predecessor(vault: Path, path: Path, what: str) -> Predecessor:
    kind = "APScheduler" if what == "imports apscheduler" else "Python"
    pids = _running(vault, path)
    if pids:
        run = ", ".join(map(str, pids))
        return Predecessor(
            kind, str(path), f"{what}; runs now (pid {run})", f"kill {' '.join(map(str, pids))}"
        )
    note = "it does not run now; do not start it beside aiemp"
    return Predecessor(kind, str(path), what, note=note)


def _running(vault: Path, path: Path) -> list[int]:
    """The processes that have this file on their command line, as far as the system tells (Linux)."""
    module = ".".join(path.relative_to(vault).with_suffix("").parts)
    ways = {str(path).encode(), str(path.relative_to(vault)).encode(), module.encode(), path.name.encode()}
    found = []
    try:
        pids = [int(entry.name) for entry in os.scandir(PROC) if entry.name.isdigit()]
    except OSError:
        return []
    for pid in sorted(pids):
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            is_python = b"python" in words[0].rpartition(b"/")[2]
            if pid != os.getpid() and is_python and ways & set(words) and _works_in(pid, vault, words):
                found.append(pid)
        except OSError:
            continue
    return found


def _works_in(pid: int, vault: Path, words: list[bytes]) -> bool:
    """Whether a process is the vault's: a module or relative path on its command line names no folder."""
    if any(os.fsencode(vault) in word for word in words):
        return True
    folder = os.readlink(PROC / str(pid) / "cwd")  # noqa: PTH115 - not a path to follow
    return Path(folder).is_relative_to(os.path.realpath(vault))


def _files(vault: Path) -> Iterator[Path]:
    """Files of interest, the first :data:`DEEPEST` levels deep; not more than :data:`MOST_ENTRIES` entries.

    ``scripts`` first, and no folder that holds notes: some have 100,000 of them.
    """
    left = MOST_ENTRIES
    scripts = vault / "scripts"
    folders = [(vault, 0), (scripts, 1)]
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return
                    if entry.is_dir(follow_symlinks=False):
                        is_code = not _is_passed_over(entry.name, at_top=depth == 0)
                        if depth + 1 < DEEPEST and is_code and entry.path != str(scripts):
                            folders.append((Path(entry.path), depth + 1))
                    elif entry.name.endswith((".py", *DATABASES)) and entry.is_file(follow_symlinks=False):
                        yield Path(entry.path)
        except OSError:
            continue


def _is_passed_over(name: str, *, at_top: bool) -> bool:
    if name in PASSED_OVER or (name.startswith(".") and name != STATE):
        return True
    return at_top and name.casefold() in NOTES


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError:
        return b""
