"""The ledger on disk: what it keeps, what it survives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.places import Places
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.run_history import entry_of
from aiemp.runs import Ended, Result, Run, is_exhausted
from tests.rights import as_nobody

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TRIAGE = ScheduledTask("triage", "", Frequency.DAILY, time_of_day=time(8, 0))
HEALTH = ScheduledTask("health", "", Frequency.EVERY_N_MINUTES, interval_minutes=15)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "my vault %s $HOME ü"
    folder.mkdir()
    return folder


@pytest.fixture
def plan(vault: Path) -> Plan:
    return Plan(vault, tasks=(TRIAGE, HEALTH))


def a_run(task: str = "triage", *, attempt: int = 1, started: datetime = NOW) -> Run:
    return Run(task, NOW, attempt, started, os.getpid())


def an_end(result: Result = Result.SUCCEEDED, error: str = "") -> Ended:
    return Ended(result, NOW + timedelta(minutes=1), 60.0, error)


def state_file(vault: Path) -> Path:
    return vault / ".state" / "orchestrator_state.json"


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


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"a": 1} {"b": 2}', b"[" * 100_000],
    ids=["empty", "torn", "list", "null", "binary", "two", "deep"],
)
def test_corrupt_state_is_set_aside_and_last_runs_come_from_the_history(
    vault: Path, plan: Plan, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no state is kept under another name, said once, and costs no second run."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    ledger.finish(a_run(), an_end(), plan)
    state_file(vault).write_bytes(content)
    assert ledger.read().record("triage").last_run == NOW
    assert ledger.read().record("triage").last_run == NOW
    (kept,) = state_file(vault).parent.glob("orchestrator_state.json.corrupt-*")
    assert kept.read_bytes() == content
    assert len([r for r in caplog.records if "not a state file" in r.message]) == 1


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


def test_interrupted_runs_are_found_by_recovery(vault: Path, plan: Plan) -> None:
    """A run without a record of its end is closed as interrupted, once, and counts as an attempt."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    ((run, end),) = ledger.recover(plan, NOW + timedelta(hours=1))
    assert (run, end.result, end.duration_s) == (a_run(), Result.INTERRUPTED, 3600.0)
    assert ledger.recover(plan, NOW + timedelta(hours=1)) == []
    record = ledger.read().record("triage")
    assert (record.attempts, record.last_run) == (1, None)
    ledger.begin(a_run(attempt=2))
    ((run, end),) = ledger.recover(plan, NOW)
    assert is_exhausted(run, end, TRIAGE)
    assert ledger.read().record("triage").last_run == NOW
    assert [entry["result"] for entry in ledger.history.newest_first("triage")] == ["interrupted"] * 2


def test_a_run_that_goes_on_is_not_recovered(vault: Path, plan: Plan) -> None:
    """As long as its run lock is held, a begun run is left alone."""
    ledger = Ledger(vault)
    with acquire(ledger.places.run_lock, Holder(os.getpid(), "task triage")):
        ledger.begin(a_run())
        assert ledger.recover_if_idle(plan, NOW) == []
    assert len(ledger.recover_if_idle(plan, NOW)) == 1


@pytest.mark.parametrize(("minutes", "result"), [(TRIAGE.timeout_minutes, "failed"), (1, "interrupted")])
def test_run_that_was_seen_over_its_limit_has_failed(
    vault: Path, plan: Plan, minutes: int, result: str
) -> None:
    """Each tick that finds the lock held sees the run at work; one that dies over its limit timed out, however late
    that is found, and one that was last seen within its limit was interrupted."""
    ledger = Ledger(vault)
    with acquire(ledger.places.run_lock, Holder(os.getpid(), "task triage")):
        ledger.begin(a_run())
        assert ledger.recover_if_idle(plan, NOW + timedelta(minutes=minutes)) == []
    ((_run, end),) = ledger.recover_if_idle(plan, NOW + timedelta(hours=9))
    assert end.result.value == result
    assert Ledger(vault).read().record("triage").attempts == 1


def test_end_on_request_is_remembered(vault: Path, plan: Plan) -> None:
    """Whether an interruption was asked for survives the disk: it decides what the attempt has cost."""
    ledger = Ledger(vault)
    end = Ended(Result.INTERRUPTED, NOW, 1.0, "stopped by SIGTERM", on_request=True)
    ledger.begin(a_run())
    ledger.finish(a_run(), end, plan)
    assert Ledger(vault).read().record("triage").last == end


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


def test_torn_history_line_costs_only_itself(vault: Path, plan: Plan) -> None:
    """A power cut in the middle of an append leaves the lines before and after it readable."""
    ledger = Ledger(vault)
    ledger.finish(a_run("one"), an_end(), plan)
    (file,) = ledger.places.runs.glob("*.jsonl")
    with file.open("ab") as out:
        out.write(b'{"task": "torn", "resu')
    ledger.finish(a_run("two"), an_end(), plan)
    assert [entry["task"] for entry in ledger.history.newest_first()] == ["two", "one"]
    assert [entry["task"] for entry in ledger.history.newest_first("one")] == ["one"]


def test_history_between_two_moments(vault: Path, plan: Plan) -> None:
    """A span that crosses months holds the runs that finished in it, the oldest first."""
    ledger = Ledger(vault)
    for day in (1, 15, 40, 45):
        finished = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=day)
        ledger.finish(a_run(f"day-{day}"), Ended(Result.SUCCEEDED, finished, 1.0), plan)
    start = datetime(2026, 10, 10, tzinfo=UTC)
    found = ledger.history.between(start, start + timedelta(days=33))
    assert [entry["task"] for entry in found] == ["day-15", "day-40"]


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


def test_state_that_was_cleaned_away_repeats_nothing(vault: Path, plan: Plan) -> None:
    """Without the state file the history says what ran: a sync conflict costs no second run."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    ledger.finish(a_run(), an_end(), plan)
    state_file(vault).unlink()
    assert Ledger(vault).read().record("triage").last_run == NOW
    ledger.begin(a_run("health"))
    assert Ledger(vault).read().record("triage").last_run == NOW


def test_history_with_an_endless_line_is_read_quickly(vault: Path, plan: Plan) -> None:
    """A line of many megabytes is no line of ours; it is passed over and costs no time squared."""
    ledger = Ledger(vault)
    ledger.finish(a_run("one"), an_end(), plan)
    (file,) = ledger.places.runs.glob("*.jsonl")
    with file.open("ab") as out:
        out.write(b"x" * (24 * 1024 * 1024))
    ledger.finish(a_run("two"), an_end(), plan)
    assert [entry["task"] for entry in ledger.history.newest_first()] == ["two", "one"]


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
    assert (record.blocked_until, record.blocked_reason) == (None, "a limit")


def test_the_history_between_reads_no_further_back_than_it_must(vault: Path, plan: Plan) -> None:
    """All that ended within the span, in order, also where the clock was set in between."""
    ledger = Ledger(vault)
    ends = [NOW - timedelta(days=3), NOW, NOW - timedelta(hours=2), NOW + timedelta(minutes=5)]
    for end in ends:
        ledger.finish(a_run(started=end), Ended(Result.SUCCEEDED, end, 1.0), plan)
    found = ledger.history.between(NOW - timedelta(hours=3), NOW + timedelta(minutes=1))
    assert [entry["finished"] for entry in found] == [ends[2].isoformat(), ends[1].isoformat()]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "NaN", '"\\ud800"'])
def test_a_history_line_that_no_parser_bears_is_passed_over(vault: Path, plan: Plan, line: str) -> None:
    """Nested beyond all measure, or a number without end: it costs only itself."""
    run = a_run()
    ledger = Ledger(vault)
    ledger.finish(run, an_end(), plan)
    (file,) = Places(vault).runs.glob("*.jsonl")
    file.write_text(f"{line}\n{file.read_text()}{line}\n")
    assert [each["task"] for each in ledger.history.newest_first()] == ["triage"]
    assert len(ledger.history.between(NOW, NOW + timedelta(hours=1))) == 1


def test_what_no_run_of_ours_says_is_left_out_of_its_line(vault: Path, plan: Plan) -> None:
    """Values within values, which nobody wrote who writes history, must not reach those who show it."""
    folder = Places(vault).runs
    folder.mkdir(parents=True)
    deep = "[" * 400 + "]" * 400
    line = f'{{"task": "x", "finished": "{NOW.isoformat()}", "deep": {deep}, "details": {{"a": 1, "b": {deep}}}}}'
    (folder / f"{NOW:%Y-%m}.jsonl").write_text(f"{line}\n")
    (entry,) = Ledger(vault).history.newest_first()
    assert entry == {"task": "x", "finished": NOW.isoformat(), "details": {"a": 1}}


@pytest.mark.parametrize("what", ["link", "loop", "folder"])
def test_a_lock_that_keeps_the_history_from_being_written_is_told(
    vault: Path, tmp_path: Path, what: str
) -> None:
    """Its lock is in its folder, and may be replaced like anything there."""
    history = Ledger(vault).history
    history.append(entry_of(a_run(), an_end(), None))
    assert history.obstacle(NOW) is None
    lock = history.folder / ".lock"
    lock.unlink()
    if what == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(tmp_path / "away" if what == "link" else lock)
    assert str(lock) in (history.obstacle(NOW) or "")
    with pytest.raises(OSError):
        history.append(entry_of(a_run(), an_end(), None))


@pytest.mark.parametrize("where", ["Logs", "Logs/aiemp", "Logs/aiemp/runs", "Logs/aiemp/runs/2026-11.jsonl"])
@pytest.mark.parametrize("what", ["link", "loop", "fifo", "file", "folder"])
def test_what_keeps_the_history_from_being_written_is_told(
    vault: Path, plan: Plan, tmp_path: Path, where: str, what: str
) -> None:
    """Whatever stands in its way is named before anything is lost, with what to do; looking changes nothing.
    The same things keep a line from being added."""
    path = vault / where
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "away").mkdir()
    history = Ledger(vault).history
    assert history.obstacle(NOW) is None
    if what == "link":
        path.symlink_to(tmp_path / "away" / ("f" if path.suffix else ""))
    elif what == "loop":
        path.symlink_to(path)
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "file":
        path.touch()
    else:
        path.mkdir()
    fits = what == ("file" if path.suffix else "folder")
    obstacle = history.obstacle(NOW)
    assert (obstacle is None) == fits
    if obstacle is None:
        history.append(entry_of(a_run(), an_end(), None))
        return
    assert str(path) in obstacle.partition("; ")[0]
    assert obstacle.partition("; ")[2]
    with pytest.raises(OSError):
        history.append(entry_of(a_run(), an_end(), None))
    assert list((tmp_path / "away").iterdir()) == []


@pytest.mark.parametrize(("where", "mode"), [("Logs", 0o500), ("Logs/aiemp/runs/2026-11.jsonl", 0o400)])
def test_a_history_that_is_not_ours_to_write_is_told(nobodys_folder: Path, where: str, mode: int) -> None:
    """A right that is missing is among what keeps the history from being written."""
    path = nobodys_folder / where
    with as_nobody():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
        assert Ledger(nobodys_folder).history.obstacle(NOW) is None
        path.chmod(mode)
        what, _, remedy = (Ledger(nobodys_folder).history.obstacle(NOW) or "").partition("; ")
    assert str(path) in what
    assert remedy.startswith("give yourself the right: sudo chown")


def test_a_run_that_the_history_lacks_is_made_up_once(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process died after the state and before the history, or the history could not be written just then: the
    next one that looks for such runs adds it, and no one after that."""
    plan, run = Plan(vault, tasks=(TRIAGE,)), a_run()

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    Ledger(vault).begin(run)
    with monkeypatch.context() as patch:
        patch.setattr("aiemp.run_history.append_line", full)
        Ledger(vault).finish(run, an_end(), plan)
    assert list(Ledger(vault).history.newest_first()) == []
    for _ in range(2):
        assert Ledger(vault).recover(plan, NOW) == []
        [entry] = Ledger(vault).history.newest_first()
        assert (entry["run"], entry["result"]) == (run.name, "succeeded")


@pytest.mark.parametrize("newest", [1, [], {}, {"task": 1}, {"task": "x", "finished": "soon"}])
def test_a_newest_run_that_is_none_is_passed_over(vault: Path, newest: object) -> None:
    """Whatever somebody typed there, recovery goes on and adds nothing."""
    state = vault / ".state" / "orchestrator_state.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"aiemp": {"newest": newest}}))
    assert Ledger(vault).recover(Plan(vault), NOW) == []
    assert list(Ledger(vault).history.newest_first()) == []
