"""The end of a log file, and what is added to it, across its rotation (:func:`aiemp.log_files.rotate`)."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from aiemp.errors import VaultError
from aiemp.frozen import frozen
from aiemp.inside import open_file

BLOCK_BYTES = 64 * 1024
LONGEST_LINE = 256 * 1024
"""A longer line is shown in pieces: memory stays bounded whatever a program prints."""


@frozen
class Tail:
    """The last lines of a log, and the offset in its newest file up to which they were read."""

    lines: tuple[bytes, ...]
    end: int


def last_lines(path: Path, count: int) -> Tail | None:
    """The last ``count`` lines of the log at ``path``, going back into ``NAME.1`` when it is that short.

    None when there is no log. VaultError when it is something that is not read.
    """
    newest = _tail(path, count)
    missing = count - (len(newest.lines) if newest else 0)
    older = _tail(path.with_name(path.name + ".1"), missing) if missing else None
    if newest is None and older is None:
        return None
    return Tail(
        (*(older.lines if older else ()), *(newest.lines if newest else ())), newest.end if newest else 0
    )


class Follower:
    """Gives the lines that are added to a log after the offset ``start``."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self._descriptor = _open(path)
        self._rest = b""
        if self._descriptor is not None:
            os.lseek(self._descriptor, start, os.SEEK_SET)

    def new_lines(self) -> Iterator[bytes]:
        """The whole lines added since the last call."""
        yield from self._read()
        if self._was_replaced():
            yield from self._read()  # what was added between reading and looking
            if self._rest:
                yield self._rest
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


def _tail(path: Path, count: int) -> Tail | None:
    descriptor = _open(path)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        end = position = file.seek(0, os.SEEK_END)
        found, blocks = 0, deque[bytes]()
        while position > 0 and found <= count:
            size = min(BLOCK_BYTES, position)
            position -= size
            file.seek(position)
            blocks.appendleft(file.read(size))
            found += blocks[0].count(b"\n")
    lines = b"".join(blocks).removesuffix(b"\n").split(b"\n") if blocks else []
    return Tail(tuple(lines[-count:]) if count else (), end)


def _open(path: Path) -> int | None:
    """The log ``VAULT/Logs/aiemp/NAME``, opened to be read; None when there is none. No link out of the vault is
    followed, nor one in the place of the log."""
    try:
        return open_file(path, os.O_RDONLY, path.parents[2])
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise VaultError(f"{path} is a link, which is not followed") from error
        if error.errno == errno.EINVAL:
            raise VaultError(
                f"{path} is no regular file; move it away, and aiemp makes its log anew"
            ) from error
        raise VaultError(f"{path} cannot be read: {error.strerror}") from error
