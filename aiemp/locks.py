"""Locks between processes: ``flock`` on a file, so that a killed holder frees its lock by dying.

The file's existence means nothing; its text only says who the holder is, for messages. A lock belongs to
the open file description (flock(2)), so a child that inherits the descriptor holds it as long as it lives:
that is how a watcher keeps its own lock after the orchestrator that started it was killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aiemp.errors import LockHeld
from aiemp.frozen import frozen
from aiemp.inside import open_file, open_folder, open_in

LARGEST_NOTE = 4096
SIGN_OF_LIFE_S = 300.0
PROBE_PATIENCE_S = 0.1
"""A probe holds a lock for some microseconds; whoever wants the lock outwaits it this long."""


@frozen
class Holder:
    """Who holds a lock, by its own word: process id (0: not known), what it does, and its unit or engine.
    ``interval_s``: how long it may sleep between two signs of life."""

    pid: int = 0
    what: str = ""
    owner: str = ""
    interval_s: float = 0.0

    def __str__(self) -> str:
        pid = f"pid {self.pid}" if self.pid else "pid not known"
        return ", ".join(part for part in (self.what, pid, self.owner) if part)


class HeldLock:
    """A lock that this process holds until :meth:`release`, or until it and all heirs of it are gone."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def describe(self, holder: Holder) -> None:
        """Write who holds it. Best effort: a full disk must not cost the lock. Not into a file that has a second
        name (a hard link), which may lie outside of the vault."""
        note = {"pid": holder.pid, "what": holder.what, "owner": holder.owner}
        text = json.dumps({**note, "interval_s": holder.interval_s} if holder.interval_s else note)
        with contextlib.suppress(OSError):
            if os.fstat(self.descriptor).st_nlink > 1:
                return
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, text.encode(), 0)

    def is_in_place(self) -> bool:
        """Whether the locked file is still the one that others find: a deleted one keeps nobody out."""
        try:
            there, ours = self.path.lstat(), os.fstat(self.descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def show_life(self, now_s: float) -> None:
        """Let the file's time be ``now_s``, unless it is younger than five minutes: who looks can tell a holder that
        works from one that hangs. Best effort, and rare enough to let a disk sleep. Not that of a file with a second
        name, which may lie outside of the vault."""
        with contextlib.suppress(OSError):
            status = os.fstat(self.descriptor)
            if status.st_nlink == 1 and abs(now_s - status.st_mtime) > SIGN_OF_LIFE_S:
                os.utime(self.descriptor, (now_s, now_s))

    def release(self) -> None:
        """Give up this process's part; heirs of the descriptor go on holding the lock."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> HeldLock:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()


def acquire(path: Path, holder: Holder, *, on_wait: Callable[[Holder], None] | None = None) -> HeldLock:
    """Take the lock at ``path``. With ``on_wait``, wait for it as long as it takes, telling once whom for.

    Without, raise LockHeld when somebody has it. OSError when the file can be neither made nor opened.
    """
    lock = HeldLock(path, _open(path))
    try:
        if not _try_lock(lock.descriptor, PROBE_PATIENCE_S):
            current = read_holder(path)
            if on_wait is None:
                raise LockHeld(f"{path} is held by {current}", str(current))
            on_wait(current)
            fcntl.flock(lock.descriptor, fcntl.LOCK_EX)
    except BaseException:
        lock.release()
        raise
    lock.describe(holder)
    return lock


def probe(path: Path) -> Holder | None:
    """Who holds the lock at ``path`` now; None when nobody does. Changes nothing."""
    try:
        descriptor = open_file(path, os.O_RDONLY, path.parents[2])
    except OSError:
        return None
    try:
        # Shared, so that two probes never see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return read_holder(path)
        raise
    finally:
        os.close(descriptor)
    return None


def sign_of_life(path: Path) -> float | None:
    """When the holder of the lock at ``path`` last showed that it lives, a POSIX time; None when that is not known."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_mtime if status.st_nlink == 1 else None  # to another name nobody shows it


def read_holder(path: Path) -> Holder:
    """What the last holder wrote about itself; an empty Holder when it cannot be read."""
    try:
        value = json.loads(_note_in(path))
        interval_s = float(value.get("interval_s", 0))
        return Holder(int(value["pid"]), str(value["what"]), str(value["owner"]), interval_s)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Holder()


@contextlib.contextmanager
def folder_lock(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold ``folder`` itself, waiting for it as long as it takes; ``on_wait`` is called if that is so.

    For beside a lock that is a file in there: whoever deletes that (``git clean -fdx``) would let a second holder
    in. Where a folder cannot be locked (some network file systems) this does nothing.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        descriptor = -1
    try:
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                if not _try_lock(descriptor, PROBE_PATIENCE_S):
                    on_wait()
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


@contextlib.contextmanager
def short_lock(path: Path) -> Iterator[None]:
    """Hold ``path`` for one read-modify-replace. Waits: nobody keeps it longer than a write takes."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    # Not through a link: what the holder writes about itself would replace the file that it leads to.
    folder = open_folder(path.parent, path.parents[2], make=2)
    try:
        try:
            return open_in(folder, path, os.O_RDWR | os.O_CREAT, may_be_linked=True)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT):
                raise
        # A lock can be taken on a file that cannot be written; only the holder's name is lost.
        return open_in(folder, path, os.O_RDONLY)
    finally:
        os.close(folder)


def _note_in(path: Path) -> bytes:
    descriptor = open_file(path, os.O_RDONLY, path.parents[2])
    try:
        return os.read(descriptor, LARGEST_NOTE)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.005)
