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
    return count_in(vault, NEEDS_ACTION, skip=skip)


def items_by_domain(vault: Path) -> dict[str, int]:
    """How many action items each domain has: ``{"email": 3, "general": 1}``, by name.

    A domain is a subfolder of Needs_Action, in lower case; one without items is not named.
    """
    folder = find_folder(vault, NEEDS_ACTION)
    if folder is None:
        return {}
    counts: Counter[str] = Counter()
    here, domains = _counted(os.fspath(folder), vault)
    counts[GENERAL] += here
    for domain in domains:
        counts[os.path.basename(domain).lower()] += count_below(domain, vault)  # noqa: PTH119
    return {domain: count for domain, count in sorted(counts.items()) if count}


def queue_counts(vault: Path, today: date, zone: tzinfo) -> dict[str, int]:
    """The rows of the dashboard's Queue Summary. Done counts what changed ``today``, a date in ``zone``."""
    counts = {
        f"/{name}/": count_in(vault, name) for name in (NEEDS_ACTION, PLANS, PENDING_APPROVAL, IN_PROGRESS)
    }
    counts[f"/{DONE}/ (today)"] = count_done_on(vault, today, zone)
    return counts


def count_done_on(vault: Path, day: date, zone: tzinfo) -> int:
    """How many items in Done, the archive aside, were changed on ``day``, a date in ``zone``."""
    start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    done = find_folder(vault, DONE)
    folders = [] if done is None else [os.fspath(done)]
    count, skipped = 0, {ARCHIVE}
    while folders:
        changed, found = _changed(folders.pop(), vault, start, end, skipped)
        count += changed
        folders += found
        skipped = set()  # only top-level subfolders are skipped
    return count


def files_in(vault: Path, name: str, *, skip: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """The items in the vault's folder ``name``; none when there is no such folder."""
    folder = find_folder(vault, name)
    return iter(()) if folder is None else files_below(folder, vault, skip=skip)


def files_below(folder: Path, vault: Path, *, skip: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """The items in ``folder``, which lies in ``vault``."""
    for entry in entries_below(folder, skip=skip):
        if not entry.is_symlink() or _links_to_a_file(entry.path, vault):
            yield entry


def count_in(vault: Path, name: str, *, skip: Collection[str] = ()) -> int:
    """How many items the vault's folder ``name`` has; 0 when there is no such folder."""
    folder = find_folder(vault, name)
    return 0 if folder is None else count_below(folder, vault, skip=skip)


def count_below(folder: Path | str, vault: Path, *, skip: Collection[str] = ()) -> int:
    """How many :func:`files_below` yields. A loop of its own: an iterator for each entry would take twice as long."""
    total, folders = _counted(os.fspath(folder), vault, {name.casefold() for name in skip})
    while folders:
        count, found = _counted(folders.pop(), vault)
        total += count
        folders += found
    return total


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


def _counted(folder: str, vault: Path, skipped: Collection[str] = ()) -> tuple[int, list[str]]:
    """How many items lie in this one folder, and the folders in it, but for those ``skipped``."""
    count, folders = 0, []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name[0] == ".":
                    continue
                if entry.is_file(follow_symlinks=False):
                    count += 1
                elif skipped and entry.name.casefold() in skipped:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_symlink() and _links_to_a_file(entry.path, vault):
                    count += 1
    except FileNotFoundError:
        pass  # it vanished since its parent was listed
    except OSError as error:
        warn_once(folder, error)
    return count, folders


def _changed(
    folder: str, vault: Path, start: float, end: float, skipped: Collection[str]
) -> tuple[int, list[str]]:
    """As :func:`_counted`, but only what was changed in ``start <= t < end``. It asks the time of each file, which
    costs more than all else: by an open folder, so that its path is not walked a hundred thousand times."""
    count, folders = 0, []
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    continue
                if entry.is_file(follow_symlinks=False):
                    pass
                elif skipped and name.casefold() in skipped:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(os.path.join(folder, name))  # noqa: PTH118 - a Path for each would be slow
                    continue
                elif not entry.is_symlink() or not _links_to_a_file(os.path.join(folder, name), vault):  # noqa: PTH118
                    continue
                at = modified(entry)
                if at is not None and start <= at < end:
                    count += 1
    except FileNotFoundError:
        pass  # it vanished since its parent was listed
    except OSError as error:
        warn_once(folder, error)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return count, folders
