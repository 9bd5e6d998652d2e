"""Items: the files in a vault's queue folders. Counted with os.scandir, since Done may hold 100,000.

An item is a regular file, in a folder or any subfolder of it, that is not hidden (so ``.gitkeep`` is none).
Links to folders are not followed; a link to a file is an item when the file lies inside the vault. What
cannot be read counts nothing and is warned of once.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

from aiemp.vault.layout import (
    ARCHIVE,
    DONE,
    IN_PROGRESS,
    NEEDS_ACTION,
    PENDING_APPROVAL,
    PLANS,
    find_folder,
    leads_inside,
    warn_once,
)

GENERAL = "general"
"""The domain of what lies directly in Needs_Action."""


def action_items(vault: Path, *, skip: Collection[str] = ()) -> Iterator[Path]:
    """The files under Needs_Action, in no order. ``skip`` names top-level subfolders, whatever their case."""
    for entry in files_in(vault, NEEDS_ACTION, skip=skip):
        yield Path(entry.path)


def count_action_items(vault: Path, *, skip: Collection[str] = ()) -> int:
    """How many :func:`action_items` there are, without making a path of each."""
    return sum(1 for _ in files_in(vault, NEEDS_ACTION, skip=skip))


def items_by_domain(vault: Path) -> dict[str, int]:
    """How many action items each domain has: ``{"email": 3, "general": 1}``, by name.

    A domain is a subfolder of Needs_Action, in lower case; one without items is not named.
    """
    folder = find_folder(vault, NEEDS_ACTION)
    if folder is None:
        return {}
    start = len(os.fspath(folder)) + 1
    counts: Counter[str] = Counter()
    for entry in files_below(folder, vault):
        domain, separator, _rest = entry.path[start:].partition(os.sep)
        counts[domain.lower() if separator else GENERAL] += 1
    return dict(sorted(counts.items()))


def queue_counts(vault: Path, today: date, zone: tzinfo) -> dict[str, int]:
    """The rows of the dashboard's Queue Summary. Done counts what changed ``today``, a date in ``zone``."""
    counts = {
        f"/{name}/": sum(1 for _ in files_in(vault, name))
        for name in (NEEDS_ACTION, PLANS, PENDING_APPROVAL, IN_PROGRESS)
    }
    counts[f"/{DONE}/ (today)"] = _done_on(vault, today, zone)
    return counts


def files_in(vault: Path, name: str, *, skip: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """The items in the vault's folder ``name``; none when there is no such folder."""
    folder = find_folder(vault, name)
    return iter(()) if folder is None else files_below(folder, vault, skip=skip)


def files_below(folder: Path, vault: Path, *, skip: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """The items in ``folder``, which lies in ``vault``."""
    for entry in entries_below(folder, skip=skip):
        if not entry.is_symlink() or _links_to_a_file(entry.path, vault):
            yield entry


def entries_below(folder: Path, *, skip: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """Every regular file and every link in ``folder`` and its subfolders, none of them hidden."""
    skipped = {name.casefold() for name in skip}
    folders = [os.fspath(folder)]
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if entry.name[0] == ".":
                        continue
                    if entry.is_file(follow_symlinks=False):
                        yield entry
                    elif entry.name.casefold() in skipped:
                        continue
                    elif entry.is_symlink():
                        yield entry
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except FileNotFoundError:
            pass  # it vanished since its parent was listed
        except OSError as error:
            warn_once(current, error)
        skipped = set()  # only top-level subfolders are skipped


def modified(entry: os.DirEntry[str]) -> float | None:
    """When the entry itself (not what it links to) was changed, a POSIX time; None when it is gone."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        warn_once(entry.path, error)
        return None


def start_of(day: date, zone: tzinfo) -> float:
    """The POSIX time at which ``day`` begins in ``zone``."""
    return datetime.combine(day, time.min, tzinfo=zone).timestamp()


def _links_to_a_file(path: str, vault: Path) -> bool:
    # os.path, because Path.is_file() raises for a link that cannot be followed.
    return leads_inside(path, vault) and os.path.isfile(path)  # noqa: PTH113


def _done_on(vault: Path, day: date, zone: tzinfo) -> int:
    start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    times = map(modified, files_in(vault, DONE, skip=(ARCHIVE,)))
    return sum(1 for changed in times if changed is not None and start <= changed < end)
