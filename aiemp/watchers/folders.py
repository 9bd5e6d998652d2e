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


def vault_is_there(vault: Path, *names: str, known: bool) -> bool:
    """Whether the vault can be seen. Once it is ``known``, an empty folder in its place (where it was
    mounted) is not taken for it: ``.state`` or one of ``names`` has to be there."""
    paths = [vault / name for name in (".state", *names)] if known else [vault]
    # Path.is_dir would raise where the vault may not be entered.
    return any(os.path.isdir(path) for path in paths)  # noqa: PTH112
