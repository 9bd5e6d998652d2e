"""``aiemp pause`` and ``resume``, the day's budget, and where both are shown, through the real program."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aiemp.clock import utc_now
from aiemp.ledger import Ledger
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.runs import Ended, Result, Run
from tests.conftest import Aiemp, Running, wait_until
from tests.fakes.claude import FakeClaude

WriteConfig = Callable[[str], Path]
ASK = '[tasks.ask]\nprompt = "Hello"\nfrequency = "hourly"\n'


@pytest.fixture(autouse=True)
def configured(write_config: WriteConfig, claude: FakeClaude) -> None:
    write_config(ASK)


def answer(aiemp: Aiemp, *arguments: str) -> dict[str, Any]:
    return json.loads(aiemp(*arguments, "--json").stdout)  # type: ignore[no-any-return]


def spend(vault: Path, started: datetime, **details: object) -> None:
    """Write a run of Claude into the history."""
    run = Run("ask", started, 1, started, 1)
    Ledger(vault).finish(run, Ended(Result.SUCCEEDED, started, 90.0), Plan(vault), details)


def test_a_pause_holds_for_everybody_and_is_shown_everywhere(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, named: str
) -> None:
    """By hand and by a timer nothing is asked of Claude; status, list, check, doctor and the dashboard say so,
    none of them as something that needs its owner; resume ends it, and the task runs."""
    out = aiemp("pause", "--until", "tomorrow 08:00", "--reason", "at the sea")
    assert out.returncode == 0, out.stderr
    assert out.stdout.startswith("Claude is paused until ")
    assert "08:00 (at the sea)" in out.stdout
    assert Places(vault).pause.stat().st_mode & 0o777 == 0o600
    by_hand = aiemp("trigger", "ask")
    assert by_hand.returncode == 1
    assert "end that with: aiemp resume" in by_hand.stdout
    assert aiemp("trigger", "ask", "--scheduled").returncode == 0
    assert claude.calls == []
    for command in ("list", "check"):
        assert f"(end that: {named} resume)" in aiemp(command).stdout
    for command in ("status", "list", "check"):
        assert "08:00 (at the sea)" in aiemp(command).stdout, command
        told = answer(aiemp, command)["claude"]
        assert (told["paused"], told["pause_reason"]) == (True, "at the sea")
    assert not [each for each in answer(aiemp, "status")["problems"] if "paused" in each["what"]]
    (finding,) = answer(aiemp, "doctor", "pause")["checks"]
    assert (finding["level"], finding["remedy"]) == ("warn", f"{named} resume")
    assert "| Claude Code | ⏸ Paused until " in (vault / "Dashboard.md").read_text()
    assert aiemp("resume").stdout.startswith("Claude may run again")
    assert "| Claude Code | 🟢 Ready |" in (vault / "Dashboard.md").read_text()
    assert answer(aiemp, "doctor", "pause")["checks"][0]["level"] == "ok"
    assert aiemp("trigger", "ask", "--scheduled").returncode == 0
    assert len(claude.calls) == 1
    assert answer(aiemp, "resume")["changed"] is False


def test_a_pause_can_be_overridden_by_hand_only(aiemp: Aiemp, claude: FakeClaude) -> None:
    """Each flag overrides the one thing that it names; a timer has neither."""
    aiemp("pause", check=True)
    assert aiemp("trigger", "ask", "--over-budget").returncode == 1
    assert aiemp("trigger", "ask", "--while-paused").returncode == 0
    assert len(claude.calls) == 1
    for flag in ("--over-budget", "--while-paused"):
        refused = aiemp("trigger", "ask", "--scheduled", flag)
        assert refused.returncode == 2
        assert flag in refused.stderr


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01 08:00", ""])
def test_an_until_that_cannot_be(aiemp: Aiemp, vault: Path, until: str) -> None:
    """Exit status 2, with what can be written; nothing is paused."""
    out = aiemp("pause", "--until", until)
    assert out.returncode == 2
    assert '"17:00"' in out.stderr
    assert not Places(vault).pause.exists()


def test_a_torn_pause_holds_and_says_what_to_do(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, named: str
) -> None:
    """In doubt Claude stays away; that is a problem of the status, with its remedy, and resume mends it."""
    aiemp("pause", check=True)
    Places(vault).pause.write_bytes(b'{"until": "2026-')
    assert aiemp("trigger", "ask").returncode == 1
    assert claude.calls == []
    (problem,) = [each for each in answer(aiemp, "status")["problems"] if "pause.json" in each["what"]]
    assert problem["remedy"] == f"end that: {named} resume"
    aiemp("resume", check=True)
    assert aiemp("trigger", "ask").returncode == 0


def test_a_run_that_is_on_goes_on(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, start_aiemp: Callable[..., Running]
) -> None:
    """The pause says which run that is, and how to stop it."""
    claude.does(("tell", "Done/on"), ("sleep", 60))
    run = start_aiemp("trigger", "ask")
    wait_until((vault / "Done" / "on").exists, "Claude at work")
    running = answer(aiemp, "pause")["running"]
    assert running == {"task": "ask", "pid": run.pid}
    assert f"kill {run.pid}" in aiemp("pause").stdout
    assert answer(aiemp, "status")["claude"]["runs_today"] == 1, "it counts while it is on"
    os.kill(run.pid, 15)
    assert run.process.wait(30) == 128 + 15
    assert answer(aiemp, "status")["claude"]["runs_today"] == 1, "and after it was stopped"


def test_the_budget_of_a_day(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, write_config: WriteConfig
) -> None:
    """Used up, it blocks with its remedy and is told by status and dry run; a raised limit holds at once,
    and a person may go beyond it."""
    config = write_config(f"timezone = 'UTC'\n[claude]\nruns_per_day = 1\ncost_per_day = 5\n{ASK}")
    spend(vault, utc_now() - timedelta(days=2), claude_s=60.0, cost_usd=99.0)
    assert aiemp("trigger", "ask").returncode == 0
    blocked = aiemp("trigger", "ask")
    assert blocked.returncode == 1
    assert "raise claude.runs_per_day" in blocked.stdout
    assert len(claude.calls) == 1
    assert "1 of 1 runs" in aiemp("status").stdout
    assert "raise claude.runs_per_day" in answer(aiemp, "status")["claude"]["over_budget"]
    rehearsed = aiemp("trigger", "ask", "--dry-run").stdout
    assert "Budget: 1 of 1 runs" in rehearsed
    assert "It would be blocked" in rehearsed
    assert aiemp("trigger", "ask", "--over-budget").returncode == 0
    config.write_text(config.read_text().replace("runs_per_day = 1", "runs_per_day = 3"))
    assert aiemp("trigger", "ask").returncode == 0
    assert aiemp("trigger", "ask").returncode == 1
    assert len(claude.calls) == 3


def test_a_blocked_task_says_until_when(aiemp: Aiemp, vault: Path) -> None:
    """check, list and status name the moment in local time; a run by hand does not wait for it."""
    now = utc_now()
    until = now + timedelta(hours=30)
    run = Run("ask", now, 1, now, 1)
    ledger = Ledger(vault)
    ledger.begin(run)
    ledger.block(run, Ended(Result.BLOCKED, now, 1.0, "Claude says: a limit", until=until), Plan(vault))
    tokyo = until.astimezone(ZoneInfo("Asia/Tokyo"))
    moment = f"{tokyo:%a %Y-%m-%d %H:%M}"
    check = aiemp("check", TZ="Asia/Tokyo").stdout
    assert f"blocked until {moment}: Claude says: a limit" in check
    (task,) = [each for each in answer(aiemp, "list")["tasks"] if each["name"] == "ask"]
    assert datetime.fromisoformat(task["blocked_until"]) == until
    assert (task["due"], task["next_run"]) == (False, task["blocked_until"])
    assert f"{tokyo:%H:%M}" in aiemp("list", TZ="Asia/Tokyo").stdout
    (problem,) = [each for each in answer(aiemp, "status")["problems"] if "a limit" in each["what"]]
    assert "it is tried again" in problem["remedy"]
    assert "blocked until" in aiemp("trigger", "ask", "--scheduled").stdout
    assert aiemp("trigger", "ask").returncode == 0
    (task,) = [each for each in answer(aiemp, "list")["tasks"] if each["name"] == "ask"]
    assert task["blocked_until"] is None


def test_history_shows_what_claude_took(aiemp: Aiemp, vault: Path) -> None:
    """Time, turns and cost have their columns once a run tells them."""
    spend(vault, utc_now() - timedelta(hours=2))
    assert "CLAUDE" not in aiemp("history").stdout
    spend(vault, utc_now() - timedelta(hours=1), claude_s=75.0)
    head = aiemp("history").stdout.splitlines()[0].split()
    assert head == ["STARTED", "TASK", "TOOK", "CLAUDE", "RESULT", "WHY"]
    spend(vault, utc_now(), claude_s=75.0, cost_usd=0.123, turns=7)
    head, newest, *_rest = aiemp("history").stdout.splitlines()
    assert head.split()[3:6] == ["CLAUDE", "TURNS", "COST"]
    assert "1 min 15 s" in newest
    assert "$0.12" in newest
    assert answer(aiemp, "history")["runs"][0]["details"]["cost_usd"] == 0.123


def test_the_week_is_on_the_dashboard(aiemp: Aiemp, vault: Path) -> None:
    """The health update keeps this week's and last week's figures under Weekly Stats."""
    now = utc_now()
    spend(vault, now, claude_s=120.0, cost_usd=0.5)
    spend(vault, now - timedelta(days=7), claude_s=600.0)
    aiemp("trigger", "health_dashboard_update", check=True)
    text = re.sub(" +", " ", (vault / "Dashboard.md").read_text(encoding="utf-8"))
    assert "## Weekly Stats" in text
    assert "| Claude Runs | 1 | 1 |" in text
    assert "| Claude Minutes | 2 | 10 |" in text
    assert "| Claude Cost | $0.50 | — |" in text


@pytest.mark.parametrize("what", ["link", "folder"])
def test_a_budget_that_cannot_be_kept_blocks(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, write_config: WriteConfig, tmp_path: Path, what: str
) -> None:
    """Where a run could not be written down, a limit would hold nobody: Claude is not called, status and doctor
    say why and what to do. Without a limit, or beyond it by hand, it is."""
    config = write_config(f"timezone = 'UTC'\n[claude]\nruns_per_day = 5\n{ASK}")
    if what == "link":
        (vault / "Logs" / "aiemp").symlink_to(tmp_path)
    else:
        (Places(vault).runs / f"{utc_now():%Y-%m}.jsonl").mkdir(parents=True)
    blocked = aiemp("trigger", "ask")
    assert blocked.returncode == 1
    assert "budget cannot be kept" in blocked.stdout
    assert claude.calls == []
    assert (
        "It would be blocked: Claude's budget cannot be kept" in aiemp("trigger", "ask", "--dry-run").stdout
    )
    problems = answer(aiemp, "status")["problems"]
    (problem,) = [each for each in problems if "the history of runs cannot be written" in each["what"]]
    assert problem["remedy"] != "see the message"
    found = answer(aiemp, "doctor", "state")["checks"]
    assert [each["remedy"] for each in found if "history of runs" in each["what"]] == [problem["remedy"]]
    assert aiemp("trigger", "ask", "--over-budget").returncode == 0
    config.write_text(ASK)
    assert aiemp("trigger", "ask").returncode == 0
    assert len(claude.calls) == 2


def test_resume_mends_a_folder_that_holds_claude(aiemp: Aiemp, claude: FakeClaude, vault: Path) -> None:
    """What the reason for being blocked promises is so; it is told where the folder went."""
    (Places(vault).pause / "x").mkdir(parents=True)
    assert "end that with: aiemp resume" in aiemp("trigger", "ask").stdout
    done = aiemp("resume")
    assert done.returncode == 0, done.stderr
    assert "pause.json.aside-" in done.stderr
    assert aiemp("trigger", "ask").returncode == 0
    assert len(claude.calls) == 1


def test_tidying_the_logs_away_gives_no_new_budget(
    aiemp: Aiemp, claude: FakeClaude, vault: Path, write_config: WriteConfig
) -> None:
    """The day's sums are in the state as well: Claude, or a script, that removes Logs frees itself of nothing."""
    write_config(f"timezone = 'UTC'\n[claude]\nruns_per_day = 1\n{ASK}")
    aiemp("trigger", "ask", check=True)
    assert len(claude.calls) == 1
    shutil.rmtree(vault / "Logs")
    blocked = aiemp("trigger", "ask")
    assert "raise claude.runs_per_day" in blocked.stdout
    assert answer(aiemp, "status")["claude"]["runs_today"] == 1
    assert len(claude.calls) == 1
