"""What a folder holds before aiemp comes: whether it is a vault, and how its queues are kept."""

from __future__ import annotations

import os
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.vault.layout import (
    NEEDS_ACTION,
    PENDING_APPROVAL,
    find_entry,
    find_folder,
    looks_like_vault,
)
from aiemp.vault.scaffold import HANDBOOK


@frozen
class QueueLayout:
    """How one queue is kept. ``folder`` is its name as it is spelt there; ``domains`` its subfolders.

    Without any, and with files, it is flat.
    """

    folder: str
    domains: tuple[str, ...]
    has_items: bool

    @property
    def in_words(self) -> str:
        """Empty for a queue that was never used."""
        if self.domains:
            return f"{self.folder} by domain ({', '.join(self.domains)})"
        return f"{self.folder} flat" if self.has_items else ""


@frozen
class Survey:
    """What is there. ``lacks_handbook``: the page that says whom the employee works for is still to be made."""

    is_vault: bool
    queues: tuple[QueueLayout, ...] = ()
    lacks_handbook: bool = True

    @property
    def layout(self) -> tuple[str, ...]:
        """How its queues are kept, as far as that can be told."""
        return tuple(queue.in_words for queue in self.queues if queue.in_words)


def survey(vault: Path) -> Survey:
    """Look at ``vault``, which may not exist. Reads two folders, whatever their size."""
    queues = tuple(
        _queue(folder)
        for name in (NEEDS_ACTION, PENDING_APPROVAL)
        if (folder := find_folder(vault, name)) is not None
    )
    return Survey(looks_like_vault(vault), queues, find_entry(vault, HANDBOOK) is None)


def _queue(folder: Path) -> QueueLayout:
    domains, has_items = [], False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    domains.append(entry.name)
                else:
                    has_items = True
    except OSError:
        pass  # whoever makes the vault whole says it
    return QueueLayout(folder.name, tuple(sorted(domains)), has_items)
