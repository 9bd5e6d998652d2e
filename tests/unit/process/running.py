"""Running the scripted fake under supervision, within limits that a busy machine keeps."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from aiemp.process import Finished, run_supervised
from tests.fakes.claude import FakeClaude

GRACE_S = 0.4

SLACK_S = 15.0
"""What a busy machine may add. A run that is not ended takes ten minutes."""


class HangingClock:
    """A clock that leaps past every time limit once the program has said ``[hangs]``.

    So a test waits neither too long nor, on a busy machine, too short for the program to get that far.
    """

    def __init__(self) -> None:
        self.leapt_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.leapt_s

    def listen(self, chunk: bytes) -> None:
        if b"[hangs]" in chunk:
            self.leapt_s = 3600.0


def run_hanging(fake: FakeClaude, *steps: tuple[Any, ...], **options: Any) -> Finished:
    """Run the steps, then hang, and let the time limit be reached at that moment."""
    clock = HangingClock()
    steps = (*steps, ("say", "[hangs]"), ("sleep",))
    return run(fake, *steps, timeout_s=1800, clock=clock, on_output=clock.listen, **options)


def run(fake: FakeClaude, *steps: tuple[Any, ...], timeout_s: float = 20.0, **options: Any) -> Finished:
    fake.does(*steps)
    options.setdefault("grace_s", GRACE_S)
    return run_supervised(
        [str(fake.path)], cwd=fake.folder, env=dict(os.environ), timeout_s=timeout_s, **options
    )


class Struck(BaseException):
    """What the signal handlers of these tests raise."""


@contextlib.contextmanager
def handler_that_raises(number: int) -> Iterator[list[int]]:
    """Yields the strikes so far: one that comes while Python runs a destructor is raised to nobody."""
    strikes: list[int] = []

    def strike(number: int, _frame: object) -> None:
        strikes.append(number)
        raise Struck

    before = signal.signal(number, strike)
    try:
        yield strikes
        assert signal.getsignal(number) is strike, "the handler was not put back"
    finally:
        signal.signal(number, before)
