"""What a failed unit is called in front of its owner, and when he hears of one at all."""

from __future__ import annotations

import pytest

from aiemp.systemd.failures import KILLED, WORDS, failure_words, is_to_be_told, watcher_remedy
from aiemp.systemd.scope import Scope


def test_each_result_has_words_of_its_own() -> None:
    """The unit is named, and each `Result=` reads differently, so that a timeout is not taken for a crash."""
    said = {result: failure_words("aiemp-task-job.service", result) for result in WORDS}
    assert said["timeout"] == "aiemp-task-job.service was ended by systemd at its time limit"
    assert len(set(said.values())) == len(WORDS)


@pytest.mark.parametrize("result", ["", "condition", "what-comes-after-257"])
def test_unknown_result_is_plainly_a_failure(result: str) -> None:
    """Where systemd told nothing (before 251), or something new, the owner still reads a sentence."""
    assert failure_words("aiemp-orchestrator.service", result) == "aiemp-orchestrator.service failed"


@pytest.mark.parametrize("result", ["success", "exit-code", "timeout", "start-limit-hit"])
def test_end_that_is_told_elsewhere_is_no_news_for_exec_stop_post(result: str) -> None:
    """As an ExecStopPost= aiemp is called at each end of a service: a clean one is no news, and a failure is told by
    OnFailure=."""
    assert not is_to_be_told({"SERVICE_RESULT": result})


@pytest.mark.parametrize("result", KILLED)
def test_killed_service_is_told_although_it_comes_back(result: str) -> None:
    """What was killed could say nothing itself, and OnFailure= does not fire for a service that is restarted."""
    assert is_to_be_told({"SERVICE_RESULT": result})


def test_on_failure_is_always_told() -> None:
    """Called by OnFailure= there is no SERVICE_RESULT, whatever the monitored unit's result was."""
    assert is_to_be_told({"MONITOR_SERVICE_RESULT": "exit-code"})


def test_remedy_is_what_this_manager_takes() -> None:
    """A user reloads his orchestrator; under the machine's systemd the start limit has to be forgotten first."""
    units = "aiemp-watcher-mail.service aiemp-watcher-mail.path"
    user, system = (watcher_remedy(scope, "mail") for scope in Scope)
    assert "`aiemp logs mail`" in user and "systemctl --user reload aiemp-orchestrator.service" in user
    assert f"systemctl reset-failed {units}" in system and f"systemctl start {units}" in system
