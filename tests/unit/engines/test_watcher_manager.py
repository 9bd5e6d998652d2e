"""Watchers under supervision: real processes, real locks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.engines import Event, Happening
from aiemp.engines.watcher_manager import WatcherManager
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import Limits, Plan, Watcher
from aiemp.watcher_status import WatcherState
from aiemp.watchers.launch import running

SLEEPER = ("sleep", "300")
DEADLINE_S = 20.0


def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    return folder


class World:
    """A manager whose events are kept."""

    def __init__(self, plan: Plan) -> None:
        self.manager = WatcherManager(plan, dict(os.environ))
        self.events: list[Event] = list(self.manager.start_all())

    def keep_up(self) -> None:
        now = datetime.now(UTC)
        self.events += [*self.manager.notice_ends(now), *self.manager.restart_due(now)]

    def pid(self, name: str) -> int | None:
        return {status.name: status.pid for status in self.manager.status()}[name]

    def state(self, name: str) -> WatcherState:
        return {status.name: status.state for status in self.manager.status()}[name]

    def until(self, condition: Callable[[], object], what: str = "the condition") -> None:
        def step() -> object:
            self.keep_up()
            return condition()

        until(step, what)

    def count(self, happening: Happening, name: str) -> int:
        return sum(1 for event in self.events if (event.happening, event.name) == (happening, name))


@pytest.fixture
def world(vault: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(*watchers: Watcher, **facts: object) -> World:
        made.append(World(Plan(vault, watchers=watchers, **facts)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.manager.stop_all()


def test_watchers_run_in_their_own_groups_and_stop_without_a_trace(world: Callable[..., World]) -> None:
    """Each watcher leads its own session; after stop_all neither it nor its children are left."""
    family = ("sh", "-c", "sleep 301 & sleep 302 & wait")
    w = world(Watcher("one", command=SLEEPER), Watcher("family", command=family))
    one, two = w.pid("one"), w.pid("family")
    assert one and two
    assert os.getsid(one) == one
    assert os.getsid(two) == two
    children = Path(f"/proc/{two}/task/{two}/children")
    until(lambda: len(children.read_text().split()) == 2, "both children")
    pids = [one, two, *map(int, children.read_text().split())]
    w.manager.stop_all()
    until(lambda: not any(is_alive(pid) for pid in pids), "the end of all")  # SIGKILL takes a moment


def test_killed_watcher_is_back_at_once(world: Callable[..., World]) -> None:
    """A kill -9 is followed by a new process on the next look, and by both events."""
    w = world(Watcher("gmail", command=SLEEPER))
    first = w.pid("gmail")
    assert first
    os.kill(first, signal.SIGKILL)
    w.until(lambda: w.pid("gmail") not in (first, None), "a new process")
    assert w.state("gmail") is WatcherState.RUNNING
    assert [e.detail for e in w.events if e.happening is Happening.WATCHER_DIED] == ["killed by SIGKILL"]
    assert w.manager.restart_counts() == {"gmail": 1}


def test_children_of_a_killed_watcher_are_ended_before_it_is_started_again(
    world: Callable[..., World],
) -> None:
    """What the dead watcher left in its group goes first, or two generations would work side by side."""
    w = world(Watcher("family", command=("sh", "-c", "sleep 303 & wait")))
    first = w.pid("family")
    assert first
    children = Path(f"/proc/{first}/task/{first}/children")
    until(lambda: children.read_text().split(), "the child")
    child = int(children.read_text())
    os.kill(first, signal.SIGKILL)
    w.until(lambda: w.pid("family") not in (first, None), "a new process")
    until(lambda: not is_alive(child), "the end of the child")


def test_crash_loop_pauses_that_watcher_only(world: Callable[..., World]) -> None:
    """A watcher that always dies is given up after its restarts; the other one is not touched."""
    limits = Limits(restarts=2)
    w = world(Watcher("bad", command=("sh", "-c", "exit 3")), Watcher("good", command=SLEEPER), limits=limits)
    good = w.pid("good")
    w.until(lambda: w.state("bad") is WatcherState.PAUSED, "the pause")
    assert w.count(Happening.WATCHER_PAUSED, "bad") == 1
    reason = {s.name: s.reason for s in w.manager.status()}["bad"]
    assert "2 restarts" in reason
    assert "exit status 3" in reason
    assert w.manager.wake_at_s() is None, "nothing is planned for it any more"
    assert (w.pid("good"), w.state("good")) == (good, WatcherState.RUNNING)
    w.events += w.manager.unpause()
    w.until(lambda: w.count(Happening.WATCHER_PAUSED, "bad") == 2, "the second pause")


def test_program_that_is_not_there_is_paused_too(world: Callable[..., World]) -> None:
    """A command that cannot be started says so and is given up like one that crashes."""
    w = world(Watcher("ghost", command=("/no/such/program",)), limits=Limits(restarts=1))
    w.until(lambda: w.state("ghost") is WatcherState.PAUSED, "the pause")
    assert "/no/such/program" in {s.name: s.reason for s in w.manager.status()}["ghost"]


def test_stop_uses_the_watchers_own_signal(world: Callable[..., World], vault: Path) -> None:
    """A watcher whose clean stop is SIGINT gets that one, and time to finish."""
    script = (
        "import signal, sys, time, pathlib\n"
        "def stop(*_): pathlib.Path('stopped').write_text('by SIGINT'); sys.exit(0)\n"
        "signal.signal(signal.SIGINT, stop); pathlib.Path('ready').touch()\n"
        "while True: time.sleep(60)"
    )
    w = world(Watcher("polite", command=(sys.executable, "-c", script), cwd=vault, stop_signal="SIGINT"))
    until((vault / "ready").exists, "the watcher")
    w.manager.stop_all()
    assert (vault / "stopped").read_text() == "by SIGINT"


def test_watcher_that_ignores_its_stop_is_killed_after_its_grace(
    world: Callable[..., World], vault: Path
) -> None:
    """Stopping takes the grace and no longer; nothing is left."""
    script = (
        "import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path('ready').touch()\nwhile True: time.sleep(60)"
    )
    w = world(Watcher("deaf", command=(sys.executable, "-c", script), cwd=vault, stop_timeout_s=0.3))
    until((vault / "ready").exists, "the watcher")
    pid = w.pid("deaf")
    assert pid
    w.manager.stop_all()
    assert not is_alive(pid)


def test_hung_watcher_is_ended_and_started_again(world: Callable[..., World], vault: Path) -> None:
    """A watcher that lives while its processed file grows old is hung, and is restarted."""
    w = world(Watcher("gmail", command=SLEEPER, fresh_within_s=0.2))
    processed = Places(vault).processed("gmail")
    processed.parent.mkdir(exist_ok=True)
    processed.write_text("{}")
    first = w.pid("gmail")
    found: list[Event] = []

    def look() -> bool:
        found.extend(w.manager.check_freshness(datetime.now(UTC)))
        return bool(found)

    until(look, "the hang")
    assert found[0].happening is Happening.WATCHER_HUNG
    w.until(lambda: w.pid("gmail") not in (first, None), "a new process")
    # What ended it was this: "killed by SIGTERM" alone would set its owner looking for somebody else.
    died = next(event for event in w.events if event.happening is Happening.WATCHER_DIED)
    assert died.detail.startswith("no sign of work for ")
    assert died.detail.endswith(", so it was ended")


def test_missing_environment_is_no_error(world: Callable[..., World]) -> None:
    """A watcher whose credentials are not set is not started, and says which are missing."""
    w = world(Watcher("gmail", command=SLEEPER, requires_env=("AIEMP_TEST_NO_SUCH_VARIABLE",)))
    assert w.state("gmail") is WatcherState.NOT_CONFIGURED
    assert "AIEMP_TEST_NO_SUCH_VARIABLE" in w.events[0].detail
    assert w.manager.wake_at_s() is None


SPAWN_AND_DIE = """
import json, os, sys, time
from pathlib import Path
from aiemp.engines.watcher_manager import WatcherManager
from aiemp.plan import Plan, Watcher
manager = WatcherManager(Plan(Path(sys.argv[1]), watchers=(Watcher("gmail", command=("sleep", "300")),)))
manager.start_all()
print(json.dumps(manager.status()[0].pid), flush=True)
time.sleep(300)
"""


def test_survivor_of_a_killed_orchestrator_is_adopted_not_doubled(
    world: Callable[..., World], vault: Path
) -> None:
    """After kill -9 of the first, the second finds the watcher running, supervises it and can stop it."""
    parent = subprocess.Popen([sys.executable, "-c", SPAWN_AND_DIE, str(vault)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    survivor = json.loads(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    w = world(Watcher("gmail", command=SLEEPER))
    assert w.pid("gmail") == survivor
    assert w.state("gmail") is WatcherState.RUNNING
    assert "not started twice" in w.events[0].detail
    os.kill(survivor, signal.SIGKILL)
    w.until(lambda: w.pid("gmail") not in (survivor, None), "a new process")
    w.manager.stop_all()
    assert running(vault, "gmail") is None


def test_watcher_started_by_hand_is_left_running(world: Callable[..., World], vault: Path) -> None:
    """One that somebody started is reported, not doubled, and not stopped; when it ends, ours starts."""
    from aiemp.watchers.launch import Launch, spawn

    launch = Launch(SLEEPER, vault, dict(os.environ))
    by_hand = spawn(Watcher("gmail", command=SLEEPER), launch, Plan(vault), "by hand", None)
    w = world(Watcher("gmail", command=SLEEPER))
    assert w.pid("gmail") == by_hand.pid
    w.manager.stop_all()
    assert by_hand.poll() is None
    again = world(Watcher("gmail", command=SLEEPER))
    by_hand.kill()
    by_hand.wait()
    again.until(lambda: again.pid("gmail") not in (by_hand.pid, None), "ours")


def test_edited_plan_restarts_what_changed_and_leaves_the_rest(
    world: Callable[..., World], vault: Path
) -> None:
    """apply stops what left the plan, restarts what is different, starts what is new, touches no other."""
    same, changed, gone = (
        Watcher("same", command=SLEEPER),
        Watcher("changed", command=SLEEPER),
        Watcher("gone", command=SLEEPER),
    )
    w = world(same, changed, gone)
    before = {name: w.pid(name) for name in ("same", "changed", "gone")}
    edited = replace(changed, command=("sleep", "299"))
    new = Watcher("new", command=SLEEPER)
    w.events += w.manager.apply(Plan(vault, watchers=(same, edited, new)))
    w.until(lambda: w.pid("changed") not in (before["changed"], None), "the changed one")
    w.until(lambda: not is_alive(before["gone"] or 0), "the end of the one that left")
    assert w.pid("same") == before["same"]
    assert w.state("new") is WatcherState.RUNNING
    assert w.manager.restart_counts()["changed"] == 0, "an edit is no crash"


def test_variable_that_was_missing_is_noticed(world: Callable[..., World], vault: Path) -> None:
    """A watcher that is not configured is no error; once ``.env`` has its variable it is started."""
    w = world(Watcher("mail", command=SLEEPER, requires_env=("MAIL_TOKEN_PATH",)))
    now = datetime.now(UTC)
    assert (w.state("mail"), w.manager.check_freshness(now)) == (WatcherState.NOT_CONFIGURED, [])
    (vault / ".env").write_text("OTHER=1\n", encoding="utf-8")
    w.manager.check_freshness(now)
    assert w.state("mail") is WatcherState.NOT_CONFIGURED
    (vault / ".env").write_text("MAIL_TOKEN_PATH=token.json\n", encoding="utf-8")
    w.manager.check_freshness(now)
    pid = w.pid("mail")
    assert pid and is_alive(pid)
    w.manager.check_freshness(now)
    assert w.pid("mail") == pid
