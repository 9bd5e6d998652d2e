"""Signals to the supervising process in the middle of a run, and listeners that fail."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.fakes.claude import FakeClaude, wait_until
from tests.unit.process.running import GRACE_S, SLACK_S, Struck, handler_that_raises, run


def test_a_signal_handler_that_raises(fake: FakeClaude, tmp_path: Path) -> None:
    """A stop in the middle of a run is raised here, at once, after everything of the run was ended."""
    ready = tmp_path / "ready"

    def strike_when_ready() -> None:
        wait_until(ready.exists, "the fake is at work")
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=strike_when_ready)
    with handler_that_raises(signal.SIGTERM):
        thread.start()
        started = time.monotonic()
        with pytest.raises(Struck):
            run(fake, ("ignore_sigterm",), ("helper",), ("tell", str(ready)), ("sleep",))
        assert time.monotonic() - started < GRACE_S + SLACK_S
        thread.join()
    assert len(fake.pids()) == 2


@pytest.mark.timeout(method="thread")  # SIGALRM is the test's own
def test_signals_at_any_moment(fake: FakeClaude) -> None:
    """A timer strikes ever later, from before the start to after the end: never is a process left."""
    with handler_that_raises(signal.SIGALRM) as strikes:
        for number, delay_ms in enumerate(range(1, 120, 8), 1):
            with contextlib.suppress(Struck):
                signal.setitimer(signal.ITIMER_REAL, delay_ms / 1000)
                run(fake, ("helper",), ("say", "x"))
                wait_until(lambda number=number: len(strikes) == number, "the alarm")  # type: ignore[misc]
            assert len(strikes) == number
            assert not fake.alive(), f"after {delay_ms} ms"


def test_a_second_signal_does_not_break_the_ending(fake: FakeClaude, tmp_path: Path) -> None:
    """Impatience (Ctrl-C, Ctrl-C) must not leave processes behind."""
    ready = tmp_path / "ready"

    def strike_twice() -> None:
        wait_until(ready.exists, "the fake is at work")
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE_S / 4)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=strike_twice)
    with handler_that_raises(signal.SIGINT):
        thread.start()
        with pytest.raises(Struck):
            run(fake, ("ignore_sigterm",), ("tell", str(ready)), ("sleep",))
        thread.join()
        assert not fake.alive()


def test_a_handler_that_returns_does_not_end_the_run(fake: FakeClaude, tmp_path: Path) -> None:
    """Handlers that only set a flag are called while the run goes on."""
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    try:
        steps = ("say", "x"), ("sleep", 0.2), ("say", "y")
        told = lambda _chunk: os.kill(os.getpid(), signal.SIGUSR1) if not seen else None  # noqa: E731
        finished = run(fake, *steps, on_output=told)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]
    assert finished.output == b"xy"


def test_a_listener_that_fails(fake: FakeClaude) -> None:
    """A mistake in ``on_output`` is passed on, and the run is ended all the same."""

    def listener(_chunk: bytes) -> None:
        raise RuntimeError("mistake")

    with pytest.raises(RuntimeError, match="mistake"):
        run(fake, ("helper",), ("say", "word"), ("sleep",), on_output=listener)
    assert len(fake.pids()) == 2
