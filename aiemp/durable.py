"""Files that are never half written: atomic replacement, and appending whole lines.

A replaced file is written to a temporary file in the same folder, fsynced, renamed over the old one, and
the folder is fsynced: the only order in which a power cut leaves either the old bytes or the new ones.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from pathlib import Path

from aiemp.inside import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    SHARED_FOLDER,
    give,
    open_file,
    open_folder,
    owner_of_new,
    read_file,
)

__all__ = [
    "PRIVATE_FILE",
    "PRIVATE_FOLDER",
    "append_line",
    "make_folders",
    "make_private_folder",
    "remove_leftovers",
    "replace_file",
    "sync_folder",
    "write_all",
]

LARGEST_COPIED_BYTES = 256 * 1024 * 1024
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)

ABANDONED_AFTER_S = 600.0
"""A temporary file that nobody has renamed for so long was left by a process that was killed."""


def make_private_folder(path: Path, *, levels: int = 2, may_lead_away: bool = False) -> None:
    """Create ``path`` with mode 0700, whatever the umask; existing folders stay as they are.

    At most ``levels`` missing folders are made. More are missing when the vault itself has vanished (not
    mounted, moved): then FileNotFoundError, since an empty vault in its place would hide that. OSError too
    when one of these levels is a link that leads out of the folder above them: Claude writes into the vault,
    and a link there must not make us write elsewhere. ``may_lead_away`` is for folders outside of the vault.
    """
    if not may_lead_away:
        os.close(open_folder(path, path.parents[levels - 1], make=levels))
        return
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if len(missing) > levels:
        raise FileNotFoundError(errno.ENOENT, "the folder above it is not there", str(missing[-1]))
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE_FOLDER)
            _give_folder(folder)


def make_folders(path: Path, *, mode: int = SHARED_FOLDER) -> None:
    """Create ``path``, outside of the vault, and what is missing above it; nobody else may write there, also
    without a umask (Path.mkdir gives ``mode`` to the last folder alone). Existing folders stay as they are."""
    missing = []
    for folder in (path, *path.parents):
        if folder.exists():
            break
        missing.append(folder)
    for folder in reversed(missing):
        folder.mkdir(mode=mode if folder == path else SHARED_FOLDER, exist_ok=True)
    if not missing and not path.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE_FILE, beneath: Path | None = None) -> None:
    """Replace ``path`` by ``data``, all or nothing. Raises OSError and leaves the old file when it cannot.

    An existing file keeps its mode and, as far as we may, its owner; ``mode`` is for a new one, which belongs
    to whom the folder belongs. So a command typed as root takes nothing away from who runs everything.
    ``beneath``: OSError when the folder is not in that one, links followed (:mod:`aiemp.inside`); for every
    file of the vault.
    """
    folder = os.open(path.parent, _FOLDER) if beneath is None else open_folder(path.parent, beneath)
    temporary = f".{path.name[:100]}.{os.urandom(6).hex()}.tmp"
    try:
        _remove_abandoned(path, folder)
        owner = owner_of_new(folder)
        with contextlib.suppress(OSError):
            status = os.stat(path.name, dir_fd=folder, follow_symlinks=beneath is None)
            if stat.S_ISREG(status.st_mode):
                mode, owner = status.st_mode & 0o777, (status.st_uid, status.st_gid)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, PRIVATE_FILE, dir_fd=folder)
        try:
            try:
                write_all(descriptor, data)
                give(descriptor, owner)
                os.fchmod(descriptor, mode)  # after it: a change of owner may clear bits of it
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        _sync(".", folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(folder)


def remove_leftovers(path: Path) -> None:
    """Remove what writers of ``path`` left that were killed before their rename. The caller holds the lock that
    keeps other writers out."""
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for leftover in [entry.path for entry in entries if _is_temporary(entry.name, path)]:
            with contextlib.suppress(OSError):
                os.unlink(leftover)  # noqa: PTH108 - as scandir names it


def _remove_abandoned(path: Path, folder: int) -> None:
    """Remove what a killed writer of ``path`` left, as far as no writer can still be at it: no lock is needed.

    ``folder`` is the descriptor of its folder, so that nothing is removed anywhere else.
    """
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for name in (entry.name for entry in entries if _is_temporary(entry.name, path)):
            with contextlib.suppress(OSError):
                written = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
                if time.time() - written > ABANDONED_AFTER_S:
                    os.unlink(name, dir_fd=folder)


def _is_temporary(name: str, path: Path) -> bool:
    """Whether ``name`` is one that :func:`replace_file` gives a file which is to become ``path``."""
    prefix = f".{path.name[:100]}."
    return name.startswith(prefix) and name.endswith(".tmp") and len(name) == len(prefix) + 12 + len(".tmp")


def append_line(path: Path, line: bytes, *, beneath: Path | None = None) -> None:
    """Append one line (without its newline) in one durable write; a torn last line is ended first.

    The caller holds a lock: two appenders would otherwise both see the torn end. A file that has a second name
    (a snapshot made of hard links, or a trap) is left to that, and a copy goes on in its place. ``beneath`` as in
    :func:`replace_file`.
    """
    boundary = beneath or path.parent
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        descriptor = open_file(path, flags, boundary)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        replace_file(path, read_file(path, LARGEST_COPIED_BYTES, boundary), beneath=boundary)
        descriptor = open_file(path, flags, boundary)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            write_all(descriptor, (b"\n" if torn else b"") + line + b"\n")
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not size:
        sync_folder(path.parent)


def _give_folder(folder: Path) -> None:
    """Make whom the folder above it belongs to the owner of a new folder. Only root makes them for others."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            status = folder.parent.stat()
            os.chown(folder, status.st_uid, status.st_gid, follow_symlinks=False)


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until nothing is left: a single call may write less than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make a rename or a new entry in ``folder`` survive a power cut.

    Some file systems (network shares, FUSE) refuse to fsync a folder; the file itself is safe by then.
    """
    _sync(folder, None)


def _sync(folder: Path | str, within: int | None) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=within)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
