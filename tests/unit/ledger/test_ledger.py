"""The ledger on disk: what it keeps, what it survives."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiemp.durable import replace_file
from aiemp.ledger import Ledger
from aiemp.plan import Plan
from aiemp.runs import Ended, Result, Run
from tests.unit.ledger.runs import NOW, a_run, an_end, state_file


def test_missing_state_is_a_fresh_start(vault: Path) -> None:
    """Reading a vault that never ran anything gives nothing, and writes nothing."""
    state = Ledger(vault).read()
    assert (state.records, state.tick_count) == ({}, 0)
    assert list(vault.iterdir()) == []


def test_a_run_is_written_before_it_starts_and_after_it_ends(vault: Path, plan: Plan) -> None:
    """Between begin and finish the state names the run and its process; then its end and last run."""
    ledger, run = Ledger(vault), a_run()
    ledger.begin(run)
    assert Ledger(vault).read().record("triage").running == run
    document = json.loads(state_file(vault).read_bytes())
    assert document["aiemp"]["tasks"]["triage"]["running"]["run"] == "triage@2026-11-23T08:00Z"
    ledger.finish(run, an_end(), plan, {"items_processed": 3, "output": "x" * 9999})
    record = Ledger(vault).read().record("triage")
    assert (record.running, record.last_run) == (None, NOW)
    assert json.loads(state_file(vault).read_bytes())["schedule_last_run"] == {"triage": NOW.isoformat()}
    (entry,) = ledger.history.newest_first()
    assert entry["run"] == "triage@2026-11-23T08:00Z"
    assert (entry["result"], entry["details"]) == ("succeeded", {"items_processed": 3})


def test_state_of_an_older_orchestrator_is_read_and_kept(vault: Path, plan: Plan) -> None:
    """The seed's file, with naive and aware times and keys of its own, is taken over and kept."""
    state_file(vault).parent.mkdir()
    old = {
        "tick_count": 7,
        "start_time": "2026-11-01T00:00:00",
        "watcher_restart_counts": {"gmail": 2},
        "schedule_last_run": {"triage": "2026-11-22T08:00:01", "other": "2026-11-22T10:00:00+02:00"},
        "their_own": {"a": [1, 2]},
    }
    state_file(vault).write_text(json.dumps(old))
    ledger = Ledger(vault)
    state = ledger.read()
    assert state.record("triage").last_run == datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)
    assert state.record("other").last_run == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert (state.tick_count, state.watcher_restart_counts) == (7, {"gmail": 2})
    ledger.finish(a_run(), an_end(), plan)
    after = json.loads(state_file(vault).read_bytes())
    assert after["their_own"] == {"a": [1, 2]}
    assert after["schedule_last_run"]["other"] == "2026-11-22T10:00:00+02:00"


def test_wrong_types_in_the_state_do_not_stop_a_run(vault: Path, plan: Plan) -> None:
    """What somebody typed into the state by hand is passed over, and writing goes on."""
    state_file(vault).parent.mkdir()
    state_file(vault).write_text(
        json.dumps(
            {"schedule_last_run": [], "tick_count": "many", "aiemp": {"tasks": {"triage": 3, "x": []}}}
        )
    )
    ledger = Ledger(vault)
    assert ledger.read().record("triage").last_run is None
    ledger.begin(a_run())
    ledger.finish(a_run(), an_end(), plan)
    assert ledger.read().record("triage").last_run == NOW


@pytest.mark.parametrize(
    "damaged",
    [{"schedule_last_run": None}, {"schedule_last_run": 3}, {"schedule_last_run": {"triage": 1e400}}]
    + [{"schedule_last_run": {"triage": text}} for text in ("", "2026-11-2_T08", "0001-01-01T00:00:00+14:00")]
    + [{"aiemp": None, "schedule_last_run": []}, {"tick_count": 3}],
)
def test_a_last_run_that_cannot_be_read_is_taken_from_the_history(
    vault: Path, plan: Plan, damaged: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """The task does not run again because of it, also after the file was written anew; said once."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    ledger.finish(a_run(), an_end(), plan)
    document = json.loads(state_file(vault).read_bytes())
    if "tick_count" in damaged:
        document = {}
    state_file(vault).write_text(json.dumps(document | damaged))
    assert Ledger(vault).read().record("triage").last_run == NOW
    ledger = Ledger(vault)
    for _ in range(2):
        ledger.block(a_run("health"), an_end(Result.BLOCKED, "no Claude"), plan)
        assert ledger.read().record("triage").last_run == NOW
    told = [record for record in caplog.records if "from the history" in record.message]
    assert len(told) == ("tick_count" not in damaged)


def test_blocked_reason_is_new_once_per_slot(vault: Path, plan: Plan) -> None:
    """The same reason for the same slot is told once; another reason, or another slot, is new."""
    ledger = Ledger(vault)
    no_claude = an_end(Result.BLOCKED, "no claude")
    assert ledger.block(a_run(), no_claude, plan)
    before = state_file(vault).read_bytes()
    assert not ledger.block(a_run(), no_claude, plan)
    assert state_file(vault).read_bytes() == before, "nor is it written again"
    assert ledger.block(a_run(), an_end(Result.BLOCKED, "no budget"), plan)
    next_slot = Run("triage", NOW + timedelta(days=1), 1, NOW, 1)
    assert ledger.block(next_slot, an_end(Result.BLOCKED, "no budget"), plan)
    assert ledger.read().record("triage").last_run is None


def test_what_a_block_cost_is_in_the_history_each_time(vault: Path, plan: Plan) -> None:
    """Told once for its slot; what was spent to find out is kept all the same."""
    ledger, limit = Ledger(vault), an_end(Result.BLOCKED, "a limit")
    told = []
    for _ in range(2):
        ledger.begin(a_run())
        told.append(ledger.block(a_run(), limit, plan, {"claude_s": 90.0, "cost_usd": 0.5}))
    assert told == [True, False]
    kept = [entry["details"] for entry in ledger.history.newest_first("triage")]
    assert kept == [{"claude_s": 90.0, "cost_usd": 0.5}] * 2


def test_last_run_in_the_future_is_clamped_and_reported_once(vault: Path, plan: Plan) -> None:
    """A last run years ahead becomes now; a calendar task's of an hour ahead stays (its slots did run)."""
    state_file(vault).parent.mkdir()
    ahead = {"triage": "2029-01-01T00:00:00+00:00", "health": "2026-11-23T09:00:00+00:00"}
    state_file(vault).write_text(json.dumps({"schedule_last_run": ahead}))
    ledger = Ledger(vault)
    assert sorted(ledger.clamp_future(plan, NOW)) == ["health", "triage"]
    assert ledger.clamp_future(plan, NOW) == []
    assert ledger.read().record("health").last_run == NOW
    ledger._change_record("triage", lambda record: record)
    near = {"triage": "2026-11-23T09:00:00+00:00"}
    state_file(vault).write_text(json.dumps({"schedule_last_run": near}))
    assert ledger.clamp_future(plan, NOW) == []


def test_two_writers_lose_nothing_of_each_other(vault: Path, plan: Plan) -> None:
    """Processes that write different tasks at once all find their record afterwards."""
    script = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from aiemp.ledger import Ledger; from aiemp.plan import Plan\n"
        "from aiemp.runs import *\n"
        "v, name = Path(sys.argv[1]), sys.argv[2]; l = Ledger(v); p = Plan(v)\n"
        "for n in range(10):\n"
        "    t = datetime(2026, 11, 23, 8, n, tzinfo=UTC); r = Run(f'{name}-{n}', t, 1, t, 1)\n"
        "    l.begin(r); l.finish(r, Ended(Result.SUCCEEDED, t, 1.0), p)\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(vault), name]) for name in ("a", "b", "c")
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    records = Ledger(vault).read().records
    assert {name for name, record in records.items() if record.last_run} == {
        f"{name}-{n}" for name in "abc" for n in range(10)
    }
    assert len(list(Ledger(vault).history.newest_first())) == 30


def test_vanished_vault_is_not_made_anew(tmp_path: Path) -> None:
    """Writing into a vault that is gone fails, instead of leaving an empty vault at its mount point."""
    gone = tmp_path / "mount" / "vault"
    with pytest.raises(FileNotFoundError, match="vault"):
        Ledger(gone).begin(a_run())
    assert list(tmp_path.iterdir()) == []


def test_state_files_are_private_whatever_the_umask(vault: Path, plan: Plan) -> None:
    """State and history can be read by their owner alone."""
    before = os.umask(0)
    try:
        ledger = Ledger(vault)
        ledger.begin(a_run())
        ledger.finish(a_run(), an_end(), plan)
    finally:
        os.umask(before)
    made = list(vault.rglob("*"))
    assert {oct(path.stat().st_mode & 0o777) for path in made if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in made if path.is_dir()} == {"0o700"}


def test_readers_never_see_half_a_state(vault: Path, plan: Plan) -> None:
    """A reader that looks all the time while runs are written always finds a whole state."""
    ledger = Ledger(vault)
    ledger.finish(a_run("always"), an_end(), plan)
    done = threading.Event()
    seen = []

    def read() -> None:
        while not done.is_set():
            seen.append(Ledger(vault).read().record("always").last_run)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(30):
        ledger.begin(a_run(f"task-{n}"))
    done.set()
    reader.join()
    assert set(seen) == {NOW}


def test_a_block_is_kept_with_its_moment(vault: Path, plan: Plan) -> None:
    """Until when, and when that was known, survive a restart; what somebody typed there does not."""
    ledger, until = Ledger(vault), NOW + timedelta(hours=3)
    end = Ended(Result.BLOCKED, NOW, 2.0, "a limit", until=until)
    ledger.begin(a_run())
    assert ledger.block(a_run(), end, plan)
    record = Ledger(vault).read().record("triage")
    assert (record.blocked_until, record.blocked_at) == (until, NOW)
    document = json.loads(state_file(vault).read_text())
    document["aiemp"]["tasks"]["triage"]["blocked"].update(until=[7], at="noon")
    state_file(vault).write_text(json.dumps(document))
    record = Ledger(vault).read().record("triage")
    assert (record.blocked_reason, record.blocked_until, record.blocked_at) == ("a limit", None, None)


def test_an_answer_of_claude_lifts_every_hold(vault: Path, plan: Plan) -> None:
    """A usage limit is the account's: once one task gets an answer the others wait no longer. A run that did
    not ask Claude, or failed, proves nothing."""
    ledger = Ledger(vault)
    end = Ended(Result.BLOCKED, NOW, 2.0, "a limit", until=NOW + timedelta(hours=3))
    ledger.begin(a_run())
    ledger.block(a_run(), end, plan)
    for result, details in ((Result.SUCCEEDED, {}), (Result.FAILED, {"claude_s": 3.0})):
        ledger.begin(a_run("health"))
        ledger.finish(a_run("health"), an_end(result), plan, details)
        assert ledger.read().record("triage").blocked_until is not None
    ledger.begin(a_run("health"))
    ledger.finish(a_run("health"), an_end(), plan, {"claude_s": 3.0})
    record = ledger.read().record("triage")
    assert (record.blocked_until, record.blocked_at, record.blocked_reason) == (None, None, "a limit")


def test_a_block_that_was_told_adds_nothing_to_the_history(vault: Path, plan: Plan) -> None:
    """A run that begins again and finds the same reason, at no cost, is closed; its slot has been told of it."""
    ledger, end = Ledger(vault), an_end(Result.BLOCKED, "no login")
    for is_new in (True, False):
        ledger.begin(a_run())
        assert ledger.block(a_run(), end, plan) is is_new
        assert ledger.read().record("triage").running is None
    assert len(list(ledger.history.newest_first())) == 1


def test_an_end_is_not_corrected_once_the_task_runs_again(vault: Path, plan: Plan) -> None:
    """It came too late: what runs now is another run, whose record stays."""
    ledger, run = Ledger(vault), a_run()
    ledger.begin(run)
    ledger.finish(run, an_end(Result.INTERRUPTED), plan)
    ledger.begin(a_run(attempt=2))
    assert not ledger.correct(run, an_end(Result.FAILED, "timed out"), plan)
    record = Ledger(vault).read().record("triage")
    assert record.running is not None
    assert record.last is not None
    assert (record.running.attempt, record.last.result) == (2, Result.INTERRUPTED)


def test_an_end_can_be_written_on_a_disk_that_filled_up_meanwhile(
    vault: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for it is held from the beginning of the run, and given up for it."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    reserve = ledger.places.reserve
    assert reserve.stat().st_size > 0

    def write(*arguments: Any, **options: Any) -> None:
        if reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace_file(*arguments, **options)

    monkeypatch.setattr("aiemp.state_file.replace_file", write)
    ledger.finish(a_run(), an_end(), plan)
    assert Ledger(vault).read().record("triage").last == an_end()
    assert not reserve.exists()
