"""The line that a person sees while a task runs."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime

from aiemp.cli.progress import Progress, progress_of
from aiemp.cli.screen import PAPER, Screen
from aiemp.plan import Frequency, ScheduledTask

TASK = ScheduledTask("triage", "", Frequency.HOURLY, timeout_minutes=15)
NOW = datetime(2026, 11, 23, 10, 7, 12, tzinfo=UTC)


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


def progress_on(screen: Screen) -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    return Progress(TASK, stream, screen, lambda: NOW, Clock()), stream


def test_without_a_terminal_it_only_says_the_steps() -> None:
    """In a log each step is a plain line, and the task's output is not asked for."""
    progress, stream = progress_on(PAPER)
    progress.say("triage: started")
    progress.clear()
    assert stream.getvalue() == "triage: started\n"
    assert progress.on_output is None


def test_the_line_names_start_limit_and_last_output() -> None:
    """On a terminal one line is rewritten: how long, since when, until when at most, what was said last."""
    progress, stream = progress_on(Screen(width=80))
    progress.say("triage: started")
    assert progress.on_output is not None
    progress.on_output("reading mails\nsorting ü".encode())
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines[0] == "triage: started\n"
    assert lines[-1] == "0:03, since 10:07:12, until 10:22 at most | sorting ü"
    progress.on_output(b"")
    assert stream.getvalue().endswith("\r\x1b[K0:05, since 10:07:12, until 10:22 at most | sorting ü")
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_output_in_pieces_is_one_line() -> None:
    """A character and a line may come in two chunks; blank lines do not hide the last words."""
    progress, stream = progress_on(Screen(width=80))
    progress.say("go: started")
    assert progress.on_output is not None
    for chunk in (b"caf\xc3", b"\xa9 is", b" open\n", b"\n\n"):
        progress.on_output(chunk)
    assert stream.getvalue().endswith("| café is open")


def test_hostile_output_stays_on_the_line() -> None:
    """Escape sequences are shown as text, endless lines are cut, memory stays bounded."""
    progress, stream = progress_on(Screen(width=60))
    progress.say("go: started")
    assert progress.on_output is not None
    progress.on_output(b"\x1b[2J" + b"x" * 1_000_000)
    drawn = stream.getvalue().rpartition("\r\x1b[K")[2]
    assert len(drawn) <= 59
    assert "\x1b" not in drawn
    assert len(progress._unfinished) <= 1000


def test_a_terminal_that_goes_away_does_not_stop_the_run() -> None:
    """Writing the progress never raises into the run."""
    progress, stream = progress_on(Screen(width=80))
    tried: list[str] = []

    def write(text: str) -> int:
        tried.append(text)
        raise OSError(5, "gone")

    stream.write = write  # type: ignore[method-assign]
    progress.say("go: started")
    progress.clear()
    assert any("go: started" in text for text in tried)


def test_waiting_has_no_limit() -> None:
    """While a run waits for another one, no limit is promised: waiting does not count."""
    progress, stream = progress_on(Screen(width=80))
    progress.say("triage: waiting for task other, pid 7")
    assert stream.getvalue() == "triage: waiting for task other, pid 7\n"


def test_quiet_says_nothing(capsys: object) -> None:
    """With -q neither steps nor progress are shown, and the log's handlers are left as they were."""
    with progress_of(TASK, quiet=True) as progress:
        progress.say("nobody hears this")
    out = capsys.readouterr()  # type: ignore[attr-defined]
    assert out.out + out.err == ""
    assert all(not handler.filters for handler in logging.getLogger("aiemp").handlers)
