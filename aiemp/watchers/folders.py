"""Finding a folder of the vault without loading more than a stat(2) needs, in the usual case."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    AnyPath = Path | str

ITEM_KINDS = frozenset({"email", "emails", "whatsapp", "file", "files", "social"})
"""Folders under ``Needs_Action`` that show a vault to sort its items (vault-facts, "Folders and files")."""


def folder_named(vault: AnyPath, name: str) -> str | None:
    """The vault's folder ``name``, as :func:`aiemp.vault.layout.find_folder` finds it, but lean at start."""
    exact = os.path.join(vault, name)
    try:
        if stat.S_ISDIR(os.lstat(exact).st_mode):
            return exact
    except OSError:
        pass  # it may be spelt differently, or be a link: found, or warned of, below
    from pathlib import Path  # noqa: PLC0415 - the unusual case

    from aiemp.vault.layout import find_folder  # noqa: PLC0415

    found = find_folder(Path(vault), name)
    return None if found is None else str(found)


def visible_names(vault: AnyPath) -> frozenset[str]:
    """What lies in the vault's folder itself, hidden things aside; nothing when it cannot be listed."""
    try:
        with os.scandir(vault) as entries:
            return frozenset(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError:
        return frozenset()


def vault_is_there(vault: AnyPath, seen_before: frozenset[str]) -> bool:
    """Whether the vault can be seen. One in which nothing is left of what was ``seen_before`` is taken for
    the empty folder where it was mounted, even if somebody has made a ``.state`` there by now."""
    if not seen_before:
        return os.path.isdir(vault)  # Path.is_dir would raise where it may not be entered
    return not seen_before.isdisjoint(visible_names(vault))


def item_folder(vault: AnyPath) -> str:
    """Where items of dropped files go: ``Needs_Action/file``, or ``Needs_Action`` itself in a flat vault.

    A vault is flat when its Needs_Action has none of the usual folders. They are taken as they are spelt
    (``Email/`` → ``File/``).
    """
    needs_action = folder_named(vault, "Needs_Action") or os.path.join(vault, "Needs_Action")
    try:
        with os.scandir(needs_action) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return os.path.join(needs_action, "file")
    kinds = [name for name in folders if name.lower() in ITEM_KINDS]
    for name in kinds:
        if name.lower() in ("file", "files"):
            return os.path.join(needs_action, name)
    if not kinds:
        return needs_action
    return os.path.join(needs_action, "File" if kinds[0][0].isupper() else "file")
