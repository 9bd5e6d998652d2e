"""Putting a new Dashboard.md in place of the one that was read, and of no other.

The new bytes are on disk before they take the name. Where the system can, the two files *exchange* their
names, so that a file which somebody else put there in the last microsecond is in our hands and not gone
(renameat2(2) RENAME_EXCHANGE on Linux, renamex_np(2) RENAME_SWAP on macOS); elsewhere it is a rename right
after a last look.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp.dashboard.snapshot import DashboardError, Snapshot, open_regular
from aiemp.durable import PRIVATE_FILE, sync_folder, write_all

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}


def put(path: Path, data: bytes, instead_of: Snapshot, *, insist: bool = False) -> Snapshot | None:
    """Write ``data`` to ``path`` if that is still what ``instead_of`` read. Call under the dashboard's lock.

    ``insist``: even if it is not, where names can be exchanged, since then nothing is lost by it; and without
    waiting for the disk first, since every millisecond counts then.

    Returns the file that lost its name, as it was read, so that a write into it by somebody who has it open
    can be noticed (``has_changed``). None when the file at ``path`` is another one now: nothing was done.
    """
    staged, temporary = path.with_name(f".{path.name[:100]}.aiemp.tmp"), exchanged_name(path)
    insist = insist and instead_of.stat is not None and exchange_call() is not None
    _stage(staged, data, instead_of.stat, sync=not insist)
    displaced = None
    try:
        staged.replace(temporary)
        if insist or instead_of.is_still_at(path):
            if instead_of.stat is not None:
                displaced = _exchange(temporary, path, instead_of)
            elif _create(temporary, path):
                displaced = instead_of
    except FileNotFoundError:
        displaced = None  # somebody took the file away in this moment
    finally:
        try:
            for name in (staged, temporary):
                with contextlib.suppress(FileNotFoundError):
                    name.unlink()
        except OSError:
            if displaced is not None:
                displaced.close()
            raise
    if displaced is not None:
        if insist:
            _sync(path)
        sync_folder(path.parent)
    return displaced


def exchanged_name(path: Path) -> Path:
    """The name that a new file bears for the moment in which it takes the place of the old one, and the old one
    after it. So what lies there when an update was killed may be somebody's text; what is being written, and so
    is ours, has another name."""
    return path.with_name(f".{path.name[:100]}.aiemp-old.tmp")


def _stage(temporary: Path, data: bytes, like: os.stat_result | None, *, sync: bool) -> None:
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()  # of an update that was killed; the name is ours alone
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        write_all(descriptor, data)
        if like is not None:
            if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(
                        descriptor, like.st_uid, like.st_gid
                    )  # root must not take the owner's file away
            os.fchmod(descriptor, like.st_mode & 0o777)
        if sync:
            os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's file has that name by now, and is his to sync
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _create(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        temporary.rename(path)  # a file system without hard links
    return True


def _exchange(temporary: Path, path: Path, read: Snapshot) -> Snapshot | None:
    if not _exchange_names(temporary, path):
        if not read.is_still_at(path):
            return None
        temporary.replace(path)
        return read
    try:
        found = temporary.lstat()
        if read.stat is not None and os.path.samestat(found, read.stat):
            return read
        displaced = Snapshot(open_regular(temporary), b"")
    except (OSError, DashboardError):
        _exchange_names(temporary, path)  # whatever it is that somebody put there, it goes back
        return None
    displaced.data = read.data
    read.close()
    return displaced


def _exchange_names(one: Path, other: Path) -> bool:
    """Exchange two names. False when the system or the file system has no such call."""
    call = exchange_call()
    if call is None:
        return False
    code = call(os.fsencode(one), os.fsencode(other))
    if code in _CANNOT:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(other))
    return True


@lru_cache(maxsize=1)
def exchange_call() -> Callable[[bytes, bytes], int] | None:
    """The system's call that exchanges two names, returning an errno (0: done); None when it has none."""
    import ctypes  # noqa: PLC0415 - only for an update that has something to write

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            function, fixed = libc.renamex_np, False
        else:
            function, fixed = libc.renameat2, True
    except (OSError, AttributeError):
        return None

    def call(one: bytes, other: bytes) -> int:
        if fixed:
            failed = function(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE)
        else:
            failed = function(one, other, _RENAME_SWAP)
        return ctypes.get_errno() if failed else 0

    return call
