"""A run that systemd ended at its time limit is written down as failed, whoever has found it before."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.runs import Ended, Result, Run
from aiemp.systemd.overrun import RECENT, close_overrun

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)
JOB = ScheduledTask("job", "", Frequency.DAILY, time_of_day=time(8, 0), max_attempts=2)
RUN = Run("job", NOW, 1, NOW, os.getpid())


@pytest.fixture
def plan(vault: Path) -> Plan:
    return Plan(vault, tasks=(JOB,))


@pytest.fixture
def ledger(plan: Plan) -> Ledger:
    """A ledger in which the job has begun."""
    made = Ledger(plan.vault)
    made.begin(RUN)
    return made


def results(ledger: Ledger) -> list[str]:
    return [entry["result"] for entry in ledger.history.newest_first("job")][::-1]


def test_open_run_is_failed_and_shown(plan: Plan, ledger: Ledger) -> None:
    """It cost an attempt, is tried again after the pause, and stands in the activity log with the reason."""
    assert close_overrun(plan, "job", LATER, {})
    record = ledger.read().record("job")
    assert record.last == Ended(
        Result.FAILED, LATER, 720.0, error="the run was ended by systemd at its time limit"
    )
    assert (record.attempts, record.running) == (1, None)
    assert record.retry_at == LATER + timedelta(minutes=JOB.retry_delay_minutes)
    assert "| job" in (plan.vault / "Dashboard.md").read_text(encoding="utf-8")
    assert not close_overrun(plan, "job", LATER, {}), "whoever comes second finds it closed"
    assert results(ledger) == ["failed"]


def test_last_attempt_alerts(plan: Plan, ledger: Ledger) -> None:
    """Given up at its limit, a slot is told of like any other that used up its attempts."""
    ledger.begin(replace(RUN, attempt=2))
    assert close_overrun(plan, "job", LATER, {})
    assert (plan.vault / "Needs_Action/alerts/ALERT_task-job.md").exists()
    assert ledger.read().record("job").slot is None


def test_stop_at_the_limit_costs_an_attempt(plan: Plan, ledger: Ledger) -> None:
    """A run that obeyed systemd's SIGTERM thought that somebody had stopped it, which is free: corrected, or it would
    be done for ever."""
    stopped = Ended(Result.INTERRUPTED, LATER, 720.0, error="stopped by SIGTERM", on_request=True)
    ledger.finish(RUN, stopped, plan)
    assert ledger.read().record("job").attempts == 0
    assert close_overrun(plan, "job", LATER + timedelta(seconds=1), {})
    assert ledger.read().record("job").attempts == 1
    assert results(ledger) == ["interrupted", "failed"]


def test_run_that_another_found_dead_is_corrected_at_the_same_attempt(plan: Plan, ledger: Ledger) -> None:
    """The next run got the lock first and could not know why this one had died. It goes on, and holds the lock."""
    with acquire(ledger.places.run_lock, Holder(os.getpid(), "task other")):
        ledger.recover(plan, LATER)
        assert close_overrun(plan, "job", LATER, {})
    record = ledger.read().record("job")
    assert (record.attempts, record.retry_at is not None) == (1, True)
    assert record.last is not None and record.last.result is Result.FAILED


def test_run_that_has_begun_anew_is_left_alone(plan: Plan, ledger: Ledger) -> None:
    """By the time that systemd tells of the old run the next attempt goes on: nothing of that is touched."""
    ledger.recover(plan, LATER)
    again = replace(RUN, attempt=2, started=LATER)
    with acquire(ledger.places.run_lock, Holder(again.pid, "task job")):
        ledger.begin(again)
        assert not close_overrun(plan, "job", LATER, {})
    assert ledger.read().record("job").running == again


def test_old_interruption_is_another_story(plan: Plan, ledger: Ledger) -> None:
    """An interruption of long ago is not what the unit has just failed with."""
    ledger.recover(plan, LATER)
    assert not close_overrun(plan, "job", LATER + RECENT + timedelta(seconds=1), {})
    assert results(ledger) == ["interrupted"]


def test_nothing_to_close(plan: Plan) -> None:
    """A unit can time out before its run has begun."""
    assert not close_overrun(plan, "job", NOW, {})
