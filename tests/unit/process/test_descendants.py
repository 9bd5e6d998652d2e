"""Nothing of a run is left: children, daemons, what a killed supervisor had started, with and without /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aiemp.process import LINUX_CAN_ADOPT, Ending
from aiemp.process.descendants import die_with_parent
from aiemp.process.supervised import LEFTOVER_GRACE_S
from tests.fakes.claude import FakeClaude, wait_until
from tests.unit.process.running import GRACE_S, SLACK_S, Struck, handler_that_raises, run, run_hanging

needs_adoption = pytest.mark.skipif(not LINUX_CAN_ADOPT, reason="only Linux adopts orphans")


# Nothing is left


@pytest.mark.parametrize("stubborn", [False, True], ids=["heeds SIGTERM", "ignores SIGTERM"])
def test_a_child_that_outlives_the_program(fake: FakeClaude, stubborn: bool) -> None:
    """MCP servers left behind hold the output open: the program's end counts, and they are ended."""
    started = time.monotonic()
    finished = run(fake, ("helper", stubborn), ("say", "done"))
    assert (finished.exit_code, finished.output) == (0, b"done")
    assert time.monotonic() - started < GRACE_S + SLACK_S
    assert len(fake.pids()) == 2


def test_what_a_finished_program_leaves_gets_no_long_grace(fake: FakeClaude) -> None:
    """Nobody waits for its answer any more, so a minute that the program itself would have got is too long."""
    started = time.monotonic()
    assert run(fake, ("helper", True), ("say", "done"), grace_s=60.0).exit_code == 0
    assert time.monotonic() - started < LEFTOVER_GRACE_S + SLACK_S


@needs_adoption
def test_a_program_is_not_tied_to_a_process_with_threads() -> None:
    """What ties it runs between fork and exec, where a lock may be held by a thread that is not there."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert die_with_parent() is None
    finally:
        done.set()
        thread.join()


ORPHANED_BEFORE_IT_IS_TIED = """
import os, sys
from aiemp.process.descendants import die_with_parent
tie = die_with_parent()
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        tie()
        os._exit(7)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@needs_adoption
def test_a_program_whose_parent_is_gone_already_does_not_start() -> None:
    """The kernel tells only of deaths that are yet to come: who has another parent by then ends himself."""
    assert subprocess.run([sys.executable, "-c", ORPHANED_BEFORE_IT_IS_TIED], check=False).returncode == 1


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


def process_table() -> list[str]:
    """The command lines of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return lines


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
