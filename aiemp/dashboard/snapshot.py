"""Reading Dashboard.md while others, who know no lock, may be writing it.

Some replace the file by rename, some truncate and write it in place; of these one can see a file that is
empty or half there. So a file that somebody is writing is waited for, a short while: on Linux that can be
known (:mod:`aiemp.dashboard.leases`), elsewhere it is judged by whether the file was touched just now.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from aiemp.dashboard.leases import is_open_for_writing
from aiemp.errors import VaultError

SIZE_LIMIT = 5 * 1024 * 1024
STEP_S = 0.002
MISSING_PATIENCE_S = 0.1  # an editor that moves the old file away first puts the new one there within this
EMPTY_PATIENCE_S = 0.5  # ... and one that truncates it writes within this
OPEN_PATIENCE_S = 0.5  # a file that is open for writing this long is not being written, only kept open
BUSY_AGE_S = 0.02  # between two parts of a text that is written bit by bit there is less
BUSY_PATIENCE_S = 0.2


class DashboardError(VaultError):
    """Dashboard.md cannot be read or written the way that was asked; what is in it was left alone."""


class Snapshot:
    """An open file and the bytes it held when it was read. ``descriptor`` is -1 for a missing file.

    As long as the descriptor is open the file can be read again, even when it was replaced meanwhile.
    """

    def __init__(self, descriptor: int, data: bytes) -> None:
        self.descriptor = descriptor
        self.data = data
        self.stat = os.fstat(descriptor) if descriptor >= 0 else None
        self.taken_s = time.monotonic()

    def is_still_at(self, path: Path) -> bool:
        """Whether ``path`` is this very file, and it has not changed."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return self.stat is None
        return self.stat is not None and os.path.samestat(found, self.stat) and not self.has_changed()

    def has_changed(self) -> bool:
        """Whether the file holds other bytes now."""
        return self.descriptor >= 0 and read_all(self.descriptor) != self.data

    def is_being_written(self) -> bool | None:
        """Whether somebody has it open for writing; None when the system cannot tell."""
        return is_open_for_writing(self.descriptor) if self.descriptor >= 0 else None

    def changed_data(self) -> bytes | None:
        """The bytes that somebody wrote into this file since, once he is done; None if nobody did.

        A file that was truncated and stays empty holds nothing that could be lost, and counts as unchanged.
        """
        if not self.has_changed():
            return None
        deadline = time.monotonic() + OPEN_PATIENCE_S
        data = b""
        while time.monotonic() < deadline:
            writing = self.is_being_written()
            previous, data = data, read_all(self.descriptor)
            if data and not writing and (writing is False or data == previous):
                break
            time.sleep(STEP_S)
        return data if data and data != self.data else None

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def take_snapshot(path: Path, *, hasty_like: bytes = b"") -> Snapshot:
    """Read the file at ``path``, waiting a moment for one that is missing, empty or being written just now.

    Of a file that never stands still the longest text is taken: one that is being written is shorter.
    ``hasty_like``: where the system cannot tell who is writing, take a text that is as long as this, and
    ends alike, without waiting. Raises DashboardError for what is no file that we could edit, OSError for
    what cannot be read.
    """
    start = time.monotonic()
    longest = 0
    while True:
        snapshot = _read(path)
        waited_s = time.monotonic() - start
        longest = max(longest, len(snapshot.data))
        writing = snapshot.is_being_written()
        if writing is None:
            whole = (
                hasty_like and snapshot.data[-1:] == hasty_like[-1:] and len(snapshot.data) >= len(hasty_like)
            )
        else:
            whole = snapshot.data and not writing and not snapshot.has_changed()
        patience_s = _patience_s(path, snapshot, writing)
        late = waited_s >= patience_s and len(snapshot.data) >= longest
        if whole or late or waited_s >= patience_s + EMPTY_PATIENCE_S:
            return snapshot
        snapshot.close()
        time.sleep(STEP_S)


def open_regular(path: Path) -> int:
    """A descriptor for the regular file at ``path``; DashboardError when it is something else."""
    try:
        # O_NONBLOCK: a FIFO of that name must not make us wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DashboardError(f"{path} is a symbolic link that leads to no file: remove it") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise DashboardError(f"{path} is {what}: move it away, a new dashboard is made then")
    return descriptor


def read_all(descriptor: int) -> bytes:
    """All bytes of an open file; DashboardError when they are more than the limit."""
    data = b""
    while len(data) <= SIZE_LIMIT:
        part = os.pread(descriptor, SIZE_LIMIT + 1 - len(data), len(data))
        if not part:
            return data
        data += part
    raise DashboardError(
        f"Dashboard.md is larger than {SIZE_LIMIT // 1024**2} MB, which is no dashboard any more: "
        "shorten it, or move it away (a new one is made then)"
    )


def _read(path: Path) -> Snapshot:
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return Snapshot(-1, b"")
    try:
        return Snapshot(descriptor, read_all(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _patience_s(path: Path, snapshot: Snapshot, writing: bool | None) -> float:
    """How long to wait for another state of the file; 0 when it was not touched lately."""
    if writing:
        return OPEN_PATIENCE_S
    if snapshot.stat is None:
        touched_s, fresh_s, patience_s = path.parent.stat().st_mtime, MISSING_PATIENCE_S, MISSING_PATIENCE_S
    elif not snapshot.data:
        touched_s, fresh_s, patience_s = snapshot.stat.st_mtime, EMPTY_PATIENCE_S, EMPTY_PATIENCE_S
    else:
        touched_s, fresh_s, patience_s = snapshot.stat.st_mtime, BUSY_AGE_S, BUSY_PATIENCE_S
    return patience_s if time.time() - touched_s <= fresh_s else 0.0
