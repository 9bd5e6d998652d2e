"""Verdicts on who keeps the vault running, and on the watchers."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.doctor.findings import Level, ok
from aiemp.doctor.supervisors import (
    Pm2Process,
    SupervisorsSeen,
    judge_orchestrator,
    judge_second_supervisor,
)
from aiemp.doctor.watchers import WatcherSeen, WatchersSeen, judge_watchers
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.predecessors import Predecessor
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

LOCAL = Holder(7, "orchestrator", "local engine")
SYSTEMD = Holder(8, "orchestrator", "systemd engine")
OURS = Pm2Process("aiemp-orchestrator", True)
LEGACY = Pm2Process("gmail-watcher", False, is_aiemp=False)


@pytest.mark.parametrize(
    ("seen", "remedy"),
    [
        (SupervisorsSeen(None), "aiemp run"),
        (SupervisorsSeen(None, can_install=True), "aiemp install-units --now"),
        (SupervisorsSeen(None, (Scope.USER,)), "systemctl --user start aiemp.target"),
        (SupervisorsSeen(None, (Scope.SYSTEM,)), "sudo systemctl start aiemp.target"),
        (SupervisorsSeen(None, pm2=(OURS,)), "pm2 logs aiemp-orchestrator"),
        (SupervisorsSeen(None, pm2=(replace(OURS, is_online=False),)), "pm2 resurrect"),
        (SupervisorsSeen(None, pm2=(LEGACY,)), "aiemp run"),
    ],
)
def test_no_orchestrator(seen: SupervisorsSeen, remedy: str) -> None:
    """It is started by what is there to start it."""
    (finding,) = judge_orchestrator(seen)
    assert finding.level is Level.FAIL
    assert remedy in finding.remedy


def test_orchestrator_runs() -> None:
    """Told with pid and engine."""
    assert judge_orchestrator(SupervisorsSeen(SYSTEMD)) == [ok(f"running ({SYSTEMD})")]


@pytest.mark.parametrize(
    ("seen", "levels", "remedy"),
    [
        (SupervisorsSeen(LOCAL), [], ""),
        (SupervisorsSeen(SYSTEMD, (Scope.USER,)), [Level.OK], ""),
        (SupervisorsSeen(LOCAL, pm2=(OURS,)), [Level.OK], ""),
        (SupervisorsSeen(None, pm2=(LEGACY,)), [Level.OK], ""),
        (SupervisorsSeen(SYSTEMD, (Scope.USER, Scope.SYSTEM)), [Level.FAIL], "uninstall-units --user"),
        (SupervisorsSeen(LOCAL, (Scope.USER,)), [Level.FAIL], "kill 7; systemctl --user start aiemp.target"),
        (SupervisorsSeen(LOCAL, (Scope.USER,), pm2=(OURS,)), [Level.FAIL], "pm2 delete aiemp-orchestrator"),
        (SupervisorsSeen(SYSTEMD, (Scope.USER,), pm2=(LEGACY,)), [Level.FAIL], "pm2 delete gmail-watcher"),
        (SupervisorsSeen(LOCAL, pm2=(LEGACY,)), [Level.WARN], "pm2 delete gmail-watcher && pm2 save"),
        (SupervisorsSeen(LOCAL, pm2=(OURS, replace(OURS, name="b"))), [Level.WARN], "pm2 delete b"),
    ],
)
def test_second_supervisor(seen: SupervisorsSeen, levels: list[Level], remedy: str) -> None:
    """Two that keep one vault are told with the command that takes one of them away."""
    found = judge_second_supervisor(seen)
    assert [finding.level for finding in found] == levels
    assert remedy in "".join(finding.remedy for finding in found)


JOB = Predecessor("cron", "your crontab", "0 8 * * * claude -p triage", "crontab -r")


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (SupervisorsSeen(LOCAL, jobs=(JOB,)), Level.WARN),
        (SupervisorsSeen(SYSTEMD, (Scope.USER,), jobs=(JOB,)), Level.WARN),
        (SupervisorsSeen(None, jobs=(JOB,)), None),
    ],
)
def test_a_job_of_cron_beside_aiemp(seen: SupervisorsSeen, level: Level | None) -> None:
    """A job that does what aiemp does is told, with what switches it off; where no aiemp runs it is not a second."""
    found = judge_second_supervisor(seen)
    assert [finding.level for finding in found] == ([level] if level else [])
    assert all("crontab -r" in finding.remedy and JOB.what in finding.what for finding in found)


def watcher(state: WatcherState, reason: str = "") -> WatcherSeen:
    return WatcherSeen("gmail", WatcherStatus("gmail", state, reason=reason))


@pytest.mark.parametrize(
    ("seen", "scope", "level", "remedy"),
    [
        (watcher(WatcherState.PAUSED), Scope.USER, Level.FAIL, "systemctl --user reload aiemp-orchestrator"),
        (
            watcher(WatcherState.PAUSED),
            Scope.SYSTEM,
            Level.FAIL,
            "sudo systemctl reset-failed aiemp-watcher-gm",
        ),
        (watcher(WatcherState.PAUSED), None, Level.FAIL, "mend it, then: kill -HUP 77"),
        (
            watcher(WatcherState.DOWN),
            Scope.USER,
            Level.FAIL,
            "systemctl --user start aiemp-watcher-gmail.ser",
        ),
        (watcher(WatcherState.DOWN), None, Level.FAIL, "restarted by itself"),
        (watcher(WatcherState.HUNG), None, Level.FAIL, "aiemp explain gmail"),
        (WatcherSeen("gmail", lacks="KEY is not set"), None, Level.WARN, "/v/.env, or: aiemp disable gmail"),
        (
            WatcherSeen("gmail", is_new=True),
            Scope.USER,
            Level.WARN,
            "aiemp install-units, else: aiemp disable",
        ),
    ],
)
def test_watchers(seen: WatcherSeen, scope: Scope | None, level: Level, remedy: str) -> None:
    """What does not run says why, and what brings it back under this engine."""
    all_of_them = WatchersSeen((seen,), scope, "aiemp install-units", Path("/v/.env"), 77)
    (finding,) = judge_watchers(all_of_them)
    assert finding.level is level
    assert remedy in finding.remedy


def test_watchers_that_run_or_that_nobody_runs() -> None:
    """Those that run are one line; without an orchestrator there is nothing to tell."""
    assert judge_watchers(WatchersSeen((watcher(WatcherState.RUNNING),))) == [ok("1 watcher running: gmail")]
    assert judge_watchers(WatchersSeen((WatcherSeen("gmail"),))) == []
    assert judge_watchers(WatchersSeen()) == []


def test_an_orchestrator_that_hangs() -> None:
    """It holds its lock, but has shown no sign of life for long: that is a failure with what starts it afresh."""
    from datetime import UTC, datetime, timedelta

    from aiemp.doctor.supervisors import silence

    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert silence(now - timedelta(minutes=59), now) == ""
    assert silence(now + timedelta(days=1), now) == "", "a clock that was set back"
    holder = Holder(7, "orchestrator", "local engine")
    (finding,) = judge_orchestrator(SupervisorsSeen(holder, silence=silence(now - timedelta(hours=3), now)))
    assert finding.level is Level.FAIL
    assert "has shown no sign of life for 3 h" in finding.what
    assert finding.remedy == "see why: aiemp logs; start it afresh: kill -9 7; aiemp run"


def test_one_that_looks_rarely_is_not_silent() -> None:
    """`--interval` of hours: silence counts only after some looks that did not come."""
    from datetime import UTC, datetime, timedelta

    from aiemp.doctor.supervisors import silence

    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert silence(now - timedelta(hours=5), now, 2 * 3600) == ""
    assert silence(now - timedelta(hours=7), now, 2 * 3600) == "has shown no sign of life for 7 h"
    assert silence(now - timedelta(hours=2), now, 30) == "has shown no sign of life for 2 h"
    assert silence(now - timedelta(hours=2), now, float("nan")) == "has shown no sign of life for 2 h"
