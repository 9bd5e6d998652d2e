"""One supervised child process: how it ends, what is kept of its output, and that nothing is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.process import LINUX_CAN_ADOPT, Ending, Finished, find_program, run_supervised
from aiemp.process.streams import BoundedOutput
from tests.fakes.claude import FakeClaude, exists, wait_until

GRACE_S = 0.4
SLACK_S = 15.0
"""What a busy machine may add. A run that is not ended takes ten minutes."""

needs_adoption = pytest.mark.skipif(not LINUX_CAN_ADOPT, reason="only Linux adopts orphans")


@pytest.fixture
def fake(tmp_path: Path) -> FakeClaude:
    return FakeClaude(tmp_path / "bin")


@pytest.fixture(autouse=True)
def nothing_left(fake: FakeClaude) -> Iterator[None]:
    """After each run no process of the fake is there any more, not even as a zombie."""
    yield
    alive = fake.alive()
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not alive, f"left behind: {alive} of {fake.pids()}"


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


# Nothing is left


@pytest.mark.parametrize("stubborn", [False, True], ids=["heeds SIGTERM", "ignores SIGTERM"])
def test_a_child_that_outlives_the_program(fake: FakeClaude, stubborn: bool) -> None:
    """MCP servers left behind hold the output open: the program's end counts, and they are ended."""
    started = time.monotonic()
    finished = run(fake, ("helper", stubborn), ("say", "done"))
    assert (finished.exit_code, finished.output) == (0, b"done")
    assert time.monotonic() - started < GRACE_S + SLACK_S
    assert len(fake.pids()) == 2


@needs_adoption
@pytest.mark.parametrize("keeps_output", [False, True], ids=["quiet", "holds the output"])
def test_a_daemon_does_not_get_away(fake: FakeClaude, keeps_output: bool) -> None:
    """A grandchild with a session of its own, which ignores SIGTERM, is gone when the run returns."""
    finished = run(fake, ("daemon", keeps_output), ("say", "done"))
    assert (finished.exit_code, finished.output) == (0, b"done")
    assert len(fake.pids()) == 2


@needs_adoption
def test_a_daemon_of_a_hanging_program(fake: FakeClaude) -> None:
    """The same at the time limit, when the program itself has to be killed."""
    finished = run_hanging(fake, ("ignore_sigterm",), ("daemon",), ("helper",))
    assert finished.ended is Ending.TIMED_OUT
    assert len(fake.pids()) == 3


@needs_adoption
def test_a_daemon_that_keeps_forking(fake: FakeClaude) -> None:
    """A process that changes its pid all the time is caught too."""
    run(fake, ("dodging_daemon",), ("say", "done"))
    time_of_check = [line for line in process_table() if str(fake.folder) in line]
    assert not time_of_check


@needs_adoption
def test_children_from_before_are_left_alone(fake: FakeClaude) -> None:
    """Only what the run brought with it is ended."""
    mine = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    try:
        run(fake, ("daemon",), ("helper",), ("say", "done"))
        assert mine.poll() is None
    finally:
        mine.kill()
        mine.wait()


@needs_adoption
def test_this_process_adopts_only_during_the_run(fake: FakeClaude) -> None:
    """Being a subreaper ends with the run: later orphans are not ours to reap."""
    run(fake)
    shell = "sleep 60 >&- 2>&- & echo $!"
    orphan = int(subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=True).stdout)
    try:
        stat = Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()
        assert int(stat[1]) != os.getpid()
    finally:
        os.kill(orphan, signal.SIGKILL)


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


@needs_adoption
def test_a_killed_supervisor_takes_the_program_along(fake: FakeClaude, tmp_path: Path) -> None:
    """After ``kill -9`` of the trigger its Claude must not go on beside the next one."""
    fake.does(("tell", str(tmp_path / "ready")), ("sleep",))
    code = (
        "import sys, pathlib; from aiemp.process import run_supervised\n"
        f"run_supervised([{str(fake.path)!r}], cwd=pathlib.Path('/'), env={{}}, timeout_s=60)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    try:
        wait_until((tmp_path / "ready").exists, "the fake is at work")
    finally:
        supervisor.kill()
        supervisor.wait()
    wait_until(lambda: not fake.alive(), "the fake is gone")


@needs_adoption
def test_a_leader_that_dies_while_it_is_looked_for() -> None:
    """In a process with other children, too, it only counts as gone once its exit code is known."""
    from aiemp.process.descendants import Descendants, adopting_orphans

    mine = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    try:
        with adopting_orphans() as adopts:
            descendants = Descendants(adopts)
            leader = subprocess.Popen([sys.executable, "-S", "-c", "raise SystemExit(3)"])
            descendants.lead_by(leader.pid, lambda: None)
            os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)
            assert not descendants.gone()
            descendants.lead_by(leader.pid, leader.poll)
            assert descendants.gone()
            assert leader.returncode == 3
    finally:
        mine.kill()
        mine.wait()


# Output


def test_a_flood_is_bounded_in_memory_and_whole_in_the_log(tmp_path: Path, fake: FakeClaude) -> None:
    """32 MB of output cost this process a few hundred kilobytes; the log has every byte."""
    size = 32 * 65536 * 16
    fake.does(("flood", size))
    log = tmp_path / "log"
    code = (
        f"import pathlib, sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from aiemp.process import run_supervised; from tests.peak_memory import peak_kb\n"
        "before = peak_kb()\n"
        f"f = run_supervised([{str(fake.path)!r}], cwd=pathlib.Path('/'), env={{}}, timeout_s=60,"
        f" log_file=pathlib.Path({str(log)!r}))\n"
        "print(f.exit_code, f.output_bytes, len(f.output), peak_kb() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    exit_code, output_bytes, kept, growth_kb = map(int, done.stdout.split())
    assert (exit_code, output_bytes, log.stat().st_size) == (0, size, size)
    assert kept < 66 * 1024
    assert growth_kb < 8 * 1024


def test_the_streams_can_be_told_apart(fake: FakeClaude) -> None:
    """``on_stderr`` takes stderr from ``on_output``: a warning must not come into the middle of an event."""
    out: list[bytes] = []
    err: list[bytes] = []
    run(fake, ("say", "a"), ("complain", "b"), ("say", "c"), on_output=out.append, on_stderr=err.append)
    assert (b"".join(out), b"".join(err)) == (b"ac", b"b")
    run(fake, ("complain", "b"), on_output=out.append)
    assert b"".join(out) == b"acb"


def test_ticks_come_while_nothing_is_printed(fake: FakeClaude) -> None:
    """Who shows the time is woken by an empty output; nobody else gets one."""
    chunks: list[bytes] = []
    run(fake, ("sleep", 0.4), ("say", "x"), on_output=chunks.append, tick_s=0.05)
    assert chunks.count(b"") >= 2
    chunks.clear()
    run(fake, ("sleep", 0.2), ("say", "x"), on_output=chunks.append)
    assert chunks == [b"x"]


def test_a_flood_does_not_delay_the_limit(fake: FakeClaude) -> None:
    """A program that never stops printing meets its time limit like any other."""
    finished = run(fake, ("flood", 10**12), timeout_s=0.3)
    assert finished.ended is Ending.TIMED_OUT
    assert finished.duration_s < 0.3 + GRACE_S + SLACK_S


def test_output_that_is_not_text(fake: FakeClaude) -> None:
    """Bytes come through as they are, invalid UTF-8 and NUL included."""
    assert run(fake, ("say_bytes", "fffe00c328")).output == bytes.fromhex("fffe00c328")


def test_the_log_is_appended_to(fake: FakeClaude, tmp_path: Path) -> None:
    """A second run does not wipe out the first."""
    log = tmp_path / "log"
    run(fake, ("say", "one "), log_file=log)
    run(fake, ("say", "two"), log_file=log)
    assert log.read_text() == "one two"


def test_a_log_that_cannot_be_written(fake: FakeClaude, tmp_path: Path) -> None:
    """A link, a FIFO or a folder where the log should be is not followed, and the run goes on."""
    target = tmp_path / "precious"
    target.write_text("mine")
    link, fifo = tmp_path / "link", tmp_path / "fifo"
    link.symlink_to(target)
    os.mkfifo(fifo)
    for log in (link, fifo, tmp_path, tmp_path / "missing" / "log"):
        assert run(fake, ("say", "x"), log_file=log).output == b"x"
    assert target.read_text() == "mine"


def test_a_log_whose_folder_has_become_a_link_out_of_the_vault(fake: FakeClaude, tmp_path: Path) -> None:
    """The log was looked at before the run; when it is opened its folder may be another."""
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    vault.mkdir()
    (outside / "aiemp").mkdir(parents=True)
    (vault / "Logs").symlink_to(outside)
    assert run(fake, ("say", "x"), log_file=vault / "Logs" / "aiemp" / "task.log").output == b"x"
    assert list((outside / "aiemp").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_end_the_run(fake: FakeClaude, caplog: pytest.LogCaptureFixture) -> None:
    """When the log cannot be written any more that is said once, and the answer still arrives."""
    from aiemp.process import streams

    opened = os.open("/dev/full", os.O_WRONLY)
    original = streams._open_log
    streams._open_log = lambda _path: opened
    try:
        finished = run(fake, ("say", "a"), ("sleep", 0.1), ("say", "b"), log_file=Path("x"))
    finally:
        streams._open_log = original
    assert finished.output == b"ab"
    assert len([r for r in caplog.records if "no longer written" in r.message]) == 1


@settings(deadline=None)
@given(
    chunks=st.lists(st.binary(max_size=300), max_size=30),
    head=st.integers(0, 100),
    tail=st.integers(1, 400),
)
def test_bounded_output_keeps_beginning_and_end(chunks: list[bytes], head: int, tail: int) -> None:
    """Whatever the chunks, what is kept is the beginning and the end, and the gap between is counted."""
    bounded = BoundedOutput(head, tail)
    for chunk in chunks:
        bounded.add(chunk)
    whole = b"".join(chunks)
    left_out = len(whole) - head - tail
    if left_out <= 0:
        assert bounded.value() == whole
    else:
        note = f"\n[... {left_out} bytes left out ...]\n".encode()
        assert bounded.value() == whole[:head] + note + whole[-tail:]


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


def process_table() -> list[str]:
    """The command lines of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return lines


def test_the_helpers_of_these_tests_can_see_processes(fake: FakeClaude) -> None:
    """``exists`` knows a living process from a dead one, or the tests above would prove nothing."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    assert exists(child.pid)
    child.kill()
    child.wait()
    assert not exists(child.pid)


# Where there is neither /proc, nor waitid, nor pidfd (macOS)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, deprived of what only Linux has."""
    monkeypatch.setattr("aiemp.process.descendants.LINUX_CAN_ADOPT", False)
    for name in ("waitid", "pidfd_open"):
        monkeypatch.delattr(os, name, raising=False)


@pytest.mark.usefixtures("elsewhere")
def test_elsewhere_the_process_group_is_ended(fake: FakeClaude) -> None:
    """Without adoption: exit code, limits, helpers in the group, and a child of before left alone."""
    mine = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    try:
        finished = run(fake, ("helper", True), ("say", "done"), ("end", 3))
        assert (finished.exit_code, finished.output) == (3, b"done")
        finished = run_hanging(fake, ("ignore_sigterm",), ("helper",))
        assert (finished.ended, finished.signal) == (Ending.TIMED_OUT, signal.SIGKILL)
        assert mine.poll() is None
        # The helpers are nobody's here, so init has to reap them first.
        wait_until(lambda: not fake.alive(), "the helpers are gone")
    finally:
        mine.kill()
        mine.wait()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.timeout(method="thread")  # SIGALRM is the test's own
def test_elsewhere_a_handler_that_raises(fake: FakeClaude) -> None:
    """A stop there ends the group as well."""
    with handler_that_raises(signal.SIGALRM):
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with pytest.raises(Struck):
            run(fake, ("helper",), ("say", "x"), ("sleep",))
    wait_until(lambda: not fake.alive(), "all of it is gone")


@needs_adoption
def test_a_sandbox_that_forbids_adoption(fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where prctl is refused the group is ended all the same, and a waiting child of before is left alone."""
    from aiemp.process import descendants

    class Refusing:
        @staticmethod
        def prctl(*_arguments: int) -> int:
            return -1

    monkeypatch.setattr(descendants, "_libc", Refusing)
    assert run(fake, ("helper", True), ("say", "done"), ("end", 3)).exit_code == 3
    wait_until(lambda: not fake.alive(), "the helper is gone")
