"""Waiting for a condition, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_S = 0.02

Seen = TypeVar("Seen")


def wait_until(
    condition: Callable[[], Seen],
    deadline_s: float = 10.0,
    what: str | Callable[[], str] = "",
    pause_s: float = PAUSE_S,
) -> Seen:
    """What ``condition`` returns as soon as that is true; AssertionError after ``deadline_s`` seconds.

    ``what`` is what was waited for, or a function that says so at the end (with, say, the last log lines).
    """
    deadline = time.monotonic() + deadline_s
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            reason = what() if callable(what) else what
            raise AssertionError(f"not within {deadline_s:g} s: {reason or condition}")
        time.sleep(pause_s)
