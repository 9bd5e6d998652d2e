"""``aiemp trigger``: runs by hand and by timers, through the real program."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Aiemp, Running, wait_until

OWN_TASKS = """
[tasks.good]
command = ["sh", "-c", "echo out; echo made it"]
frequency = "hourly"
[tasks.bad]
command = ["sh", "-c", "echo why >&2; exit 3"]
frequency = "hourly"
retry_delay_minutes = 1
[tasks.slow]
command = ["sh", "-c", "echo begun; sleep 300"]
frequency = "hourly"
"""


@pytest.fixture(autouse=True)
def own_tasks(write_config: Callable[[str], Path]) -> Path:
    """Three tasks of the user's own: one that works, one that fails, one that takes long."""
    return write_config(OWN_TASKS)


def record_of(aiemp: Aiemp, name: str) -> dict[str, object]:
    tasks = json.loads(aiemp("list", "--json", check=True).stdout)["tasks"]
    return next(task for task in tasks if task["name"] == name)


def test_a_good_run(aiemp: Aiemp) -> None:
    """It succeeds with 0, says so on standard output, and is in list and history."""
    out = aiemp("trigger", "good")
    assert out.returncode == 0, out.stderr
    assert out.stdout.startswith("good: succeeded")
    assert "started" in out.stderr
    assert record_of(aiemp, "good")["last"]["result"] == "succeeded"  # type: ignore[index]
    assert "good" in aiemp("history").stdout


def test_a_bad_run(aiemp: Aiemp, named: str) -> None:
    """It fails with 1; the reason is in the answer, in the history, and makes the status unhealthy."""
    out = aiemp("trigger", "bad", "--json")
    answer = json.loads(out.stdout)
    assert out.returncode == 1
    assert answer["result"] == "failed"
    assert "3" in answer["message"]
    assert "failed" in aiemp("history", "bad").stdout
    status = aiemp("status")
    assert status.returncode == 3
    assert "task bad failed" in status.stdout
    assert f"{named} explain bad" in status.stdout
    assert "why" in aiemp("logs", "bad").stdout


def test_scheduled_runs_only_what_is_due(aiemp: Aiemp) -> None:
    """A timer that rings too early does no harm: it says that nothing was due, and ends with 0."""
    assert aiemp("trigger", "good", "--scheduled").stdout.startswith("good: succeeded")
    again = aiemp("trigger", "good", "--scheduled", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["result"] is None
    assert len(json.loads(aiemp("history", "--json").stdout)["runs"]) == 1
    assert aiemp("trigger", "good").returncode == 0, "by hand it runs whether it is due or not"


def test_a_scheduled_run_logs_with_times(aiemp: Aiemp) -> None:
    """Its standard error is a log: each line has its time and level."""
    said = aiemp("trigger", "good", "--scheduled").stderr
    assert "INFO" in said
    assert "started" in said


def test_a_dry_run_changes_nothing(aiemp: Aiemp, vault: Path) -> None:
    """It says what would be done; no run is written down."""
    out = aiemp("trigger", "good", "--dry-run", "--json")
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout)["result"] is None
    assert "dry run" in json.loads(out.stdout)["message"]
    assert not (vault / ".state" / "orchestrator_state.json").exists()


def test_a_dry_run_of_claude_shows_what_would_be_run(aiemp: Aiemp, vault: Path) -> None:
    """The whole command, the prompt, the folder, and what is changed in the environment; for --json, too."""
    (vault / "Needs_Action" / "EMAIL_a.md").write_text("x")
    out = aiemp("trigger", "morning_triage", "--dry-run", CLAUDECODE="1")
    assert out.returncode == 0, out.stderr
    first, second, *rest = out.stdout.splitlines()
    assert first == "morning_triage: dry run: 1 item pending; Claude Code was not called"
    assert second == "Dry run, nothing was run. This would be run:"
    shown = "\n".join(rest)
    assert "--output-format stream-json" in shown
    assert "prompt       You are the AI Employee performing morning triage." in shown
    assert f"in           {vault}" in shown
    assert "DRY_RUN=false; removed: CLAUDECODE" in shown
    assert "it would be blocked: Claude Code is not installed" in shown
    answer = json.loads(aiemp("trigger", "morning_triage", "--dry-run", "--json").stdout)
    assert "--output-format stream-json" in answer["details"]["output"]
    assert not (vault / "Logs" / "claude").exists()


def test_a_missing_claude_blocks_with_its_remedy(aiemp: Aiemp, vault: Path) -> None:
    """By hand a blocked task is no success; the reason and the remedy are told everywhere."""
    (vault / "Needs_Action" / "EMAIL_a.md").write_text("x")
    out = aiemp("trigger", "morning_triage")
    assert out.returncode == 1
    assert "morning_triage: blocked: Claude Code is not installed" in out.stdout
    assert aiemp("trigger", "linkedin_post", "--scheduled").returncode == 0
    assert record_of(aiemp, "morning_triage")["blocked_reason"]
    assert "blocked" in aiemp("check").stdout


def test_ctrl_c_ends_the_run_and_its_child(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """An interrupted run is written down as such, leaves no process, and ends with 128 + the signal."""
    run = start_aiemp("trigger", "slow", "--json")
    log = vault / "Logs" / "aiemp" / "task-slow.log"
    wait_until(lambda: log.exists() and "begun" in log.read_text(), "the task's child says that it began")
    assert record_of(aiemp, "slow")["running"] is True
    assert "running now" in aiemp("check").stdout
    os.kill(run.pid, signal.SIGINT)
    assert run.process.wait(30) == 128 + signal.SIGINT
    assert record_of(aiemp, "slow")["last"]["result"] == "interrupted"  # type: ignore[index]


def test_a_second_run_waits_and_says_for_whom(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """One run at a time: the second names the first, and runs when that one is over."""
    first = start_aiemp("trigger", "slow")
    log = vault / "Logs" / "aiemp" / "task-slow.log"
    wait_until(lambda: log.exists() and "begun" in log.read_text(), "the first run begins")
    second = start_aiemp("trigger", "good")
    second.wait_for(f"good: waiting for task slow, pid {first.pid}")
    first.stop()
    assert second.process.wait(30) == 0
    assert "good: succeeded" in second.said()


def test_a_terminal_sees_progress(vault: Path, environ: dict[str, str]) -> None:
    """On a terminal the task's last words are shown on one line, which is gone at the end."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "aiemp", "--vault", str(vault), "trigger", "good"],
        env={**environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        seen = b""
        while True:
            try:
                chunk = os.read(controller, 4096)
            except OSError:  # Linux: EIO when the last writer is gone
                break
            if not chunk:
                break
            seen += chunk
        out, _ = process.communicate(timeout=30)
    os.close(controller)
    assert b"since " in seen
    assert b"at most" in seen
    assert seen.endswith(b"\r\x1b[K")
    assert out.startswith(b"good: succeeded")


def test_history_in_time(aiemp: Aiemp) -> None:
    """``--since`` shows the runs of a span alone, and ``--timeline`` draws them; for scripts they are the same."""
    aiemp("trigger", "good", check=True)
    aiemp("trigger", "bad")
    answer = json.loads(aiemp("history", "--since", "1h", "--json").stdout)
    assert [run["task"] for run in answer["runs"]] == ["bad", "good"]
    drawn = aiemp("history", "--timeline", "--since", "1h", PYTHONIOENCODING="ascii", check=True).stdout
    assert re.search(r"^good +#$", drawn, re.MULTILINE)
    assert re.search(r"^bad +X$", drawn, re.MULTILINE)
    same = json.loads(aiemp("history", "--timeline", "--since", "1h", "--json").stdout)
    assert [run["run"] for run in same["runs"]] == [run["run"] for run in answer["runs"]]
    assert "linkedin_post" not in aiemp("history", "good", "--timeline").stdout
    assert aiemp("history", "--timeline", "-n", "3").returncode == 2


def test_the_dashboard_draws_the_last_day_when_it_is_asked_to(
    aiemp: Aiemp, vault: Path, write_config: Callable[[str], Path]
) -> None:
    """``[dashboard] timeline = true`` adds a chart of the runs with the health update; by default there is none."""
    write_config(OWN_TASKS)
    aiemp("trigger", "good", check=True)
    aiemp("trigger", "health_dashboard_update", check=True)
    assert "mermaid" not in (vault / "Dashboard.md").read_text()
    write_config(OWN_TASKS + "[dashboard]\ntimeline = true\n")
    aiemp("trigger", "health_dashboard_update", check=True)
    dashboard = (vault / "Dashboard.md").read_text()
    assert "## Runs of the Last Day\n\n```mermaid\ngantt\n" in dashboard
    assert re.search(r"    section good\n    ok :done, \d{4}-\d\d-\d\d \d\d:\d\d, 5m\n", dashboard)
    assert "My own notes stay." in dashboard
