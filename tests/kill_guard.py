"""Refuses a signal that would end the process of the tests itself, and with it all tests that wait for it."""

from __future__ import annotations

import os
import signal
import sys

_DEADLY_WHATEVER_IS_SET = (signal.SIGKILL, signal.SIGSTOP)


def guard_this_process() -> None:
    """From now on such a call of ``os.kill`` or ``os.killpg`` raises RuntimeError, so that the test fails by its name.

    A pid that a test has read as 0 is the group of the tests, for instance, and a timer that is late strikes after
    its test has put the handlers back. Children that are forked may do what they like.
    """
    tests = os.getpid()

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("os.kill", "os.killpg") and os.getpid() == tests:
            target, number = arguments
            assert isinstance(target, int)
            assert isinstance(number, int)
            if number and _hits_this_process(event, target) and not _is_handled(number):
                raise RuntimeError(f"{event}({target}, {number}) would end the process that runs the tests")

    sys.addaudithook(look)


def _hits_this_process(event: str, target: int) -> bool:
    if event == "os.killpg" or target in (0, -1):
        return target in (0, -1, os.getpgrp())
    return target == os.getpid() or target == -os.getpgrp()


def _is_handled(number: int) -> bool:
    return number not in _DEADLY_WHATEVER_IS_SET and signal.getsignal(number) != signal.SIG_DFL
