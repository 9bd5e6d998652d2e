"""Moving a file to a name that nobody else has, or making it there, whatever happens at the same moment.

rename(2) overwrites silently, so the new name is made first by a call that fails when it exists: a hard
link, or an empty placeholder where the file system has no hard links (exFAT, many network shares).
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from aiemp.durable import PRIVATE_FILE, sync_folder, write_all
from aiemp.inside import open_folder

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC

NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EINVAL}
)
"""EPERM also where the kernel forbids links to other people's files (proc(5), protected_hardlinks)."""


def move_exclusively(source: Path, target: Path) -> None:
    """Move ``source`` to ``target``, in the same file system. FileExistsError when ``target`` exists.

    A link is moved as a link; a relative one is rewritten so that it still leads to the same place.
    On any OSError ``source`` is still there.
    """
    if source.is_symlink():
        _move_link(source, target)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        # The same file under both names: a move that died half way. Finish it.
        if not _same(source, target):
            raise
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        _move_onto_placeholder(source, target)
        return
    _remove(source, target.lstat(), target)


def make_exclusively(
    path: Path, data: bytes, *, mode: int = PRIVATE_FILE, beneath: Path | None = None
) -> None:
    """Make the file ``path``, whole or not at all; ``mode`` as open(2) takes it. FileExistsError when it is there.

    What a killed one left is removed, whether the file is made this time or not. ``beneath`` as in
    :func:`aiemp.durable.replace_file`: OSError when the folder is not in that one, links followed.
    """
    folder = open_folder(path.parent, beneath or path.parent)
    try:
        _make_in(folder, path.name, data, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(folder)
    sync_folder(path.parent)


def _make_in(folder: int, name: str, data: bytes, mode: int) -> None:
    temporary = _unmade(Path(name)).name
    with contextlib.suppress(OSError):
        os.unlink(temporary, dir_fd=folder)
    with contextlib.suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    descriptor = os.open(temporary, _NEW, mode, dir_fd=folder)
    try:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _name_in(folder, temporary, name)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _name_in(folder: int, temporary: str, name: str) -> None:
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        _move_onto_placeholder(temporary, name, folder)
        return
    try:
        os.unlink(temporary, dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


def remove_unmade(path: Path) -> None:
    """Remove what a :func:`make_exclusively` that was killed has left. Best effort."""
    with contextlib.suppress(OSError):
        _unmade(path).unlink()


def _unmade(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.new.tmp")


def _move_link(source: Path, target: Path) -> None:
    link = source.lstat()
    text = os.readlink(source)  # noqa: PTH115 - Path would normalise it
    if not os.path.isabs(text):  # noqa: PTH117 - it is text, not a path from here
        folder, new_folder = os.path.realpath(source.parent), os.path.realpath(target.parent)
        text = os.path.relpath(os.path.join(folder, text), new_folder)  # noqa: PTH118
    try:
        target.symlink_to(text)
    except FileExistsError:
        # The same link under both names: a move that died half way. Finish it.
        if not (target.is_symlink() and os.readlink(target) == text):  # noqa: PTH115 - as above
            raise
    with contextlib.suppress(OSError, NotImplementedError):
        os.utime(target, ns=(link.st_atime_ns, link.st_mtime_ns), follow_symlinks=False)
    _remove(source, link, target)


def _remove(source: Path, moved: os.stat_result, target: Path) -> None:
    """Remove the old name, unless it was given to a new file meanwhile, which then stays."""
    try:
        if os.path.samestat(source.lstat(), moved):
            source.unlink()
    except FileNotFoundError:
        pass
    except OSError:
        with contextlib.suppress(OSError):
            target.unlink()
        raise


def _move_onto_placeholder(source: Path | str, target: Path | str, folder: int | None = None) -> None:
    """``folder``: the descriptor of the one that both names are in; None: they are paths."""
    os.close(os.open(target, _NEW, PRIVATE_FILE, dir_fd=folder))
    try:
        os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(target, dir_fd=folder)
        raise


def _same(source: Path, target: Path) -> bool:
    try:
        return os.path.samestat(source.lstat(), target.lstat())
    except OSError:
        return False
