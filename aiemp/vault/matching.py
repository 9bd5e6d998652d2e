"""The files below the vault that match a pattern, and what of them is new: what a run was to leave.

``*`` and ``**`` as in a shell: neither matches a hidden name, ``**`` stands for any number of folders. A folder
that is named without a wildcard is found whatever its case, as everywhere in a vault, and may be a link that
stays inside; no other link is followed, and none is a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import translate
from itertools import groupby
from pathlib import Path, PurePosixPath

from aiemp.vault.layout import find_folder, shown, warn_once

ANY_FOLDERS = "**"
WILDCARDS = frozenset("*?[")
MOST_NAMES = 10
LONGEST_NAME = 80

Signature = tuple[int, int, int]
"""What changes when a file is written: mtime in ns, size, inode. Not its ctime: a backup or a sync client that
changes attributes has left nothing."""


def matching_files(vault: Path, pattern: str) -> dict[str, Signature]:
    """The regular files that match ``pattern``, by their path in the vault.

    Each folder that may hold one is listed once, each file that matches is looked at once. A folder that
    cannot be read has no files, and is warned of.
    """
    start = len(os.fspath(vault).rstrip(os.sep)) + 1
    found: dict[str, Signature] = {}
    for path in _paths(vault, _parts(pattern)):
        signature = signature_of(path)
        if signature is not None:
            found[path[start:]] = signature
    return found


def new_or_changed(before: Mapping[str, Signature], after: Mapping[str, Signature]) -> list[str]:
    """The paths of ``after`` that are new or not as they were, sorted."""
    return sorted(path for path, signature in after.items() if before.get(path) != signature)


def signature_of(path: str | Path) -> Signature | None:
    """The signature of what bears that name itself, not of what it links to; None when it is gone."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def listed(names: Sequence[str]) -> str:
    """Some names for people: at most ten, then how many more there are."""
    told = ", ".join(_shortened(shown(name)) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{told} and {more} more" if more > 0 else told


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[-LONGEST_NAME + 1 :]}"


def _parts(pattern: str) -> list[str]:
    """The pattern's parts; several ``**`` behind each other mean the same as one."""
    return [
        part
        for part, group in groupby(PurePosixPath(pattern).parts)
        for part in ([part] if part == ANY_FOLDERS else group)
    ]


def _paths(vault: Path, parts: Sequence[str]) -> Iterator[str]:
    """The paths of the files that match. ``seen`` keeps a pattern with several ``**``, which leads to the same
    folder in many ways, from taking for ever."""
    waiting = [(os.fspath(vault).rstrip(os.sep), 0)]
    seen: set[tuple[str, int]] = set()
    while waiting:
        step = waiting.pop()
        if step in seen:
            continue
        seen.add(step)
        folder, number = step
        part, is_last = parts[number], number == len(parts) - 1
        if not is_last and WILDCARDS.isdisjoint(part):
            named = find_folder(Path(folder), part)
            if named is not None:
                waiting.append((os.fspath(named), number + 1))
            continue
        if part == ANY_FOLDERS and not is_last:
            waiting.append((folder, number + 1))  # it stands for no folder at all, too
        # Where ** has come to a folder it goes on from there; any other part is done with.
        following = number if part == ANY_FOLDERS else number + 1
        fits = re.compile(translate(part))
        for entry in _entries(folder):
            if (entry.name[0] == "." and part[0] != ".") or not fits.match(entry.name):
                continue
            if is_last and entry.is_file(follow_symlinks=False):
                yield entry.path
            elif following < len(parts) and entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, following))


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return  # it vanished since it was seen
    except OSError as error:
        warn_once(folder, error)
