"""Reading a file that somebody else may have put there: what it must be, and who else can write it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

UNMAPPED = 65534
"""Whose files look like that in a user namespace may be root's (user_namespaces(7)). Elsewhere it is a user."""
MOST_LINKS = 40
"""As many as Linux follows in one look-up (path_resolution(7))."""


class UnsuitableFile(OSError):
    """Not a file to be read here; ``strerror`` completes a sentence that begins with its path."""


def read_regular_file(path: Path, limit: int, *, beneath: Path | None = None) -> tuple[bytes, os.stat_result]:
    """The bytes of ``path`` and the status of what was really opened.

    Raises UnsuitableFile when that is no regular file, is larger than ``limit`` bytes or, with ``beneath``,
    is a link to a place outside that folder; OSError when it cannot be read. Never blocks on a FIFO.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    target = path
    if beneath is not None:
        target = _resolved(path)
        if not target.is_relative_to(_resolved(beneath)):
            raise UnsuitableFile(errno.EXDEV, "is a link to a place outside the vault", str(path))
        flags |= os.O_NOFOLLOW
    descriptor = os.open(target, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            what = "is a folder" if stat.S_ISDIR(status.st_mode) else "is no regular file"
            raise UnsuitableFile(errno.EINVAL, what, str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise UnsuitableFile(errno.EFBIG, f"is larger than {limit} bytes", str(path))
    return data, status


def _resolved(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, in Python before 3.13
        if isinstance(error, OSError) and error.errno != errno.ELOOP:
            raise
        raise UnsuitableFile(errno.ELOOP, "is a loop of links", str(path)) from error


def problem(error: OSError) -> str:
    """Why a file could not be read, as the end of a sentence that begins with its path."""
    if isinstance(error, UnsuitableFile) and error.strerror:
        return error.strerror
    return f"cannot be read ({error.strerror or error})"


def others_may_write(path: Path, status: os.stat_result, user: int) -> list[str]:
    """Why others can change a file that decides what is executed, each with its remedy; empty: they cannot.

    ``status`` is the opened file's. ``user`` is who runs this program; root can change anything anyway. Every
    folder above it counts: who can write to one can put another in the place of what lies in it.
    """
    return others_may_write_itself(path, status, user) + _above(path, user)


def others_may_write_itself(path: Path, status: os.stat_result, user: int) -> list[str]:
    """As :func:`others_may_write`, without the folders above it."""
    reasons = []
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        reasons.append(f"can be written by others; run: chmod go-w {_quoted(path)}")
    if status.st_uid not in (0, user):
        reasons.append(
            f"belongs to another user (uid {status.st_uid}); {_as_the_right_one(path, status, user)}"
        )
    return reasons


def others_may_write_vault(vault: Path, user: int) -> list[str]:
    """As :func:`others_may_write` for the vault's folder: who can write there can plant what Claude does, and what
    is adopted. A group of the owner's own is none of others. Empty when the vault is not there."""
    try:
        status = vault.stat()
    except OSError:
        return []
    reasons = []
    if status.st_mode & stat.S_IWOTH:
        reasons.append(f"can be written by everybody; run: chmod o-w {_quoted(vault)}")
    elif _is_shared(status):
        reasons.append(f"can be written by a group (gid {status.st_gid}); run: chmod g-w {_quoted(vault)}")
    if user != 0 and status.st_uid not in (0, user):
        remedy = f"run: sudo chown -R {user} {_quoted(vault)}"
        reasons.append(f"belongs to another user (uid {status.st_uid}); {remedy}")
    return reasons + _above(vault, user)


def _above(path: Path, user: int) -> list[str]:
    reasons = []
    folders, links = _passed(path)
    trusted = {0, user, *([UNMAPPED] if _in_user_namespace() else [])}
    for folder in reversed(folders):
        try:
            status = folder.stat()
        except OSError:
            continue  # it cannot be passed, so neither can what lies below it
        if not status.st_mode & stat.S_ISVTX:  # with it, entries are only their owners' to replace
            if status.st_mode & stat.S_IWOTH:
                reasons.append(
                    f"lies in a folder that everybody can write to; run: chmod o-w {_quoted(folder)}"
                )
            elif _is_shared(status):
                group = f"a group can write to (gid {status.st_gid})"
                reasons.append(f"lies in a folder that {group}; run: chmod g-w {_quoted(folder)}")
        if user != 0 and status.st_uid not in trusted:
            reasons.append(
                f"lies in a folder of another user (uid {status.st_uid}), {folder}; move it into one of your own"
            )
    for link, owner in links.items():
        if user != 0 and owner not in trusted:
            reasons.append(
                f"is reached by a link of another user (uid {owner}), {link}; name the place that it leads to"
            )
    return reasons


def _passed(path: Path) -> tuple[list[Path], dict[Path, int]]:
    """The folders and the links that are passed on the way to ``path``, also those to which a link leads; of a link,
    whose it is: in a folder like /tmp its owner can let it lead elsewhere."""
    here = Path(path.anchor or os.curdir)
    folders: dict[Path, None] = {here: None}
    links: dict[Path, int] = {}
    steps = [*reversed(path.relative_to(path.anchor).parts)]
    while steps and len(links) <= MOST_LINKS:
        name = steps.pop()
        entry = here.parent if name == ".." else here / name
        try:
            target = Path(entry.readlink())
            links[entry] = entry.lstat().st_uid
        except OSError:  # no link, or not to be passed at all
            here = entry
            if steps:
                folders[here] = None
            continue
        here = Path(target.anchor) if target.is_absolute() else here
        steps += reversed(target.relative_to(target.anchor).parts)
    return list(folders), links


def _in_user_namespace() -> bool:
    """Whether this process may see other people's files as UNMAPPED's."""
    try:
        return Path("/proc/self/uid_map").read_text(encoding="ascii").split() != ["0", "0", str(2**32 - 1)]
    except OSError:
        return False


def _is_shared(status: os.stat_result) -> bool:
    """Whether a group can write that others belong to. Many systems give each user a group of his own name, and
    make his folders writable for it."""
    if not status.st_mode & stat.S_IWGRP or status.st_gid == 0:
        return False
    import grp  # noqa: PLC0415 - hardly ever needed
    import pwd  # noqa: PLC0415

    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return True
    return owner.pw_name != group.gr_name or not set(group.gr_mem) <= {owner.pw_name}


def _as_the_right_one(path: Path, status: os.stat_result, user: int) -> str:
    if user != 0:
        return f"run: sudo chown {user} {_quoted(path)}"
    import pwd  # noqa: PLC0415 - hardly ever needed

    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = f"'#{status.st_uid}'"
    return f"what it names would be run by root: run aiemp as that user, with sudo -u {name}"


def _quoted(path: Path) -> str:
    import shlex  # noqa: PLC0415 - for a remedy only; no long-running process needs it

    return shlex.quote(str(path))
