"""Old files move from Done to Done/archive; none is ever overwritten, and none is lost.

A file keeps its subfolder (``Done/email/x.md`` → ``Done/archive/email/x.md``): that is its domain. One
whose name is taken becomes ``x_1.md``, ``x_2.md``, as the vaults' own tools do it. Links are moved as
links; one that leads out of the vault stays where it is, and is counted as kept.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.inside import SHARED_FOLDER
from aiemp.vault.items import entries_below, modified
from aiemp.vault.layout import (
    ARCHIVE,
    DONE,
    find_entry,
    find_folder,
    leads_inside,
    reason_of,
    shown,
    warn_once,
)
from aiemp.vault.moves import move_exclusively

MOST_PROBLEMS = 20
SAY_EVERY = 250


@frozen
class ArchiveResult:
    """``moved`` files (in a dry run: that would be), ``kept`` files still in Done, and what went wrong."""

    moved: int = 0
    kept: int = 0
    problems: tuple[str, ...] = ()


def archive_done(
    vault: Path,
    now: datetime,
    days: int = 7,
    *,
    dry_run: bool = False,
    zone: tzinfo = UTC,
    on_progress: Callable[[int, int], None] | None = None,
) -> ArchiveResult:
    """Move what was last changed over ``days`` days before ``now`` (aware). Hidden files stay.

    A day is one of the calendar in ``zone``: a change of the clock makes it 23 or 25 hours. Raises
    nothing: what cannot be moved stays where it is, and is named in ``problems``. ``on_progress`` is told now
    and then how many files are done, and of how many.
    """
    done = find_folder(vault, DONE)
    if done is None:
        there = find_entry(vault, DONE)
        return ArchiveResult(problems=(f"{shown(there)} is not a folder of this vault",) if there else ())
    archive = find_entry(done, ARCHIVE) or done / ARCHIVE
    # os.path, because Path.is_dir() raises where Done may be listed but not entered.
    if os.path.lexists(archive) and not (os.path.isdir(archive) and leads_inside(archive, vault)):  # noqa: PTH112
        return ArchiveResult(problems=(f"{shown(archive)} is not a folder of this vault; nothing was moved",))
    before = _days_before(now, days, zone)
    problems: list[str] = []
    moved = kept = 0
    subfolders: dict[Path, Path] = {}
    # Listed before anything moves: a folder that changes while it is read may show a file twice.
    entries = list(entries_below(done, skip=(ARCHIVE,)))
    for number, entry in enumerate(entries):
        if on_progress is not None and number % SAY_EVERY == 0:
            on_progress(number, len(entries))
        changed = modified(entry)
        if changed is None:
            continue
        if changed >= before:
            kept += 1
            continue
        try:
            if entry.is_symlink() and not leads_inside(entry.path, vault):
                # For good, and so no problem that a next run could mend.
                warn_once(Path(entry.path), OSError("a link out of the vault; it stays in Done"))
                kept += 1
                continue
            if not dry_run:
                source = Path(entry.path)
                if source.parent not in subfolders:
                    subfolders[source.parent] = _subfolder(archive, source.parent.relative_to(done))
                _move(source, subfolders[source.parent])
            moved += 1
        except OSError as error:
            if not os.path.lexists(entry.path):
                continue  # somebody else took it away
            kept += 1
            problems.append(f"{shown(entry.path)}: {reason_of(error)}")
    return ArchiveResult(moved, kept, _bounded(problems))


def _move(source: Path, folder: Path) -> None:
    for name in _numbered(source):
        try:
            move_exclusively(source, folder / name)
        except FileExistsError:
            continue
        return


def _subfolder(archive: Path, relative: Path) -> Path:
    """The folder in the archive, made if missing; OSError when a link stands where a folder should."""
    folder = archive
    folder.mkdir(mode=SHARED_FOLDER, exist_ok=True)
    for part in relative.parts:
        folder /= part
        if folder.is_symlink():
            raise OSError(f"{shown(folder)} is a link; remove it")
        folder.mkdir(mode=SHARED_FOLDER, exist_ok=True)
    return folder


def _numbered(source: Path) -> Iterator[str]:
    yield source.name
    for number in itertools.count(1):
        yield f"{source.stem}_{number}{source.suffix}"


def _days_before(now: datetime, days: int, zone: tzinfo) -> float:
    try:
        return (now.astimezone(zone) - timedelta(days=days)).timestamp()
    except OverflowError:
        return float("-inf")  # so many days that nothing is that old


def _bounded(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - MOST_PROBLEMS
    return (*problems[:MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else []))
