"""The tests do not end their own process by mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: os.kill(0, signal.SIGKILL),
        lambda: os.kill(-1, signal.SIGKILL),
        lambda: os.kill(os.getpid(), signal.SIGSTOP),
        lambda: os.kill(os.getpid(), signal.SIGUSR2),
        lambda: os.kill(-os.getpgrp(), signal.SIGUSR2),
        lambda: os.killpg(0, signal.SIGUSR2),
        lambda: os.killpg(os.getpgrp(), signal.SIGUSR2),
    ],
)
def test_a_signal_that_would_end_the_tests_is_refused(call: Callable[[], None]) -> None:
    """To the process that runs them, or to the group it belongs to: the test that sends it fails, and no other."""
    with pytest.raises(RuntimeError, match="would end the process that runs the tests"):
        call()


def test_a_signal_with_a_handler_reaches_this_process() -> None:
    """The handler is called: that is how tests try handlers."""
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, _frame: seen.append(number))
    try:
        os.kill(os.getpid(), signal.SIGUSR2)
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert seen == [signal.SIGUSR2]


def test_children_are_killed_as_ever() -> None:
    """Also a whole group of theirs; and asking whether a group is there harms nobody."""
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL
    os.kill(os.getpid(), 0)
    os.killpg(os.getpgrp(), 0)


def test_a_test_that_takes_too_long_fails_alone(tmp_path: Path) -> None:
    """Its time limit raises in it; the process lives on and runs the next one."""
    limits = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\ntimeout = 1\n" + _line(limits, "timeout_method")
    )
    (tmp_path / "test_two.py").write_text(
        "import threading\ndef test_slow(): threading.Event().wait(30)\ndef test_next(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines(keepends=True) if line.startswith(start))
