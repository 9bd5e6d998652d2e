"""The end of a log file, and what is added to it, across its rotation (:func:`aiemp.log_files.rotate`)."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 64 * 1024
LONGEST_LINE = 256 * 1024
"""A longer line is shown in pieces: memory stays bounded whatever a program prints."""


def last_lines(path: Path, count: int) -> list[bytes] | None:
    """The last ``count`` lines of the log at ``path``, going back into ``NAME.1`` when it is that short.

    None when there is no log. Raises OSError when it cannot be read.
    """
    older = path.with_name(path.name + ".1")
    newest = _tail(path, count)
    if newest is None or len(newest) < count:
        before = _tail(older, count - len(newest or ()))
        if newest is None and before is None:
            return None
        return [*(before or ()), *(newest or ())]
    return newest


class Follower:
    """Gives the lines that are added to a log, from the moment it is made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = _open(path)
        self._rest = b""
        if self._descriptor is not None:
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def new_lines(self) -> Iterator[bytes]:
        """The whole lines added since the last call."""
        yield from self._read()
        if self._was_replaced():
            yield from self._read()  # what was added between reading and looking
            self._reopen()
            yield from self._read()

    def _read(self) -> Iterator[bytes]:
        if self._descriptor is None:
            return
        while chunk := os.read(self._descriptor, BLOCK_BYTES):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from lines
            if len(self._rest) > LONGEST_LINE:
                yield self._rest
                self._rest = b""

    def _was_replaced(self) -> bool:
        """Whether the name now means another file, or the file was cut short."""
        try:
            now = os.stat(self.path, follow_symlinks=False)  # noqa: PTH116 - the answer of one system call
        except FileNotFoundError:
            return False
        if self._descriptor is None:
            return True
        ours = os.fstat(self._descriptor)
        same = (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino)
        return not same or ours.st_size < os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def _reopen(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._rest = b""
        self._descriptor = _open(self.path)


def _tail(path: Path, count: int) -> list[bytes] | None:
    descriptor = _open(path)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        position, found, data = file.seek(0, os.SEEK_END), 0, deque[bytes]()
        while position > 0 and found <= count:
            size = min(BLOCK_BYTES, position)
            position -= size
            file.seek(position)
            data.appendleft(file.read(size))
            found += data[0].count(b"\n")
    lines = b"".join(data).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines[-count:] if count else []


def _open(path: Path) -> int | None:
    """The log, opened to be read; None when there is none. A link in the vault is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return descriptor
