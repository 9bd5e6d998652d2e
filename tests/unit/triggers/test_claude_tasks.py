"""The two built-in tasks that call Claude Code, when things do not go well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aiemp.claude.pause import Pause, write_pause
from aiemp.errors import Blocked
from aiemp.frozen import replace
from aiemp.plan import ClaudeSettings
from aiemp.triggers.context import Overrides
from aiemp.triggers.linkedin_post import trigger_linkedin_post
from aiemp.triggers.morning_triage import trigger_morning_triage
from tests.fakes.claude import FakeClaude
from tests.fakes.vault import NOW, add, context_of, snapshot

DRAFT = "---\ntype: linkedin_post\n---\n"


@pytest.fixture
def vault(vault: Path) -> Path:
    add(vault, "Needs_Action/EMAIL_a.md")
    return vault


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[FakeClaude]:
    fake = FakeClaude(tmp_path / "bin", ("say", "Done."))
    yield fake
    assert not fake.alive()


def triage(vault: Path, claude: FakeClaude, dry_run: bool = False, **options: object) -> dict[str, object]:
    context = context_of(vault, "trigger_morning_triage", claude.environ, **options)
    return trigger_morning_triage(vault, dry_run, context)


def post(vault: Path, claude: FakeClaude, dry_run: bool = False) -> dict[str, object]:
    return trigger_linkedin_post(vault, dry_run, context_of(vault, "trigger_linkedin_post", claude.environ))


def test_a_triage_that_did_nothing_is_visible(vault: Path, claude: FakeClaude) -> None:
    """Exit 0 with nothing done succeeds, as it may be right, but the summary says it and so do the counts."""
    result = triage(vault, claude)
    assert result["success"] is True
    assert result["summary"] == "Claude Code ended well, but moved or changed none of 1 item"
    assert (result["items_before"], result["items_after"], result["items_processed"]) == (1, 1, 0)


def test_items_that_arrive_meanwhile_are_not_counted_as_processed(vault: Path, claude: FakeClaude) -> None:
    """New mail during the run changes what is pending, not what was processed."""
    claude.does(
        ("move", "Needs_Action/EMAIL_a.md", "Done/EMAIL_a.md"),
        ("write", "Needs_Action/EMAIL_new.md", "x"),
        ("say", "ok"),
    )
    result = triage(vault, claude)
    assert result["summary"] == "1 of 1 item processed, 1 pending now"


def test_a_triage_that_fails(vault: Path, claude: FakeClaude) -> None:
    """The error is Claude Code's, with how far it got; the run's own values are still there."""
    claude.does(
        ("move", "Needs_Action/EMAIL_a.md", "Done/EMAIL_a.md"), ("complain", "API Error: 500"), ("end", 1)
    )
    result = triage(vault, claude)
    assert result["success"] is False
    expected = "Claude Code ended with exit code 1: API Error: 500 (1 of 1 item processed)"
    assert result["error"] == expected
    assert result["exit_code"] == 1


def test_a_triage_that_hangs(vault: Path, claude: FakeClaude) -> None:
    """The task's own timeout ends it, and everything it started."""
    claude.does(("helper",), ("sleep",))
    result = triage(vault, claude, task={"timeout_minutes": 0.01})
    assert (result["success"], result["timed_out"]) == (False, True)
    assert "had printed nothing" in str(result["error"])


def test_blocked_is_raised(vault: Path, claude: FakeClaude) -> None:
    """Neither a missing Claude Code nor its usage limit is a failure of the task."""
    claude.does(("say", "You've hit your limit · resets 1pm"), ("end", 1))
    with pytest.raises(Blocked, match="hit your limit"):
        triage(vault, claude)
    context = context_of(vault, "trigger_linkedin_post", {"PATH": "/nowhere"})
    with pytest.raises(Blocked, match="not installed"):
        trigger_linkedin_post(vault, context=context)


def test_settings_and_log_reach_the_call(vault: Path, claude: FakeClaude, tmp_path: Path) -> None:
    """The plan's Claude settings, the log file and the listener are used; the run's own log is told."""
    log = tmp_path / "task.log"
    settings = ClaudeSettings(command=str(claude.path), args=("--model", "opus"))
    chunks: list[bytes] = []
    context = replace(
        context_of(vault, "trigger_morning_triage", plan={"claude": settings}),
        log_file=log,
        on_output=chunks.append,
    )
    result = trigger_morning_triage(vault, context=context)
    assert claude.calls[0]["argv"][:2] == ["--model", "opus"]
    assert log.read_bytes() == b"".join(chunks) == b"Done."
    assert result["claude_log"] == "Logs/claude/2026-02-27/morning_triage-080000.log"
    assert "Done." in (vault / str(result["claude_log"])).read_text()
    assert result["claude_s"] == result["duration_seconds"]
    assert "log_file" not in result


def test_dry_runs_only_count(vault: Path, claude: FakeClaude) -> None:
    """A dry run shows the command and changes nothing."""
    before = snapshot(vault)
    result = triage(vault, claude, dry_run=True)
    assert result["summary"] == "1 item pending; Claude Code was not called"
    assert "--print" in str(result["output"])
    result = post(vault, claude, dry_run=True)
    assert (result["success"], result["drafted"]) == (True, False)
    assert (claude.calls, snapshot(vault)) == ([], before)


def test_a_post_that_never_appeared(vault: Path, claude: FakeClaude) -> None:
    """Exit 0 without a draft in the vault is a failure: nobody would notice otherwise."""
    claude.does(("write", "Plans/LinkedIn ideas.md", "x"), ("say", "Drafted!"))
    result = post(vault, claude)
    assert (result["success"], result["drafted"]) == (False, False)
    assert "no new LinkedIn draft" in str(result["error"])


def test_a_draft_from_a_run_that_failed(vault: Path, claude: FakeClaude) -> None:
    """The failure stays one, but the draft is reported; the next attempt then finds it and skips."""
    claude.does(("write", "Pending_Approval/social/LINKEDIN_POST_20260227.md", DRAFT), ("end", 1))
    result = post(vault, claude)
    assert (result["success"], result["drafted"]) == (False, True)
    assert "LINKEDIN_POST_20260227.md was drafted all the same" in str(result["error"])
    assert "Already drafted" in str(post(vault, claude)["summary"])


def test_a_draft_beside_an_older_pending_one(vault: Path, claude: FakeClaude) -> None:
    """One that still waits is no pile-up, and is not taken for the new draft."""
    add(vault, "Pending_Approval/LINKEDIN_POST_20260225.md", DRAFT, age=timedelta(days=2))
    result = post(vault, claude)
    assert (result["success"], result["drafted"]) == (False, False)
    claude.does(("write", "Pending_Approval/LINKEDIN_2026-02-27_x.md", DRAFT), ("say", "ok"))
    assert post(vault, claude)["summary"] == "Drafted LINKEDIN_2026-02-27_x.md"


def test_a_run_across_midnight(vault: Path, claude: FakeClaude) -> None:
    """A draft made after midnight bears the next day's date, and is this run's draft all the same."""
    claude.does(("write", "Pending_Approval/LINKEDIN_POST_20260228.md", DRAFT), ("say", "ok"))
    late = NOW.replace(hour=23, minute=59)
    context = context_of(vault, "trigger_linkedin_post", claude.environ, now=late)
    assert trigger_linkedin_post(vault, context=context)["drafted"] is True


# What a run did to the items


def test_a_triage_names_what_moved(vault: Path, claude: FakeClaude) -> None:
    """Moved away, changed where it lies, and arrived meanwhile."""
    add(vault, "Needs_Action/EMAIL_b.md")
    claude.does(
        ("move", "Needs_Action/EMAIL_a.md", "Done/EMAIL_a.md"),
        ("write", "Needs_Action/EMAIL_b.md", "status: in_progress"),
        ("write", "Needs_Action/EMAIL_new.md", "x"),
        ("say", "ok"),
    )
    result = triage(vault, claude)
    assert (result["moved"], result["changed"], result["arrived"]) == (
        "EMAIL_a.md",
        "EMAIL_b.md",
        "EMAIL_new.md",
    )


def test_a_draft_is_named(vault: Path, claude: FakeClaude) -> None:
    """The history says which post a run has drafted."""
    claude.does(("write", "Pending_Approval/social/LINKEDIN_2026-02-27_x.md", DRAFT), ("say", "ok"))
    result = post(vault, claude)
    assert result["draft"] == "Pending_Approval/social/LINKEDIN_2026-02-27_x.md"


# Budget and pause

RUN = {
    "task": "morning_triage",
    "started": NOW.isoformat(),
    "finished": NOW.isoformat(),
    "result": "succeeded",
    "details": {"claude_s": 60.0, "cost_usd": 2.0},
}
ONE_RUN = {"claude": ClaudeSettings(runs_per_day=1)}


def spent(_start: object, _end: object) -> list[dict[str, object]]:
    return [RUN]


def test_a_used_up_budget_blocks(vault: Path, claude: FakeClaude) -> None:
    """Claude is not called, the task stays due, and no moment is named: a raised limit holds at once."""
    with pytest.raises(Blocked, match="runs_per_day") as blocked:
        triage(vault, claude, plan=ONE_RUN, runs=spent)
    assert blocked.value.until is None
    assert claude.calls == []
    assert triage(vault, claude, plan={"claude": ClaudeSettings(runs_per_day=2)}, runs=spent)["success"]
    overrides = Overrides(over_budget=True)
    assert triage(vault, claude, plan=ONE_RUN, runs=spent, overrides=overrides)["success"]


def test_a_pause_blocks(vault: Path, claude: FakeClaude) -> None:
    """Whoever asks; --over-budget is no way around it, --while-paused is."""
    write_pause(vault, Pause(NOW, NOW + timedelta(hours=1), "holiday"))
    with pytest.raises(Blocked, match=r"paused until Fri 2026-02-27 09:00 \(holiday\)") as blocked:
        triage(vault, claude, overrides=Overrides(over_budget=True))
    assert blocked.value.until is None
    assert claude.calls == []
    assert triage(vault, claude, overrides=Overrides(while_paused=True))["success"]
    assert triage(vault, claude, now=NOW + timedelta(hours=1))["success"], "over by itself"


def test_nothing_to_do_is_no_matter_of_the_budget(vault: Path, claude: FakeClaude) -> None:
    """A triage without items succeeds, paused and spent as everything may be."""
    (vault / "Needs_Action/EMAIL_a.md").unlink()
    write_pause(vault, Pause(NOW))
    assert triage(vault, claude, plan=ONE_RUN, runs=spent)["summary"] == "No pending items"


def test_a_dry_run_tells_budget_and_pause(vault: Path, claude: FakeClaude) -> None:
    """What is spent of what, whether Claude is paused, and what would keep a real run from it."""
    output = str(triage(vault, claude, dry_run=True, plan=ONE_RUN, runs=spent)["output"])
    assert "Budget: 1 of 1 runs, 1 min, $2.00 today" in output
    assert "Pause: none" in output
    assert "It would be blocked: Claude's budget of today" in output
    write_pause(vault, Pause(NOW, None, "holiday"))
    assert "Pause: paused (holiday)" in str(triage(vault, claude, dry_run=True)["output"])


def test_a_run_says_that_it_asked_claude(vault: Path, claude: FakeClaude) -> None:
    """``claude_s`` is what makes it count; a run that only looked has none."""
    assert float(str(triage(vault, claude)["claude_s"])) > 0
    assert "claude_s" not in triage(vault, claude, dry_run=True)
