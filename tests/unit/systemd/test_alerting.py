"""What `aiemp alert UNIT` makes of a failed unit: one alert, or none where the run has told its end itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import monotonic

import pytest

from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.plan import DryRun, Frequency, Plan, ScheduledTask
from aiemp.runs import Ended, Result, Run
from aiemp.systemd.alerting import report_failed_unit
from aiemp.systemd.systemctl import NoSystemd, Systemctl

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=3)
JOB = ScheduledTask("job", "", Frequency.DAILY, time_of_day=time(8, 0), max_attempts=2)
RUN = Run("job", NOW, 1, NOW, os.getpid())
TASK_UNIT = "aiemp-task-job.service"
OF_USER = {"MANAGERPID": "1"}


@pytest.fixture
def plan(vault: Path) -> Plan:
    return Plan(vault, tasks=(JOB,))


def alerts(plan: Plan) -> dict[str, str]:
    """The alert files by their keys."""
    folder = plan.vault / "Needs_Action/alerts"
    return {path.stem.removeprefix("ALERT_"): path.read_text("utf-8") for path in folder.glob("*.md")}


def last_result(plan: Plan) -> Result | None:
    last = Ledger(plan.vault).read().record("job").last
    return last.result if last else None


def test_timed_out_run_is_closed_as_failed(plan: Plan) -> None:
    """A run over its limit is written down; an attempt is left, so nobody is called."""
    Ledger(plan.vault).begin(RUN)
    said = report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "timeout"})
    assert said.endswith("was ended by systemd at its time limit: its run is written down as failed")
    assert (last_result(plan), alerts(plan)) == (Result.FAILED, {})


def test_watcher_that_had_to_be_killed_at_a_stop_is_no_alert(plan: Plan) -> None:
    """Somebody stopped it, so it is not paused; one that was given up is."""
    unit = "aiemp-watcher-mail.service"
    said = report_failed_unit(plan, unit, NOW, {**OF_USER, "MONITOR_SERVICE_RESULT": "timeout"})
    assert "no alert" in said and alerts(plan) == {}
    report_failed_unit(plan, unit, NOW, {**OF_USER, "MONITOR_SERVICE_RESULT": "start-limit-hit"})
    assert set(alerts(plan)) == {"watcher-mail"}


def test_killed_run_is_closed_as_interrupted(plan: Plan) -> None:
    """A run that ran out of memory has no end on record: it is closed, and will be done again."""
    Ledger(plan.vault).begin(RUN)
    said = report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "oom-kill"})
    assert said.endswith("ran out of memory and was killed: its run is written down as interrupted")
    assert (last_result(plan), alerts(plan)) == (Result.INTERRUPTED, {})


def test_run_that_told_its_end_is_not_told_again(plan: Plan) -> None:
    """A failed run has its record, its row and, at its last attempt, its alert: the unit's failure adds nothing."""
    ledger = Ledger(plan.vault)
    ledger.begin(RUN)
    ledger.finish(RUN, Ended(Result.FAILED, LATER, 1.0, error="exit status 4"), plan)
    said = report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "exit-code"})
    assert said.endswith("ended with an error: the run itself has reported that")
    assert alerts(plan) == {}


@pytest.mark.parametrize(("ago_s", "told"), [(10, True), (90, False), (None, False)])
def test_an_earlier_run_is_not_the_failed_one(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, ago_s: int | None, told: bool
) -> None:
    """A run that ended a minute ago, before systemd started the unit, has not reported what failed since."""

    def show(_manager: Systemctl, units: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
        if ago_s is None:
            raise NoSystemd("no bus")
        return {units[0]: {names[0]: str(int((monotonic() - ago_s) * 1e6))}}

    monkeypatch.setattr(Systemctl, "show", show)
    ledger = Ledger(plan.vault)
    ledger.begin(RUN)
    ledger.finish(RUN, Ended(Result.SUCCEEDED, LATER - timedelta(minutes=1), 1.0), plan)
    report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "exit-code"})
    assert ("task-job" in alerts(plan)) is told


@pytest.mark.parametrize(("invocation", "told"), [("of-the-failed", True), ("of-the-next", False)])
def test_next_attempt_that_has_begun_hides_nothing(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, invocation: str, told: bool
) -> None:
    """The orchestrator wrote down that the killed run was interrupted, and has started the next one already: the start
    of that one says nothing about the one that failed."""

    def show(_manager: Systemctl, units: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
        return {units[0]: {names[0]: str(int((monotonic() - 1) * 1e6)), "InvocationID": invocation}}

    monkeypatch.setattr(Systemctl, "show", show)
    ledger = Ledger(plan.vault)
    ledger.begin(RUN)
    ledger.finish(RUN, Ended(Result.INTERRUPTED, LATER - timedelta(seconds=2), 1.0), plan)
    failed = {"MONITOR_SERVICE_RESULT": "signal", "MONITOR_INVOCATION_ID": "of-the-failed"}
    report_failed_unit(plan, TASK_UNIT, LATER, failed)
    assert ("task-job" in alerts(plan)) is told


def test_a_command_that_never_began_reported_nothing(plan: Plan) -> None:
    """A run of a moment ago does not explain why systemd could not start the next one."""
    ledger = Ledger(plan.vault)
    ledger.begin(RUN)
    ledger.finish(RUN, Ended(Result.SUCCEEDED, LATER, 1.0), plan)
    report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "resources"})
    assert "could not be started" in alerts(plan)["task-job"]


def test_task_that_could_not_even_start_is_told(plan: Plan) -> None:
    """No run has begun, so nobody else can have told: the owner reads what failed, and what to do."""
    said = report_failed_unit(plan, TASK_UNIT, NOW, {"MONITOR_SERVICE_RESULT": "resources"})
    assert said.endswith("could not be started: alerted")
    assert "aiemp trigger job" in alerts(plan)["task-job"]
    assert last_result(plan) is None


def test_run_that_goes_on_is_left_alone(plan: Plan) -> None:
    """Another run holds the lock: no record is closed under it."""
    ledger = Ledger(plan.vault)
    with acquire(ledger.places.run_lock, Holder(RUN.pid, "task job")):
        ledger.begin(RUN)
        report_failed_unit(plan, TASK_UNIT, NOW, {"MONITOR_SERVICE_RESULT": "timeout"})
    assert ledger.read().record("job").running == RUN


def test_broken_configuration_is_the_reason(plan: Plan) -> None:
    """With a configuration that cannot be read no record is judged; the mistake is what the owner reads."""
    Ledger(plan.vault).begin(RUN)
    report_failed_unit(
        Plan(plan.vault), TASK_UNIT, NOW, {}, config_problem="aiemp.toml:3: what is 'frequenzy'?"
    )
    assert "frequenzy" in alerts(plan)["task-job"]
    assert "aiemp config validate" in alerts(plan)["task-job"]
    assert Ledger(plan.vault).read().record("job").running == RUN


@pytest.mark.parametrize(("environ", "remedy"), [(OF_USER, "reload aiemp-orch"), ({}, "reset-failed")])
def test_watcher_that_was_given_up_is_paused(plan: Plan, environ: dict[str, str], remedy: str) -> None:
    """The same key and words as the orchestrator's, so that it is one alert; the remedy fits the manager."""
    result = {"MONITOR_SERVICE_RESULT": "start-limit-hit"}
    report_failed_unit(plan, "aiemp-watcher-mail.service", NOW, {**environ, **result})
    text = alerts(plan)["watcher-mail"]
    assert "Watcher mail is paused" in text and "restarted too often and given up" in text
    assert remedy in text


@pytest.mark.parametrize(("environ", "line"), [(OF_USER, "journalctl --user -u"), ({}, "journalctl -u")])
def test_orchestrator_is_told_with_its_journal(plan: Plan, environ: dict[str, str], line: str) -> None:
    """Killed by the watchdog (here told by an ExecStopPost=): where to read more is a line that can be copied."""
    result = {"SERVICE_RESULT": "watchdog"}
    report_failed_unit(plan, "aiemp-orchestrator.service", NOW, {**environ, **result})
    assert f"{line} aiemp-orchestrator.service" in alerts(plan)["orchestrator"]
    assert "gave no sign of life" in alerts(plan)["orchestrator"]


def test_dry_run_leaves_the_ledger(vault: Path) -> None:
    """In a dry run nothing is written down."""
    Ledger(vault).begin(RUN)
    plan = Plan(vault, tasks=(JOB,), dry_run=DryRun(True, "test"))
    report_failed_unit(plan, TASK_UNIT, LATER, {"MONITOR_SERVICE_RESULT": "timeout"})
    assert Ledger(vault).read().record("job").running == RUN
    assert alerts(plan) == {}
