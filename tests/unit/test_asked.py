"""Asking other programs: what they said, and each way in which there is no answer."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from aiemp.asked import Answer, Silence, ask

ENVIRON = {"PATH": "/usr/bin:/bin", "GIVEN": "ü"}


def shell(script: str, timeout_s: float = 20.0) -> Answer:
    return ask(["sh", "-c", script], environ=ENVIRON, timeout_s=timeout_s)


def test_an_answer_has_both_streams_and_the_exit_status() -> None:
    """A status that is not 0 is an answer too: what it means is for who asked."""
    assert shell("echo said; echo complained >&2; exit 3") == Answer(3, "said\n", "complained\n")


def test_it_has_the_given_environment_and_nothing_to_read() -> None:
    """What we hold in our own environment is not passed on, and who reads a question gets the end of it."""
    assert shell("cat; env | grep -v '^PWD=\\|^_=\\|^SHLVL=' | sort").out == "GIVEN=ü\nPATH=/usr/bin:/bin\n"


def test_what_is_no_utf8_is_replaced_and_ends_of_lines_stay() -> None:
    """Nothing that a program says is an error here, whatever the locale."""
    assert shell(r"printf 'a\377\r\nb'").out == "a\ufffd\r\nb"


def test_the_end_by_a_signal_is_an_answer() -> None:
    """Its code is the signal's number, negative."""
    assert shell("kill -9 $$") == Answer(-9)


def test_a_program_that_is_not_there_is_missing() -> None:
    """Told apart from all else: what it is about may not be installed."""
    answer = ask(["no-such-program-here"], environ=ENVIRON, timeout_s=20)
    assert answer == Answer(None, silence=Silence.MISSING, problem="was not found")


@pytest.mark.parametrize(("mode", "reason"), [(0o644, "Permission denied"), (0o755, "Exec format error")])
def test_a_program_that_cannot_be_started_is_told_with_the_reason(
    tmp_path: Path, mode: int, reason: str
) -> None:
    """It is there, but no program, or not to be run by this user."""
    path = tmp_path / "program"
    path.write_text("nothing that runs")
    path.chmod(mode)
    answer = ask([str(path)], environ=ENVIRON, timeout_s=20)
    assert answer == Answer(None, silence=Silence.REFUSED, problem=f"cannot be started ({reason})")


def test_a_program_that_takes_too_long_is_killed() -> None:
    """Whoever asked waits no longer."""
    started = time.monotonic()
    answer = shell(f"exec {sys.executable} -c 'import time; time.sleep(60)'", timeout_s=0.3)
    assert answer == Answer(None, silence=Silence.LATE, problem="gave no answer in 0.3 s")
    assert time.monotonic() - started < 20
