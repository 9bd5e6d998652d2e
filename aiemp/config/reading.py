"""Reading a file that somebody else may have put there: what it must be, and who else can write it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


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

    ``status`` is the opened file's. ``user`` is who runs this program; root can change anything anyway.
    The folder counts when everybody can write to it and the sticky bit does not protect the entries.
    """
    reasons = []
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        reasons.append(f"can be written by others; run: chmod go-w {path}")
    if status.st_uid not in (0, user):
        reasons.append(f"belongs to another user (uid {status.st_uid}); run: chown {user} {path}")
    for folder in dict.fromkeys((path.parent, path.resolve().parent)):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            reasons.append(f"lies in a folder that everybody can write to; run: chmod o-w {folder}")
    return reasons
