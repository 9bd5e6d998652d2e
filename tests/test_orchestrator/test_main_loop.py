"""The orchestrator's loop, driven by a clock that is set by hand: the seed's cases (section 5B)."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.alert_files import alert_file
from aiemp.engines import Event, Happening
from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.places import Places
from aiemp.plan import Watcher
from aiemp.runs import Result, Run
from aiemp.watcher_status import WatcherState, WatcherStatus
from tests.test_orchestrator.engine_double import HandClock, every_day, make_orchestrator

EIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="aiemp")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(EIGHT)


def tick(orchestrator: object, clock: HandClock, times: int = 1) -> None:
    for _ in range(times):
        orchestrator._tick(clock())  # type: ignore[attr-defined]


def test_tick_executes_due_tasks(vault: Path, clock: HandClock) -> None:
    """Due tasks are started one at a time, the most urgent first."""
    tasks = [every_day("second", EIGHT, priority=2), every_day("first", EIGHT, priority=1)]
    orchestrator, engine = make_orchestrator(vault, clock, tasks=tasks)
    tick(orchestrator, clock)
    assert engine.started == ["first"], "one run at a time"
    tick(orchestrator, clock)
    assert engine.started == ["first", "second"]
    tick(orchestrator, clock, 5)
    assert engine.started == ["first", "second"], "once each"


def test_tick_skips_not_due_tasks(vault: Path, clock: HandClock) -> None:
    """A task whose time has not come, and one that is disabled, are not started."""
    tasks = [every_day("later", EIGHT + timedelta(minutes=1)), every_day("off", EIGHT, enabled=False)]
    orchestrator, engine = make_orchestrator(vault, clock, tasks=tasks)
    wake_at = orchestrator._tick(clock())
    assert engine.started == []
    assert wake_at == EIGHT + timedelta(minutes=1), "it sleeps until then"
    clock.advance(minutes=1)
    tick(orchestrator, clock)
    assert engine.started == ["later"]


def test_tick_updates_last_run(vault: Path, clock: HandClock) -> None:
    """After the run, its time is the task's last run, on disk."""
    orchestrator, _ = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    clock.advance(seconds=3)
    tick(orchestrator, clock)
    assert Ledger(vault).read().record("triage").last_run == clock()


def test_tick_logs_task_failure(vault: Path, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    """A failed task is said in the log, is tried again after its delay, and breaks no other."""
    bad = every_day("bad", EIGHT, priority=1, retry_delay_minutes=5)
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[bad, every_day("good", EIGHT)])
    engine.result = Result.FAILED
    tick(orchestrator, clock)
    engine.result = Result.SUCCEEDED
    tick(orchestrator, clock, 3)
    assert engine.started == ["bad", "good"]
    assert "bad failed: it broke" in caplog.text
    clock.advance(minutes=5)
    tick(orchestrator, clock)
    assert engine.started == ["bad", "good", "bad"]


def test_engine_that_cannot_start_a_task_does_not_end_the_loop(
    vault: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong in a tick is said once, and once more when it works again."""
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    start_task, engine.start_task = engine.start_task, _fail  # type: ignore[method-assign]
    tick(orchestrator, clock, 4)
    assert caplog.text.count("running what is due: no more processes") == 1
    engine.start_task = start_task  # type: ignore[method-assign]
    tick(orchestrator, clock, 2)
    assert engine.started == ["triage"]
    assert "running what is due: works again" in caplog.text


def _fail(_name: str) -> None:
    raise OSError("no more processes")


def test_tick_checks_watcher_health(vault: Path, clock: HandClock) -> None:
    """Every second tick looks for watchers that hang."""
    orchestrator, engine = make_orchestrator(vault, clock, watchers=[Watcher("gmail", command=("x",))])
    tick(orchestrator, clock, 4)
    assert engine.calls.count("check_freshness") == 2


def test_task_that_leaves_no_record_is_not_started_in_a_loop(vault: Path, clock: HandClock) -> None:
    """A child that dies before it can write anything is started again after a pause, not at once."""
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    engine.start_task = lambda name: (engine.started.append(name), setattr(engine, "task", name))  # type: ignore[assignment, func-returns-value]
    tick(orchestrator, clock, 10)
    assert engine.started == ["triage"]
    clock.advance(seconds=2 * orchestrator.check_interval)
    tick(orchestrator, clock)
    assert engine.started == ["triage", "triage"]


def test_days_of_downtime_run_each_missed_task_once(vault: Path, clock: HandClock) -> None:
    """Two days off, and on each of the missed tasks runs once, one at a time."""
    tasks = [every_day("triage", EIGHT), every_day("archive", EIGHT - timedelta(hours=7))]
    orchestrator, engine = make_orchestrator(vault, clock, tasks=tasks)
    tick(orchestrator, clock, 4)
    clock.advance(days=2)
    orchestrator, engine = make_orchestrator(vault, clock, tasks=tasks)
    tick(orchestrator, clock, 10)
    assert sorted(engine.started) == ["archive", "triage"]


def test_dry_run_rehearses_each_slot_once_and_writes_nothing(vault: Path, clock: HandClock) -> None:
    """In a dry run a due task is started once per slot, although nothing is written down."""
    before = {path: path.stat().st_mtime_ns for path in vault.rglob("*")}
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)], dry_run=True)
    tick(orchestrator, clock, 50)
    assert engine.started == ["triage"]
    clock.advance(days=1)
    tick(orchestrator, clock, 2)
    assert engine.started == ["triage", "triage"]
    assert {path: path.stat().st_mtime_ns for path in vault.rglob("*")} == before


def test_clock_set_back_waits_for_no_years(
    vault: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A last run that a wrong clock left years ahead counts as now, which is said once."""
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    clock.advance(days=3000)
    tick(orchestrator, clock)
    clock.now = EIGHT + timedelta(minutes=1)
    tick(orchestrator, clock, 3)
    assert caplog.text.count("lay in the future") == 1
    clock.advance(days=1)
    tick(orchestrator, clock)
    assert engine.started == ["triage", "triage"]


def test_watcher_events_reach_the_dashboard(vault: Path, clock: HandClock) -> None:
    """A crash leaves a row under Recent Errors, and the health table shows the state now."""
    orchestrator, engine = make_orchestrator(vault, clock, watchers=[Watcher("gmail", command=("x",))])
    engine.events = [Event(Happening.WATCHER_DIED, "gmail", "killed by SIGKILL")]
    engine.statuses = [WatcherStatus("gmail", WatcherState.DOWN)]
    tick(orchestrator, clock)
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    assert "killed by SIGKILL" in text
    assert "| Gmail Watcher | 🔴 Down |" in text
    assert "My own notes stay." in text


def test_a_removed_watcher_is_forgotten(vault: Path, clock: HandClock) -> None:
    """Its alert goes, its row says so once, whenever that is noticed; the rows and alerts of others stay."""
    watchers = [Watcher("old"), Watcher("mail")]
    orchestrator, engine = make_orchestrator(vault, clock, watchers=watchers)
    for name in ("old", "mail"):
        engine.events.append(Event(Happening.WATCHER_PAUSED, name, "exit status 1"))
    tick(orchestrator, clock)
    dashboard = vault / "Dashboard.md"
    assert "| Old Watcher | 🟢 Running |" in dashboard.read_text("utf-8")
    assert alert_file(vault, "watcher-old").exists()
    orchestrator.source.load = lambda: replace(orchestrator.plan, watchers=(Watcher("mail"),))
    del engine.statuses[0]
    orchestrator._on_reload(0, None)
    tick(orchestrator, clock)
    assert "| Old Watcher | ⚪ Removed |" in dashboard.read_text("utf-8")
    assert "| Mail Watcher | 🟢 Running |" in dashboard.read_text("utf-8")
    assert not alert_file(vault, "watcher-old").exists()
    assert alert_file(vault, "watcher-mail").exists()
    mine = dashboard.read_text("utf-8").replace("⚪ Removed", "gone since Monday")
    dashboard.write_text(mine, "utf-8")
    orchestrator._on_reload(0, None)
    tick(orchestrator, clock)
    assert "| Old Watcher | gone since Monday |" in dashboard.read_text("utf-8")


def test_a_disabled_watchers_alert_is_taken_back(vault: Path, clock: HandClock) -> None:
    """It is still in the plan, but nobody waits for it: what it needed is no longer needed."""
    orchestrator, engine = make_orchestrator(vault, clock, watchers=[Watcher("old"), Watcher("mail")])
    for name in ("old", "mail"):
        engine.events.append(Event(Happening.WATCHER_PAUSED, name, "exit status 1"))
    tick(orchestrator, clock)
    assert alert_file(vault, "watcher-old").exists()
    watchers = (Watcher("old", enabled=False), Watcher("mail"))
    orchestrator.source.load = lambda: replace(orchestrator.plan, watchers=watchers)
    orchestrator._on_reload(0, None)
    tick(orchestrator, clock)
    assert not alert_file(vault, "watcher-old").exists()
    assert alert_file(vault, "watcher-mail").exists()


@pytest.mark.parametrize(("age_s", "said"), [(3600, "see its log"), (-1, "hello")])
def test_a_run_without_a_record_is_told_in_its_own_words(
    vault: Path, clock: HandClock, caplog: pytest.LogCaptureFixture, age_s: int, said: str
) -> None:
    """The last line of its log is what it said; one that was written before it began is another run's."""
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("mine", EIGHT)])
    engine.start_task = lambda name: setattr(engine, "task", name)  # type: ignore[method-assign]
    tick(orchestrator, clock)
    log = Places(vault).task_log("mine")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("hello\n", "utf-8")
    os.utime(log, (time.time() - age_s,) * 2)
    tick(orchestrator, clock)
    assert f"mine ended (exit status 0) and left no record: {said}" in caplog.text


def test_a_recovered_run_that_lies_ahead_of_the_clock_is_forgotten_at_once(
    vault: Path, clock: HandClock
) -> None:
    """The clock was set back by more than a day while it ran, and it died: the tick that finds that out lets go of its
    slot, so that it does not come back when the clock is within a day of it."""
    orchestrator, engine = make_orchestrator(vault, clock, tasks=[every_day("later", EIGHT + HOUR)])
    ahead = EIGHT + 25 * HOUR
    Ledger(vault).begin(Run("later", ahead, 1, ahead, 1))
    tick(orchestrator, clock)
    record = Ledger(vault).read().record("later")
    assert (record.running, record.slot, record.attempts) == (None, None, 0)
    assert engine.started == []
