"""Signals wait for a safe point: a handler that raises must not strike while children are being ended.

A handler may raise (Stopped, KeyboardInterrupt, a time limit), and Python calls it between any two
instructions: between fork and the line that stores the child, or in the middle of a ``finally``. So for the
length of a run every Python handler is exchanged for one that only notes the signal and wakes the loop; the
loop then calls the real handler itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

Handler = Callable[[int, FrameType | None], object]


class HeldSignals:
    """Context manager. Inside, signals with a Python handler are noted; :meth:`deliver` calls the handlers.

    ``wake_descriptor`` becomes readable when a signal is noted; who waits for it empties it. What is still
    noted at the end goes to the handlers then. Outside the main thread this does nothing, since handlers
    run only there.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Handler] = {}
        self._waiting: list[int] = []
        self._ignored_children = False
        self.wake_descriptor, self._wake_end = -1, -1

    def __enter__(self) -> HeldSignals:
        if threading.current_thread() is not threading.main_thread():
            return self
        self.wake_descriptor, self._wake_end = os.pipe()
        os.set_blocking(self.wake_descriptor, False)
        os.set_blocking(self._wake_end, False)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._note)
            # An ignored SIGCHLD makes the kernel throw exit codes away: a failure would look like success.
            self._ignored_children = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
            if self._ignored_children:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.wake_descriptor < 0:
            return
        # While all signals are blocked none can raise half-way through; they come when the mask is lifted.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            for number, handler in self._handlers.items():
                if signal.getsignal(number) == self._note:  # a handler may have set another one meanwhile
                    signal.signal(number, handler)
                    if number in self._waiting:
                        signal.raise_signal(number)
            if self._ignored_children:
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            os.close(self.wake_descriptor)
            os.close(self._wake_end)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def deliver(self) -> None:
        """Call the real handler of each noted signal. Whatever it raises is passed on; the rest waits."""
        while self._waiting:
            number = self._waiting.pop(0)
            self._handlers[number](number, None)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._waiting.append(number)
        with contextlib.suppress(BlockingIOError):  # a pipe full of wake-ups needs no further one
            os.write(self._wake_end, b"\0")
