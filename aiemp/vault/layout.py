"""The folders of a vault, and how one is found: whatever its case, and never through a link out of it.

The names are the convention of existing vaults. Users capitalise as they like (``needs_action``), so
every look-up ignores case; a folder of the exact name wins.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from aiemp.errors import Blocked

log = logging.getLogger("aiemp.vault")

INBOX = "Inbox"
NEEDS_ACTION = "Needs_Action"
PLANS = "Plans"
PENDING_APPROVAL = "Pending_Approval"
APPROVED = "Approved"
REJECTED = "Rejected"
IN_PROGRESS = "In_Progress"
DONE = "Done"
ARCHIVE = "archive"
"""The subfolder of Done."""
LOGS = "Logs"
BRIEFINGS = "Briefings"
ACCOUNTING = "Accounting"
DROP = "Drop"
UPDATES = "Updates"
STATE = ".state"

SIGNS_OF_A_VAULT = frozenset({"dashboard.md", "needs_action", "pending_approval", ".obsidian"})
FOUND_IN_EMPTY_FOLDERS = frozenset({STATE, "lost+found"})
MOST_WARNINGS = 500
"""A process that runs for months must not collect what it has told for ever."""
LONGEST_SHOWN = 500

_told: set[str] = set()


def looks_like_vault(path: Path) -> bool:
    """Whether ``path`` is a folder with a Dashboard.md, Needs_Action, Pending_Approval or .obsidian in it."""
    try:
        with os.scandir(path) as entries:
            return any(entry.name.casefold() in SIGNS_OF_A_VAULT for entry in entries)
    except (OSError, ValueError):
        return False


def require_vault(path: Path) -> None:
    """Raise Blocked, with reason and remedy, when ``path`` is missing, empty, no folder, or unreadable.

    An empty folder is what the mount point of a disk that is not there looks like: to work in it would be to
    start afresh behind the owner's back.
    """
    where = shown(path)
    try:
        with os.scandir(path) as entries:
            if all(entry.name in FOUND_IN_EMPTY_FOLDERS for entry in entries):
                raise Blocked(
                    f"the vault folder {where} is empty; mount its disk, or make a vault of it with "
                    "'aiemp init'"
                )
    except FileNotFoundError:
        raise Blocked(
            f"the vault folder {where} does not exist; mount or restore it, name another with --vault, "
            "or make one with 'aiemp init'"
        ) from None
    except NotADirectoryError:
        raise Blocked(f"the vault {where} is not a folder; name the vault's folder with --vault") from None
    except PermissionError:
        from aiemp.remedy import own_line  # noqa: PLC0415 - rare

        raise Blocked(
            f"the vault folder {where} cannot be read; give yourself the right, for example: {own_line(where, 'rwx')}"
        ) from None
    except (OSError, ValueError) as error:
        raise Blocked(
            f"the vault folder {where} cannot be read ({reason_of(error)}); check the path and its disk"
        ) from None


def find_entry(folder: Path, name: str) -> Path | None:
    """What bears ``name`` in ``folder``, whatever its case and its kind; None when nothing does.

    Raises nothing: a folder that cannot be listed has no entries, and is warned of.
    """
    exact = folder / name
    if os.path.lexists(exact):
        return exact
    wanted = name.casefold()
    try:
        with os.scandir(folder) as entries:
            matches = sorted(entry.name for entry in entries if entry.name.casefold() == wanted)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            warn_once(folder, error)
        return None
    return folder / matches[0] if matches else None


def find_folder(vault: Path, name: str) -> Path | None:
    """The vault's folder ``name``, whatever its case; None when it is missing or not usable.

    A link counts as long as it stays inside the vault and off its root and hidden folders.
    """
    path = find_entry(vault, name)
    if path is None:
        return None
    # os.path, because Path.is_dir() raises where the vault may be listed but not entered.
    if os.path.islink(path) and not leads_inside(path, vault):  # noqa: PTH114
        warn_once(path, "is a link out of the vault, and is left alone")
        return None
    if not os.path.isdir(path):  # noqa: PTH112
        warn_once(path, "is not a folder, and is left alone")
        return None
    return path


def leads_inside(path: Path | str, vault: Path | str) -> bool:
    """Whether ``path``, with all links followed, lies below the vault and in no hidden folder of it."""
    boundary = os.path.realpath(vault).rstrip(os.sep) + os.sep
    target = os.path.realpath(path)
    return target.startswith(boundary) and os.sep + "." not in target[len(boundary) - 1 :]


def warn_once(path: Path | str, problem: OSError | str) -> None:
    """Log a warning about ``path``; once a process, since the same folders are looked at every minute."""
    text = f"{shown(path)} {problem}" if isinstance(problem, str) else f"{shown(path)}: {reason_of(problem)}"
    if text not in _told and len(_told) < MOST_WARNINGS:
        _told.add(text)
        log.warning("%s", text)


def shown(path: Path | str) -> str:
    """A path for people: as it is, or quoted when it holds newlines, control or undecodable characters.

    A very long one, which only a mischief-maker has, is shortened in its middle.
    """
    text = os.fspath(path)
    if len(text) > LONGEST_SHOWN:
        text = f"{text[: LONGEST_SHOWN // 2]}…{text[-LONGEST_SHOWN // 2 :]}"
    return text if text.isprintable() else repr(text)


def reason_of(error: Exception) -> str:
    """Why the system refused, without the path, which the message names already."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
