"""How a supervised program ends: by itself, by a signal, at its limit, in silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aiemp.process import Ending, Finished, find_program, run_supervised
from tests.fakes.claude import FakeClaude, exists
from tests.unit.process.running import GRACE_S, SLACK_S, run, run_hanging

# The ordinary end


def test_a_program_that_answers(fake: FakeClaude, tmp_path: Path) -> None:
    """Output, exit code and size are reported; the log has the whole output and is private."""
    log = tmp_path / "run.log"
    finished = run(fake, ("say", "hello\n"), ("complain", "careful\n"), ("end", 3), log_file=log)
    assert (finished.exit_code, finished.signal, finished.ended) == (3, None, Ending.EXITED)
    assert (finished.output, finished.stderr, finished.output_bytes) == (b"hello\n", b"careful\n", 14)
    assert sorted(log.read_text().splitlines()) == ["careful", "hello"]
    assert log.stat().st_mode & 0o777 == 0o600


def test_stdin_is_empty_and_the_session_is_its_own(fake: FakeClaude) -> None:
    """An open stdin makes Claude hang; a shared session would hand it our Ctrl-C."""
    run(fake)
    assert fake.calls[0]["stdin"] == ""
    assert fake.calls[0]["leads_session"] is True


def test_the_environment_is_exactly_the_given_one(fake: FakeClaude, tmp_path: Path) -> None:
    """Nothing of our own environment leaks in; cwd is where it was asked to be."""
    run_supervised([str(fake.path)], cwd=tmp_path, env={"ONLY": "this"}, timeout_s=20)
    assert {k: v for k, v in fake.calls[0]["env"].items() if k != "LC_CTYPE"} == {"ONLY": "this"}
    assert fake.calls[0]["cwd"] == str(tmp_path.resolve())


def test_a_program_killed_by_a_signal(fake: FakeClaude) -> None:
    """The signal is reported, and no exit code is made up."""
    finished = run(fake, ("die", 9))
    assert (finished.exit_code, finished.signal, finished.ended) == (None, 9, Ending.EXITED)


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    """The caller learns it as FileNotFoundError, and a file that is not executable as PermissionError."""
    with pytest.raises(FileNotFoundError):
        run_supervised([str(tmp_path / "none")], cwd=tmp_path, env={}, timeout_s=1)
    (tmp_path / "text").write_text("no program")
    with pytest.raises(PermissionError):
        run_supervised([str(tmp_path / "text")], cwd=tmp_path, env={}, timeout_s=1)


def test_exit_codes_survive_an_ignored_sigchld(fake: FakeClaude) -> None:
    """Started by a parent that ignores SIGCHLD, we would see every failure as exit 0."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert run(fake, ("end", 7)).exit_code == 7
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_it_works_outside_the_main_thread(fake: FakeClaude) -> None:
    """Without signal handlers to mind, a run in a thread ends the same way."""
    results: list[Finished] = []
    thread = threading.Thread(target=lambda: results.append(run(fake, ("helper",), ("say", "ok"))))
    thread.start()
    thread.join(20)
    assert results[0].output == b"ok"


# Limits


def test_a_program_that_hangs_is_ended_at_its_limit(fake: FakeClaude) -> None:
    """Total time limit: SIGTERM ends a program that heeds it, long before the grace is over."""
    started = time.monotonic()
    finished = run_hanging(fake, ("say", "working"), grace_s=300)
    assert (finished.ended, finished.signal) == (Ending.TIMED_OUT, signal.SIGTERM)
    assert finished.output == b"working[hangs]"
    assert time.monotonic() - started < SLACK_S


def test_a_limit_in_real_time(fake: FakeClaude) -> None:
    """Nobody has to say anything: the limit wakes the wait by itself."""
    finished = run(fake, ("sleep",), timeout_s=0.3)
    assert finished.ended is Ending.TIMED_OUT
    assert 0.3 <= finished.duration_s < 0.3 + GRACE_S + SLACK_S


def test_a_program_that_ignores_sigterm_is_killed(fake: FakeClaude) -> None:
    """After the grace comes SIGKILL, not before."""
    started = time.monotonic()
    finished = run_hanging(fake, ("ignore_sigterm",))
    assert (finished.ended, finished.signal) == (Ending.TIMED_OUT, signal.SIGKILL)
    assert GRACE_S <= time.monotonic() - started < GRACE_S + SLACK_S


def test_what_is_said_on_sigterm_is_kept(fake: FakeClaude) -> None:
    """Output is still read while the program is being ended: it often says there what it was doing."""
    more_than_a_pipe_holds = "." * 300_000 + "was at item 3"
    finished = run_hanging(fake, ("say_on_sigterm", more_than_a_pipe_holds), grace_s=30)
    assert finished.output.startswith(b"[hangs].")
    assert finished.output.endswith(b".was at item 3")
    assert (finished.ended, finished.exit_code) == (Ending.TIMED_OUT, 143)


def test_a_program_that_falls_silent(fake: FakeClaude) -> None:
    """The silence limit counts from the last output, not from the start."""
    steps = ("say", "a"), ("sleep", 0.3), ("say", "b"), ("sleep", 0.3), ("say", "c"), ("sleep",)
    finished = run(fake, *steps, silence_s=2.0)
    assert finished.ended is Ending.SILENT
    assert finished.output == b"abc"
    assert finished.duration_s >= 2.5


def test_closed_output_is_not_the_end(fake: FakeClaude) -> None:
    """A program that closes its output and goes on is waited for, up to the limit."""
    finished = run(fake, ("close_output",), ("sleep", 0.3), ("end", 5))
    assert (finished.exit_code, finished.ended) == (5, Ending.EXITED)
    assert run(fake, ("close_output",), ("sleep",), timeout_s=0.3).ended is Ending.TIMED_OUT


# Finding a program


def test_a_program_is_found_on_absolute_path_entries_only(tmp_path: Path) -> None:
    """``.`` or an empty entry in PATH would find what appeared in the vault."""
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert find_program("tool", {"PATH": f":.{os.pathsep}"}) is None
        assert find_program("tool", {"PATH": f":.:{tmp_path}"}) == program
        assert find_program(str(program), {}) == program
        program.chmod(0o644)
        assert find_program("tool", {"PATH": str(tmp_path)}) is None
    finally:
        os.chdir(here)


def test_the_helpers_of_these_tests_can_see_processes(fake: FakeClaude) -> None:
    """``exists`` knows a living process from a dead one, or the tests above would prove nothing."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    assert exists(child.pid)
    child.kill()
    child.wait()
    assert not exists(child.pid)
