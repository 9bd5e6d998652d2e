"""Sleeping until something happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from aiemp.engines.wakeup import Wakeup


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    made = Wakeup()
    made.open()
    yield made
    made.close()


def slept_s(wakeup: Wakeup, seconds: float) -> float:
    started = time.monotonic()
    wakeup.wait(seconds)
    return time.monotonic() - started


def test_signal_that_came_before_the_sleep_is_not_missed(wakeup: Wakeup) -> None:
    """A signal between looking and sleeping ends the sleep at once."""
    seen: list[int] = []
    wakeup.on(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    assert slept_s(wakeup, 30) < 5
    assert seen == [signal.SIGUSR1]


def test_end_of_a_child_wakes_only_who_asked_for_it(wakeup: Wakeup) -> None:
    """Who starts a child on each look (the systemd engine asks systemctl) is not woken by its end."""
    subprocess.run(["true"], check=True)
    assert slept_s(wakeup, 0.2) >= 0.2
    wakeup.on_children()
    subprocess.run(["true"], check=True)
    assert slept_s(wakeup, 30) < 5


def test_readable_descriptor_wakes(wakeup: Wakeup) -> None:
    """A watched descriptor, such as a pidfd, ends the sleep."""
    reader, writer = os.pipe()
    os.close(writer)
    started = time.monotonic()
    wakeup.wait(30, [reader])
    assert time.monotonic() - started < 5
    os.close(reader)


def test_closing_puts_handlers_back() -> None:
    """After close, signals are handled as before."""
    before = signal.getsignal(signal.SIGUSR1)
    made = Wakeup()
    made.open()
    made.on(signal.SIGUSR1, lambda _number, _frame: None)
    made.close()
    assert signal.getsignal(signal.SIGUSR1) == before
