"""How a process that runs a task is stopped: a signal, or its time limit, ends what it is doing.

Both are raised in the main thread, as KeyboardInterrupt is, so that every ``finally`` on the way out runs:
that is where child processes are ended.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
    """This process was asked to stop by a signal. No Exception: nothing but the runner catches it."""

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number
        super().__init__(f"stopped by {signal.Signals(signal_number).name}")


class TimeLimitReached(BaseException):
    """The time limit of :func:`time_limit` has passed."""


@contextmanager
def stop_signals_raise(on_stop: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Within, SIGTERM, SIGINT and SIGHUP call ``on_stop`` and raise Stopped, once; a second one must not break
    the clean-up."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        on_stop()
        raise Stopped(number)

    before = {number: signal.signal(number, on_signal) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_signals_wait() -> Iterator[None]:
    """Within, a stop signal is held back by the kernel; it is delivered right after."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def time_limit(limit_s: float) -> Iterator[None]:
    """Within, TimeLimitReached is raised once ``limit_s`` seconds have passed (setitimer(2), real time)."""

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        raise TimeLimitReached

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
