"""What a child prints: read as it comes, kept in bounded memory, written whole to a log."""

from __future__ import annotations

import logging
import os
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aiemp.durable import write_all
from aiemp.inside import open_file
from aiemp.redaction import RedactedStream, Redactor

log = logging.getLogger("aiemp.process")

READ_BYTES = 64 * 1024
HEAD_PART = 4
"""A quarter of what is kept is the beginning, where programs say what is wrong with their arguments."""


class BoundedOutput:
    """The first and the last bytes of a stream of any length, and how long it was."""

    def __init__(self, head_bytes: int, tail_bytes: int) -> None:
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._head_bytes - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        if len(self._tail) > self._tail_bytes + READ_BYTES:  # trimmed now and then, not for every chunk
            del self._tail[: -self._tail_bytes]

    def value(self) -> bytes:
        """Beginning and end, with a line between them that says how much was left out, if anything was."""
        tail = bytes(self._tail[-self._tail_bytes :])
        left_out = self.total - len(self._head) - len(tail)
        note = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return bytes(self._head) + note + tail


class Sink(Protocol):
    """What takes in one stream."""

    def add(self, chunk: bytes) -> None: ...


class LogFile:
    """A file that output is appended to. What cannot be written is said once, and ends nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = _open_log(path) if path else -1

    def write(self, chunk: bytes) -> None:
        if self._descriptor < 0:
            return
        try:
            write_all(self._descriptor, chunk)
        except OSError as error:  # a full disk must not end the run, whose work is done elsewhere
            log.warning("%s: the output is no longer written down: %s", self._path, error)
            self.close()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Streams:
    """The output streams of children, and the selector that everything of a run is waited for with.

    What they print is redacted as it is read, so no secret is kept, logged or handed on.
    """

    def __init__(
        self,
        log_file: Path | None,
        keep_bytes: int,
        on_output: Callable[[bytes], None] | None,
        clock: Callable[[], float],
        redactor: Redactor,
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> None:
        head = keep_bytes // HEAD_PART
        self.output = BoundedOutput(head, keep_bytes - head)
        self.stderr = BoundedOutput(0, keep_bytes)
        self._on_output = on_output
        self._redactor = redactor
        self._on_stderr = on_stderr or on_output
        self._clock = clock
        self.last_output = clock()
        self._selector = selectors.DefaultSelector()
        self._kept: dict[int, tuple[Sink, RedactedStream]] = {}
        self._once: set[int] = set()
        self._log = LogFile(log_file)

    def __enter__(self) -> Streams:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.finish()
        self._selector.close()
        self._log.close()

    def read(self, descriptor: int, kept: Sink) -> None:
        """Read ``descriptor`` from now on, into ``kept``, the log and what listens to it."""
        os.set_blocking(descriptor, False)
        self._kept[descriptor] = (kept, self._redactor.stream())
        self._selector.register(descriptor, selectors.EVENT_READ)

    def reads(self, descriptor: int) -> bool:
        """Whether ``descriptor`` has not come to its end."""
        return descriptor in self._kept

    def forget(self, descriptor: int) -> None:
        """Read ``descriptor`` no more, if it is still being read: a child that floods it has to wait."""
        kept = self._kept.pop(descriptor, None)
        if kept is not None:
            self._selector.unregister(descriptor)
            self._take(kept[0], kept[1].finish())

    def finish(self) -> None:
        """Give out what was held back of all streams. Nothing is read any more."""
        for descriptor in list(self._kept):
            self.forget(descriptor)

    def wake_on(self, descriptor: int, *, once: bool = False) -> None:
        """End a wait when ``descriptor`` is readable. It is emptied then; ``once``: not looked at again."""
        self._selector.register(descriptor, selectors.EVENT_READ)
        if once:
            self._once.add(descriptor)

    def step(self, wait_s: float) -> None:
        """Read what is there; when nothing is, wait for something at most ``wait_s`` seconds."""
        for key, _ in self._selector.select(max(0.0, wait_s)):
            if key.fd in self._kept:
                self._read_some(key.fd)
            elif key.fd in self._once:
                self._selector.unregister(key.fd)
            else:
                os.read(key.fd, READ_BYTES)

    def rest(self, wait_s: float) -> None:
        """Read to the end of the streams, but no longer than ``wait_s``: a stranger may hold them open."""
        deadline = self._clock() + wait_s
        while self._kept and (left := deadline - self._clock()) > 0:
            self.step(left)

    def _read_some(self, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("cannot read a child's output: %s", error)
            chunk = b""
        if not chunk:
            self.forget(descriptor)
            return
        self.last_output = self._clock()
        kept, stream = self._kept[descriptor]
        self._take(kept, stream.feed(chunk))

    def _take(self, kept: Sink, chunk: bytes) -> None:
        if not chunk:
            return
        kept.add(chunk)
        self._log.write(chunk)
        listener = self._on_stderr if kept is self.stderr else self._on_output
        if listener is not None:
            listener(chunk)


def _open_log(path: Path) -> int:
    """Open ``path``, which is ``VAULT/Logs/aiemp/NAME``, for appending; -1 with a warning when that cannot be.

    There a FIFO, a second name or a link in its place would be a trap, and so would a link in that of its folders.
    """
    vault = path.parents[min(2, len(path.parents) - 1)]
    try:
        return open_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, vault)
    except OSError as error:
        log.warning("%s: the output is not written down: %s", path, error.strerror)
        return -1
