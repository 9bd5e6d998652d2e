"""Finding a folder of the vault without loading more than a stat(2) needs, in the usual case."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def folder_named(vault: Path, name: str) -> Path | None:
    """The vault's folder ``name``, as :func:`aiemp.vault.layout.find_folder` finds it, but lean at start."""
    exact = vault / name
    try:
        if stat.S_ISDIR(os.lstat(exact).st_mode):
            return exact
    except OSError:
        pass  # it may be spelt differently, or be a link: found, or warned of, below
    from aiemp.vault.layout import find_folder  # noqa: PLC0415 - the unusual case

    return find_folder(vault, name)


def visible_names(vault: Path) -> frozenset[str]:
    """What lies in the vault's folder itself, hidden things aside; nothing when it cannot be listed."""
    try:
        with os.scandir(vault) as entries:
            return frozenset(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError:
        return frozenset()


def vault_is_there(vault: Path, seen_before: frozenset[str]) -> bool:
    """Whether the vault can be seen. One in which nothing is left of what was ``seen_before`` is taken for
    the empty folder where it was mounted, even if somebody has made a ``.state`` there by now."""
    if not seen_before:
        return os.path.isdir(vault)  # noqa: PTH112 - Path.is_dir would raise where it may not be entered
    return not seen_before.isdisjoint(visible_names(vault))
