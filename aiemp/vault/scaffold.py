"""A new vault's folders and first files, and whatever of them an existing vault lacks. Overwrites nothing.

The files come from ``starter/`` beside this module. An existing vault keeps its own ways: a folder in other
case counts as there, and one that is used flat gets no subfolders.
"""

from __future__ import annotations

import os
from pathlib import Path

from aiemp.durable import make_folders
from aiemp.errors import VaultError
from aiemp.frozen import frozen
from aiemp.inside import PRIVATE_FOLDER, SHARED_FILE, SHARED_FOLDER
from aiemp.vault.dashboard_template import dashboard_template
from aiemp.vault.layout import (
    ACCOUNTING,
    APPROVED,
    ARCHIVE,
    BRIEFINGS,
    DONE,
    DROP,
    IN_PROGRESS,
    INBOX,
    LOGS,
    NEEDS_ACTION,
    PENDING_APPROVAL,
    PLANS,
    REJECTED,
    STATE,
    UPDATES,
    find_entry,
    leads_inside,
    looks_like_vault,
    reason_of,
    shown,
    warn_once,
)
from aiemp.vault.moves import make_exclusively, remove_unmade

STARTER = Path(__file__).with_name("starter")
SKILLS = ("email-triage", "task-planner", "hitl-handler", "social-post")
FOLDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (INBOX, ()),
    (NEEDS_ACTION, ("email", "whatsapp", "file", "social")),
    (PLANS, ()),
    (PENDING_APPROVAL, ("email", "social", "finance", "general")),
    (APPROVED, ()),
    (REJECTED, ()),
    (IN_PROGRESS, ("cloud", "local")),
    (DONE, (ARCHIVE,)),
    (LOGS, ()),
    (BRIEFINGS, ()),
    (ACCOUNTING, ()),
    (DROP, ()),
    (UPDATES, ()),
    (STATE, ()),
)
HANDBOOK = "Company_Handbook.md"
OWNER_MARK = "{owner}"
SUBFOLDERS_ALWAYS = frozenset({DONE})
"""Done/archive is no sorting of the owner's; the archive task would make it anyway."""


@frozen
class Scaffold:
    """What was made, and what was there already and therefore left alone; folders before their content."""

    created: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()


def scaffold(vault: Path, owner: str = "") -> Scaffold:
    """Make what ``vault`` lacks, itself included; safe to run again. VaultError when something cannot be.

    ``owner`` is whom the employee works for, for the handbook. A ``.gitignore`` is for new vaults only: whoever
    has a vault has decided what he commits.
    """
    is_new = not looks_like_vault(vault)
    builder = _Builder(vault)
    builder.make_vault()
    if is_new:  # first, since a run that dies half way leaves something that looks like a vault
        builder.make_file(vault, ".gitignore", _starter_text("gitignore"))
    for name, subfolders in FOLDERS:
        folder = builder.make_folder(vault, name)
        if folder is not None and (name in SUBFOLDERS_ALWAYS or not _is_flat(folder, subfolders)):
            for subfolder in subfolders:
                builder.make_folder(folder, subfolder)
    builder.make_file(vault, "Dashboard.md", dashboard_template())
    builder.make_file(vault, "Business_Goals.md", _starter_text("Business_Goals.md"))
    handbook = _starter_text(HANDBOOK).replace(OWNER_MARK, " ".join(owner.split()))
    builder.make_file(vault, HANDBOOK, "".join(f"{line.rstrip()}\n" for line in handbook.splitlines()))
    for skill in SKILLS:
        folder = builder.make_folders(vault, ".claude", "skills", skill)
        if folder is not None:
            builder.make_file(folder, "SKILL.md", _starter_text(f"skills/{skill}/SKILL.md"))
    return Scaffold(tuple(builder.created), tuple(builder.kept))


class _Builder:
    """Makes one thing at a time and remembers what became of it."""

    def __init__(self, vault: Path) -> None:
        self.vault = vault
        self.created: list[Path] = []
        self.kept: list[Path] = []

    def make_vault(self) -> None:
        try:
            make_folders(self.vault.parent)
            self.vault.mkdir(mode=SHARED_FOLDER)
            self.created.append(self.vault)
        except FileExistsError:
            if not self.vault.is_dir():
                raise VaultError(f"{shown(self.vault)} is not a folder; name another for the vault") from None
        except (OSError, ValueError) as error:
            raise _cannot_make(self.vault, error) from error

    def make_folders(self, parent: Path, *names: str) -> Path | None:
        folder: Path | None = parent
        for name in names:
            folder = None if folder is None else self.make_folder(folder, name)
        return folder

    def make_folder(self, parent: Path, name: str) -> Path | None:
        """The folder ``name`` in ``parent``; None when something else or a link out of the vault is there."""
        path = find_entry(parent, name)
        if path is None:
            path = parent / name
            try:
                path.mkdir(mode=PRIVATE_FOLDER if name == STATE else SHARED_FOLDER)
                self.created.append(path)
                return path
            except FileExistsError:
                pass  # somebody was quicker
            except OSError as error:
                raise _cannot_make(path, error) from error
        self._keep(path)
        if not path.is_dir() or (path.is_symlink() and not leads_inside(path, self.vault)):
            warn_once(path, "is not a folder of this vault, and is left alone")
            return None
        return path

    def make_file(self, folder: Path, name: str, text: str) -> None:
        there = find_entry(folder, name)
        if there is not None:
            remove_unmade(there)
            self._keep(there)
            return
        path = folder / name
        try:
            make_exclusively(path, text.encode(), mode=SHARED_FILE)
        except FileExistsError:
            self._keep(path)
            return
        except OSError as error:
            raise _cannot_make(path, error) from error
        self.created.append(path)

    def _keep(self, path: Path) -> None:
        if path not in self.created and path not in self.kept:
            self.kept.append(path)


def _is_flat(folder: Path, subfolders: tuple[str, ...]) -> bool:
    """Whether ``folder`` is in use, and without any of the subfolders."""
    wanted = {name.casefold() for name in subfolders}
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        warn_once(folder, error)
        return True
    has_files = any(not entry.is_dir(follow_symlinks=False) for entry in visible)
    return has_files and not any(entry.name.casefold() in wanted for entry in visible)


def _starter_text(name: str) -> str:
    return (STARTER / name).read_text(encoding="utf-8")


def _cannot_make(path: Path, error: Exception) -> VaultError:
    return VaultError(
        f"{shown(path)} cannot be made ({reason_of(error)}); check the folder's permissions and the disk"
    )
