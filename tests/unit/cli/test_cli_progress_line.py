"""The line on the terminal while something takes long (aiemp.cli.progress_line)."""

from __future__ import annotations

import io

from aiemp.cli.progress_line import ProgressLine
from aiemp.cli.screen import PAPER, Screen


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_what_is_quick_shows_nothing() -> None:
    """A line that is gone at once would only flicker."""
    clock, stream = Clock(), io.StringIO()
    line = ProgressLine(stream, Screen(80, 24), clock)
    count = line.counter("files")
    count(10, 100)
    clock.now_s += 0.4
    count(20, 100)
    line.clear()
    assert stream.getvalue() == ""


def test_what_takes_long_is_counted_calmly_and_leaves_nothing() -> None:
    """A few times a second, in place, with the total where it is known."""
    clock, stream = Clock(), io.StringIO()
    line = ProgressLine(stream, Screen(80, 24), clock)
    count = line.counter("files")
    for number in range(1, 1001):
        clock.now_s += 0.002
        count(number, 1000)
    assert 5 <= stream.getvalue().count("files: ") <= 10
    assert " of 1000 (25 %)" in stream.getvalue()
    clock.now_s += 1
    count(1, None)
    line.clear()
    assert stream.getvalue().endswith("files: 1\r\x1b[K")
    assert "\n" not in stream.getvalue()


def test_a_step_is_shown_at_once_and_fits() -> None:
    """It may take long, and cannot be drawn once it has begun; a narrow terminal must not wrap it."""
    stream = io.StringIO()
    line = ProgressLine(stream, Screen(30, 24), Clock())
    line.say("checking 18 units with systemd-analyze\x1b[2J")
    shown = stream.getvalue().removeprefix("\r\x1b[K")
    assert len(shown) <= 29
    assert "\x1b" not in shown


def test_without_a_terminal_there_is_no_line() -> None:
    """Neither in a log nor in a pipe."""
    clock, stream = Clock(), io.StringIO()
    line = ProgressLine(stream, PAPER, clock)
    line.say("checking")
    clock.now_s += 5
    line.counter("files")(1, 2)
    line.clear()
    assert stream.getvalue() == ""
