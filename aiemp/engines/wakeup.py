"""Sleeping until something happens: a signal, a child's end (SIGCHLD), a watched descriptor, or a time.

``signal.set_wakeup_fd`` writes a byte into a pipe from the C handler, so there is no moment at which a signal
can be missed between looking and sleeping. Works the same on Linux and macOS.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType

UNWOKEN_S = 0.02
"""Before :meth:`Wakeup.open` nothing wakes a sleeper, so it sleeps no longer than this and looks again."""

Handler = Callable[[int, FrameType | None], None]


class Wakeup:
    """Wakes its owner. Between :meth:`open` and :meth:`close`, in the main thread, signals do."""

    def __init__(self) -> None:
        self._reader = self._writer = self._fd_before = -1
        self._before: dict[int, object] = {}

    def open(self) -> None:
        """Begin to be woken by signals."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        # A full pipe means that there is a wake-up waiting already.
        self._fd_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def on_children(self) -> None:
        """Wake up at the end of a child, too. Not for a sleeper that starts one on each look."""
        if self._reader >= 0:
            self.on(signal.SIGCHLD, lambda _number, _frame: None)

    def on(self, number: int, handler: Handler) -> None:
        """Call ``handler`` for signal ``number``; waking up happens by itself."""
        before = signal.signal(number, handler)
        self._before.setdefault(number, before)

    def wait(self, seconds: float, also: Iterable[int] = ()) -> None:
        """Return at the next signal, when a descriptor of ``also`` is readable, or after ``seconds``."""
        if self._reader < 0:
            time.sleep(min(max(seconds, 0.0), UNWOKEN_S))
            return
        # poll, not select: descriptors above 1023 are fine. Rounded up, not to wake too early.
        poller = select.poll()
        for descriptor in (self._reader, *also):
            poller.register(descriptor, select.POLLIN)
        poller.poll(max(0, int(seconds * 1000) + 1) if seconds > 0 else 0)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass

    def close(self) -> None:
        """Stop waking up; restore what was there before."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()
        os.close(self._reader)
        os.close(self._writer)
        self._reader = self._writer = -1
