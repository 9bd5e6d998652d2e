"""Files that are never half written: atomic replacement, and appending whole lines.

A replaced file is written to a temporary file in the same folder, fsynced, renamed over the old one, and
the folder is fsynced: the only order in which a power cut leaves either the old bytes or the new ones.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import time
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

ABANDONED_AFTER_S = 600.0
"""A temporary file that nobody has renamed for so long was left by a process that was killed."""


def make_private_folder(path: Path, *, levels: int = 2, may_lead_away: bool = False) -> None:
    """Create ``path`` with mode 0700, whatever the umask; existing folders stay as they are.

    At most ``levels`` missing folders are made. More are missing when the vault itself has vanished (not
    mounted, moved): then FileNotFoundError, since an empty vault in its place would hide that. OSError too
    when one of these levels is a link that leads out of the folder above them: Claude writes into the vault,
    and a link there must not make us write elsewhere. ``may_lead_away`` is for folders outside of the vault.
    """
    top = path.parents[levels - 1]
    # Not Path.resolve(): of links in a circle it makes a RuntimeError before Python 3.13.
    if not may_lead_away and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(top)):
        raise OSError(errno.ELOOP, f"a link leads out of {top}; put a folder there instead", str(path))
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if len(missing) > levels:
        raise FileNotFoundError(errno.ENOENT, "the vault's folder is not there", str(missing[-1]))
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE_FOLDER)
            _give(folder, _owner_of_new(folder))


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Replace ``path`` by ``data``, all or nothing. Raises OSError and leaves the old file when it cannot.

    An existing file keeps its mode and, as far as we may, its owner; ``mode`` is for a new one, which belongs
    to whom the folder belongs. So a command typed as root takes nothing away from who runs everything.
    """
    owner = _owner_of_new(path)
    _remove_abandoned(path)
    with contextlib.suppress(OSError):
        status = path.stat()
        mode, owner = status.st_mode & 0o7777, (status.st_uid, status.st_gid)
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            write_all(descriptor, data)
            _give(descriptor, owner)
            os.fchmod(descriptor, mode)  # after it: a change of owner may clear bits of it
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what writers of ``path`` left that were killed before their rename. The caller holds the lock that
    keeps other writers out."""
    for leftover in path.parent.glob(f".{glob.escape(path.name[:100])}.{'?' * 12}.tmp"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _remove_abandoned(path: Path) -> None:
    """Remove what a killed writer of ``path`` left, as far as no writer can still be at it: no lock is needed."""
    prefix = f".{path.name[:100]}."
    length = len(prefix) + 12 + len(".tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            name = entry.name
            if len(name) == length and name.startswith(prefix) and name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_AFTER_S:
                        os.unlink(entry.path)  # noqa: PTH108 - a Path for each entry of a large folder costs


def append_line(path: Path, line: bytes) -> None:
    """Append one line (without its newline) in one durable write; a torn last line is ended first.

    The caller holds a lock: two appenders would otherwise both see the torn end.
    """
    created = not path.exists()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, PRIVATE_FILE)
    try:
        if created:
            _give(descriptor, _owner_of_new(path))
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
    if created:
        sync_folder(path.parent)


def _owner_of_new(path: Path) -> tuple[int, int] | None:
    """Whose a new file or folder is to be; None: as the system has it. Only root makes files for others."""
    if os.geteuid() != 0:
        return None
    try:
        status = path.parent.stat()
    except OSError:
        return None
    return status.st_uid, status.st_gid


def _give(what: int | Path, owner: tuple[int, int] | None) -> None:
    """Make ``owner`` the owner (user, group), where that is allowed."""
    if owner is not None and owner != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.chown(what, *owner)


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until nothing is left: a single call may write less than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make a rename or a new entry in ``folder`` survive a power cut.

    Some file systems (network shares, FUSE) refuse to fsync a folder; the file itself is safe by then.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
