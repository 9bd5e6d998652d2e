"""Runs without an end, and a state that was lost or damaged: each is found once, and none is repeated."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.plan import Plan
from aiemp.runs import Ended, Result, is_exhausted
from tests.unit.ledger.runs import NOW, TRIAGE, a_run, an_end, state_file


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


def test_state_that_was_cleaned_away_repeats_nothing(vault: Path, plan: Plan) -> None:
    """Without the state file the history says what ran: a sync conflict costs no second run."""
    ledger = Ledger(vault)
    ledger.begin(a_run())
    ledger.finish(a_run(), an_end(), plan)
    state_file(vault).unlink()
    assert Ledger(vault).read().record("triage").last_run == NOW
    ledger.begin(a_run("health"))
    assert Ledger(vault).read().record("triage").last_run == NOW


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
