"""The seed's trigger functions (5A): a real vault, and a real process in Claude Code's place."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aiemp.adoption import adopt_scripts
from aiemp.triggers.daily_rollover import trigger_daily_rollover
from aiemp.triggers.done_archive import trigger_done_archive
from aiemp.triggers.health_update import trigger_health_update
from aiemp.triggers.linkedin_post import PROMPT as LINKEDIN_PROMPT
from aiemp.triggers.linkedin_post import trigger_linkedin_post
from aiemp.triggers.morning_triage import PROMPT as TRIAGE_PROMPT
from aiemp.triggers.morning_triage import trigger_morning_triage
from aiemp.triggers.stale_check import trigger_stale_check
from tests.fakes.claude import STREAMING, FakeClaude
from tests.fakes.vault import add, context_of, make_vault, snapshot

LINKEDIN_DRAFT = "---\ntype: linkedin_post\nstatus: pending\n---\nOur week\n"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return make_vault(tmp_path / "My vault")


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[FakeClaude]:
    fake = FakeClaude(tmp_path / "bin", ("say", "Done."))
    yield fake
    assert not fake.alive()


def test_trigger_morning_triage_with_items(vault: Path, claude: FakeClaude) -> None:
    """With items pending Claude Code is called once, with the seed's prompt, and what it did is counted."""
    add(vault, "Needs_Action/email/EMAIL_a.md")
    add(vault, "Needs_Action/EMAIL_b.md")
    add(vault, "Needs_Action/whatsapp/WHATSAPP_c.md")
    claude.does(
        ("move", "Needs_Action/email/EMAIL_a.md", "Done/EMAIL_a.md"),
        ("write", "Needs_Action/EMAIL_b.md", "---\nstatus: in_progress\n---\n"),
        ("say", "Triaged."),
    )
    context = context_of(vault, "trigger_morning_triage", claude.environ)
    result = trigger_morning_triage(vault, context=context)
    assert [call["argv"] for call in claude.calls] == [[*STREAMING, "--print", TRIAGE_PROMPT]]
    assert claude.calls[0]["cwd"] == str(vault)
    assert TRIAGE_PROMPT == (
        "You are the AI Employee performing morning triage. Load skills: "
        "@.claude/skills/email-triage/SKILL.md @.claude/skills/task-planner/SKILL.md "
        "@.claude/skills/hitl-handler/SKILL.md Process all items in /Needs_Action/. For each item: triage, "
        "plan, create approval requests as needed. Update Dashboard when done."
    )
    assert result["success"] is True
    assert (result["items_before"], result["items_after"], result["items_processed"]) == (3, 2, 2)
    assert result["summary"] == "2 of 3 items processed, 2 pending now"
    assert str(result["duration"]).endswith(" s")


def test_trigger_morning_triage_no_items(vault: Path, claude: FakeClaude) -> None:
    """Nothing pending (``.gitkeep``, hidden files and our own alerts are no work): no Claude run."""
    add(vault, "Needs_Action/.hidden.md")
    add(vault, "Needs_Action/alerts/task-morning_triage.md")
    context = context_of(vault, "trigger_morning_triage", claude.environ)
    result = trigger_morning_triage(vault, context=context)
    assert (result["success"], result["summary"]) == (True, "No pending items")
    assert result["items_processed"] == 0
    assert claude.calls == []


def test_trigger_linkedin_post_drafts(vault: Path, claude: FakeClaude) -> None:
    """Without a post of today Claude Code is called, and ``drafted`` means that a draft is really there."""
    add(vault, "Pending_Approval/social/LINKEDIN_POST_20260225.md", LINKEDIN_DRAFT, age=timedelta(days=2))
    draft = "Pending_Approval/social/LINKEDIN_POST_20260227.md"
    claude.does(("write", draft, LINKEDIN_DRAFT), ("say", "Drafted."))
    result = trigger_linkedin_post(vault, context=context_of(vault, "trigger_linkedin_post", claude.environ))
    assert [call["argv"] for call in claude.calls] == [[*STREAMING, "--print", LINKEDIN_PROMPT]]
    assert (result["success"], result["drafted"]) == (True, True)
    assert result["summary"] == "Drafted LINKEDIN_POST_20260227.md"


@pytest.mark.parametrize("folder", ["Pending_Approval/social", "Pending_Approval", "Approved", "Done"])
def test_trigger_linkedin_post_skips_if_exists(vault: Path, claude: FakeClaude, folder: str) -> None:
    """A post of today, wherever it has got to by now, is enough for today."""
    add(vault, f"{folder}/LINKEDIN_POST_20260227.md", LINKEDIN_DRAFT)
    result = trigger_linkedin_post(vault, context=context_of(vault, "trigger_linkedin_post", claude.environ))
    assert (result["success"], result["drafted"]) == (True, False)
    assert "Already drafted today" in str(result["summary"])
    assert claude.calls == []


def test_trigger_linkedin_post_skips_pileup(vault: Path, claude: FakeClaude) -> None:
    """More than one post that waits for approval, and no further one is drafted."""
    for day in ("20260223", "20260225"):
        name = f"Pending_Approval/social/LINKEDIN_POST_{day}.md"
        add(vault, name, LINKEDIN_DRAFT, age=timedelta(days=3))
    result = trigger_linkedin_post(vault, context=context_of(vault, "trigger_linkedin_post", claude.environ))
    assert (result["success"], result["drafted"]) == (True, False)
    assert result["summary"] == "2 posts wait for approval already"
    assert claude.calls == []


OWN_WATCHER = """\
import os, sys
from scripts.watchers.base import greeting
import base
from .base import greeting
print(greeting, "Found 7 stale approvals", sys.argv[1:], os.environ["DRY_RUN"], os.getcwd())
"""


def test_trigger_stale_check(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault's own approval watcher is asked, as the seed says, once its owner has adopted it; without one the
    built-in check counts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    add(vault, "Pending_Approval/email/ACTION_old.md", age=timedelta(hours=25))
    add(vault, "Pending_Approval/email/ACTION_new.md", age=timedelta(hours=23))
    expired = "---\ncreated: 2026-02-27T06:00:00Z\nexpires: 2026-02-27T06:30:00Z\n---\n"
    add(vault, "Pending_Approval/ACTION_expired.md", expired)
    before = snapshot(vault)
    context = context_of(vault, "trigger_stale_check")
    result = trigger_stale_check(vault, context=context)
    assert (result["success"], result["stale_count"]) == (True, 2)
    assert result["summary"] == "2 stale approvals: ACTION_expired.md, ACTION_old.md"
    assert snapshot(vault) == before

    add(vault, "scripts/watchers/base.py", "greeting = 'hello'\n")
    add(vault, "scripts/watchers/approval_watcher.py", OWN_WATCHER)
    adopt_scripts(None, vault, os.environ)
    chunks: list[bytes] = []
    result = trigger_stale_check(
        vault, context=context_of(vault, "trigger_stale_check", on_output=chunks.append)
    )
    assert (result["success"], result["stale_count"]) == (True, 7)
    said = b"".join(chunks).decode()
    assert f"{['--vault', str(vault), '--check-stale']} false {vault}" in said


def test_trigger_daily_rollover(vault: Path) -> None:
    """Old activity rows go to the archive, the counters are of today, "Last Updated" is now."""
    rows = "".join(f"| 10:{n % 60:02} | act{n} | d | ✅ |\n" for n in range(80))
    dashboard = (vault / "Dashboard.md").read_text(encoding="utf-8")
    marker = "| 22:00 | morning_triage | 3 items | ✅ Success |\n"
    (vault / "Dashboard.md").write_text(dashboard.replace(marker, rows), encoding="utf-8")
    add(vault, "Needs_Action/EMAIL_x.md")
    add(vault, "Done/EMAIL_yesterday.md", age=timedelta(hours=10))
    add(vault, "Done/EMAIL_today.md", age=timedelta(hours=1))
    result = trigger_daily_rollover(vault, context=context_of(vault, "trigger_daily_rollover"))
    assert (result["success"], result["archived"]) == (True, 30)
    after = (vault / "Dashboard.md").read_text(encoding="utf-8")
    assert after.count("| act") == 50
    archived = json.loads((vault / "Logs/dashboard_archive_2026-02-27.json").read_text(encoding="utf-8"))
    assert len(archived) == 30
    assert re.search(r"\| /Needs_Action/ \| 1 +\|", after)
    assert re.search(r"\| /Done/ \(today\) \| 1 +\|", after)
    assert "**Last Updated:** 2026-02-27 07:00:00" in after
    assert "My own words stay here." in after


def test_trigger_health_update(vault: Path) -> None:
    """System Health says how things are now: nothing orchestrates this vault, so that is what it says."""
    context = context_of(vault, "trigger_health_update", {"PATH": "/nowhere"})
    result = trigger_health_update(vault, context=context)
    after = (vault / "Dashboard.md").read_text(encoding="utf-8")
    orchestrator = next(line for line in after.splitlines() if line.startswith("| Orchestrator |"))
    assert "🔴 Down" in orchestrator and "22:00" not in orchestrator
    assert result["success"] is True
    assert result["components"] == {"Orchestrator": "🔴 Down", "Claude Code": "🔴 Not found"}
    assert (result["unhealthy"], result["routine"]) == (2, True)
    assert result["summary"] == "2 of 2 components need attention: Orchestrator, Claude Code"


def test_trigger_done_archive(vault: Path) -> None:
    """What is older than seven days moves to Done/archive, keeps its name or gets a free one."""
    add(vault, "Done/old.md", "new text", age=timedelta(days=8))
    add(vault, "Done/recent.md", age=timedelta(days=6))
    add(vault, "Done/archive/old.md", "first text", age=timedelta(days=30))
    result = trigger_done_archive(vault, context=context_of(vault, "trigger_done_archive"))
    assert (result["success"], result["archived"], result["kept"]) == (True, 1, 1)
    assert result["summary"] == "1 file archived, 1 kept"
    assert (vault / "Done/archive/old.md").read_text() == "first text"
    assert (vault / "Done/archive/old_1.md").read_text() == "new text"
    assert (vault / "Done/recent.md").exists() and not (vault / "Done/old.md").exists()
