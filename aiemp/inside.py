"""Opening what lies in the vault, so that no link leads out of it: not one that is there, nor one that somebody
puts there at the same moment.

Claude writes into the vault, and so does whoever can talk it into something. A link that stays inside is the
owner's to have. The way is gone step by step through the descriptors of its folders, following no link; where there
is one, the way is resolved and gone again in the same manner, if it stays inside. What has a second name (a hard link)
may have it anywhere: it is read, and never written to.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    AnyPath = Path | str
    """A watcher that starts does without pathlib, which brings urllib along."""

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
SHARED_FOLDER = 0o755
SHARED_FILE = 0o644
"""For what the owner works with. The umask may take more away; without one, nobody else may write all the same."""

_WAY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
"""O_PATH asks for no right but that to pass (open(2)); macOS has none, and readable folders are usual there."""
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # nor may a FIFO of that name make us wait
_WRITING = os.O_WRONLY | os.O_RDWR


def open_folder(folder: AnyPath, boundary: AnyPath, *, make: int = 0) -> int:
    """A descriptor of ``folder``, for use as ``dir_fd``. At most ``make`` missing levels are made, with mode 0700.

    OSError when it does not lie in ``boundary`` once all links are followed, is no folder, or is missing.
    """
    written = _steps(os.fspath(folder), os.fspath(boundary))
    if written is not None and ".." not in written:
        try:
            return _walk(boundary, written, folder, make)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
    # There is a link on that way, or it is no folder. Not Path.resolve(): of links in a circle it makes a RuntimeError
    # before Python 3.13.
    root = os.path.realpath(boundary)
    steps = _steps(os.path.realpath(folder), root)
    if steps is None:
        raise OSError(errno.ELOOP, f"a link leads out of {boundary}; put a folder there instead", str(folder))
    return _walk(root, steps, folder, make)


def _steps(folder: str, boundary: str) -> list[str] | None:
    """The names that lead from ``boundary`` to ``folder``, as these are written; None when they do not."""
    if folder != boundary and not folder.startswith(boundary.rstrip(os.sep) + os.sep):
        return None
    return [name for name in folder[len(boundary) :].split(os.sep) if name not in ("", ".")]  # noqa: PTH206 - see AnyPath


def _walk(root: AnyPath, steps: list[str], folder: AnyPath, make: int) -> int:
    with _ToldOf(folder):
        descriptor = os.open(root, _WAY & ~os.O_NOFOLLOW)  # the boundary itself may be a link to where it is
        for number, name in enumerate(steps):
            try:
                inner = _step(descriptor, name, may_make=len(steps) - number <= make)
            finally:
                os.close(descriptor)
            descriptor = inner
    return descriptor


def open_file(path: AnyPath, flags: int, boundary: AnyPath) -> int:
    """A descriptor of the regular file ``path``, whose folder lies in ``boundary``; a new one has mode 0600 and
    belongs to whom its folder belongs.

    OSError (ELOOP, EINVAL, EMLINK) when it is a link, no regular file, or is to be written to and has another
    name.
    """
    folder = open_folder(os.path.dirname(path) or os.curdir, boundary)  # noqa: PTH120 - see AnyPath
    try:
        return open_in(folder, path, flags)
    finally:
        os.close(folder)


def open_in(folder: int, path: AnyPath, flags: int, *, may_be_linked: bool = False) -> int:
    """:func:`open_file`, in the folder of that descriptor. ``may_be_linked``: what has another name, too, is opened
    for writing; the caller does not write to it."""
    name = os.path.basename(path)  # noqa: PTH119 - see AnyPath
    with _ToldOf(path):
        made = bool(flags & os.O_CREAT) and not _is_there(folder, name)
        descriptor = os.open(name, flags | _FILE, PRIVATE_FILE, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise OSError(errno.EISDIR, "it is a folder; move it away")
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file; move it away")
            if flags & _WRITING and status.st_nlink > 1 and not may_be_linked:
                raise OSError(errno.EMLINK, "it has a second name (a hard link); move it away")
            if made:
                os.fchmod(descriptor, PRIVATE_FILE)
                give(descriptor, owner_of_new(folder))
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def read_file(path: AnyPath, limit: int, boundary: AnyPath) -> bytes:
    """The bytes of the regular file ``path``, as :func:`open_file` opens it; OSError (EFBIG) above ``limit``."""
    with os.fdopen(open_file(path, os.O_RDONLY, boundary), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))
    return data


def owner_of_new(folder: int) -> tuple[int, int] | None:
    """Whose what is made in ``folder`` is to be; None: as the system has it. Only root makes files for others."""
    if os.geteuid() != 0:
        return None
    status = os.fstat(folder)
    return status.st_uid, status.st_gid


def give(descriptor: int, owner: tuple[int, int] | None) -> None:
    """Make ``owner`` the owner (user, group) of an open file, where that is allowed."""
    if owner is not None and owner != (os.geteuid(), os.getegid()):
        try:
            os.fchown(descriptor, *owner)
        except OSError:
            return


def _step(folder: int, name: str, *, may_make: bool) -> int:
    try:
        return os.open(name, _WAY, dir_fd=folder)
    except FileNotFoundError:
        if not may_make:
            raise FileNotFoundError(errno.ENOENT, "the vault's folder is not there") from None
    try:
        os.mkdir(name, PRIVATE_FOLDER, dir_fd=folder)
    except FileExistsError:
        return os.open(name, _WAY, dir_fd=folder)  # somebody was quicker
    owner = owner_of_new(folder)
    if owner is not None and owner != (os.geteuid(), os.getegid()):
        _give_entry(folder, name, owner)
    return os.open(name, _WAY, dir_fd=folder)


def _give_entry(folder: int, name: str, owner: tuple[int, int]) -> None:
    try:
        os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return  # a file system without owners


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


class _ToldOf:
    """Errors within name ``path``, not what they are about in some folder's descriptor. (A generator would load
    contextlib, which a watcher does without.)"""

    def __init__(self, path: AnyPath) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(self.path)) from error
