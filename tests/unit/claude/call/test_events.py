"""What the events of a run of Claude tell: its answer, its cost, silence, failures and refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from tests.fakes.claude import STREAMING, FakeClaude
from tests.unit.claude.call.calls import INIT, events, invoke, result, says

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


# What it shows while it works


def test_what_the_events_tell(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """Answer, cost, turns and session are learnt; the watcher reads sentences, the machine the events."""
    writing = {"type": "tool_use", "name": "Write", "input": {"file_path": f"{vault}/Plans/x.md"}}
    used = {"type": "assistant", "message": {"content": [writing]}}
    fake.does(events(INIT, used, says("All done."), result()))
    chunks: list[bytes] = []
    found = invoke(fake, vault, on_output=chunks.append, log_file=tmp_path / "run.log")
    assert (found["success"], found["output"], found["error"]) == (True, "All done.", None)
    assert (found["cost_usd"], found["turns"], found["session_id"]) == (0.25, 3, "s1")
    shown = b"".join(chunks).decode().splitlines()
    assert shown == [
        "Claude Code 2.1.197, model m",
        "Writing Plans/x.md",
        "All done.",
        "Answered (3 turns, 0.25 US dollars)",
    ]
    log = (tmp_path / "run.log").read_text()
    assert [line[9:] for line in log.splitlines()][1:-1] == shown
    kept = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert kept == [INIT, used, says("All done."), result()]
    assert (tmp_path / "run.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_last_line_may_lack_its_end(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """An event without a newline behind it is one; half an event is in the log as it came."""
    fake.does(events(INIT), ("say", json.dumps(result())))
    assert invoke(fake, vault)["output"] == "All done."
    fake.does(events(INIT), ("say", '{"type":"resu'))
    invoke(fake, vault, log_file=tmp_path / "run.log")
    assert '{"type":"resu' in (tmp_path / "run.log").read_text().splitlines()


def test_an_older_claude_is_called_more_plainly(fake: FakeClaude, vault: Path) -> None:
    """One that does not know an option says so at once; then it is called without, and all else works."""
    fake.knows("--print", "--output-format", "--verbose")
    fake.does(events(INIT, result()))
    assert invoke(fake, vault)["cost_usd"] == 0.25
    assert [call["argv"] for call in fake.calls] == [
        [*STREAMING, "--print", "Do it."],
        [*STREAMING[:3], "--print", "Do it."],
    ]
    fake.knows("--print")
    fake.does(("say", "Plain answer.\n"))
    found = invoke(fake, vault)
    assert (found["success"], found["output"], found["cost_usd"]) == (True, "Plain answer.", None)
    assert fake.calls[-1]["argv"] == ["--print", "Do it."]


def test_a_users_own_output_format_stays(fake: FakeClaude, vault: Path) -> None:
    """claude.args that choose a format are used as they are; what it tells is learnt all the same."""
    fake.does(events(result()))
    for args in (("--output-format", "json"), ("--output-format=json",)):
        found = invoke(fake, vault, settings=ClaudeSettings(args=args))
        assert fake.calls[-1]["argv"] == [*args, "--print", "Do it."]
        assert (found["output"], found["cost_usd"]) == ("All done.", 0.25)


def test_events_are_only_taken_where_they_were_asked_for(fake: FakeClaude, vault: Path) -> None:
    """A plain answer with a line like an event is the answer; half a line of JSON is none where JSON was asked."""
    answer = 'Here is:\n{"type":"user","name":"Bob"}\nall done'
    fake.does(("say", answer))
    for args in (("--output-format", "text"), ("--output-format=text",)):
        found = invoke(fake, vault, settings=ClaudeSettings(args=args))
        assert (found["success"], found["output"]) == (True, answer)
    fake.knows("--print")
    assert invoke(fake, vault)["output"] == answer
    fake.knows("--print", "--output-format", "--output-format=stream-json")
    fake.does(("say", json.dumps(result(), separators=(",", ":"))[:60]))
    for args in (("--output-format", "json"), ("--output-format=stream-json",)):
        found = invoke(fake, vault, settings=ClaudeSettings(args=args))
        assert (found["success"], found["output"]) == (False, "")
        assert "before it had answered" in str(found["error"])


def test_silence_is_ended_where_work_is_shown(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """Without any output for silent_minutes it is ended and failed, with its last step, what it was saying."""
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "I will now"}}
    fake.does(events(INIT, says("Thinking hard"), {"type": "stream_event", "event": delta}), ("sleep",))
    quick = ClaudeSettings(silent_minutes=0.005)
    found = invoke(fake, vault, settings=quick, log_file=tmp_path / "run.log")
    assert found["error"] == (
        "Claude Code printed nothing for 0.005 min and was ended; its last step: Thinking hard"
    )
    assert "In the middle of: I will now" in (tmp_path / "run.log").read_text()
    assert found["timed_out"] is False


def test_silence_is_no_sign_where_nothing_is_shown(fake: FakeClaude, vault: Path) -> None:
    """Plain ``--print`` prints nothing before its answer, so only the time limit counts there."""
    fake.knows("--print")
    fake.does(("sleep", 0.6), ("say", "Late answer."))
    assert invoke(fake, vault, settings=ClaudeSettings(silent_minutes=0.005))["output"] == "Late answer."


def test_an_answer_without_an_end_counts(fake: FakeClaude, vault: Path) -> None:
    """Its work is done and paid for; that it had to be ended is a warning, no reason to do it again."""
    fake.does(events(INIT, result()), ("sleep",))
    found = invoke(fake, vault, settings=ClaudeSettings(silent_minutes=0.005))
    assert (found["success"], found["error"]) == (True, None)
    assert "did not end by itself" in str(found["warnings"])


@pytest.mark.parametrize(
    ("event", "code", "error"),
    [
        (
            result(
                "", subtype="error_max_turns", is_error=True, errors=["Reached maximum number of turns (2)"]
            ),
            1,
            "Claude Code gave up: it reached its number of turns (--max-turns in claude.args): "
            "Reached maximum number of turns (2)",
        ),
        (result("", subtype="error_during_execution"), 0, "Claude Code gave up: it failed while working"),
        (
            result("API Error: 529 Overloaded.", is_error=True, api_error_status=529),
            0,
            "Claude Code failed: API Error: 529 Overloaded.",
        ),
        (result(""), 0, "Claude Code ended without error, but printed no answer"),
        (result(), 3, "Claude Code answered, but ended with exit code 3: All done."),
        (says("Working"), 0, "Claude Code ended without error, but before it had answered"),
    ],
    ids=["turns", "execution", "overloaded", "empty", "exit code", "no result"],
)
def test_failures_that_events_tell(
    fake: FakeClaude, vault: Path, event: dict[str, object], code: int, error: str
) -> None:
    """Exit 0 with an error in the result is a failure with its reason, and so is one without a result."""
    fake.does(events(INIT, event), ("end", code))
    found = invoke(fake, vault)
    assert (found["success"], found["error"]) == (False, error)


def test_a_refusal_in_a_result(fake: FakeClaude, vault: Path) -> None:
    """The HTTP status tells a limit whose words are new, and the event its end."""
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1795608000}}
    refused = result("Come back some other time", is_error=True, api_error_status=429)
    fake.does(events(INIT, limit, refused), ("end", 1))
    with pytest.raises(Blocked, match="Come back some other time") as caught:
        invoke(fake, vault, clock=lambda: NOW)
    assert caught.value.until == datetime.fromtimestamp(1795608000, UTC)


# Refusals


def test_a_refused_run_is_blocked(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """It is not a failure of the task: Blocked, with Claude Code's line, the remedy, and when to come back."""
    fake.does(("say", "Not logged in · Please run /login\n"), ("end", 1))
    with pytest.raises(Blocked, match=r"Not logged in.*log in once") as caught:
        invoke(fake, vault, clock=lambda: NOW)
    assert caught.value.until == NOW + timedelta(minutes=15), "each try costs a call"
    fake.does(("complain", "You've hit your limit · resets 1pm\n"), ("end", 1))
    berlin = ZoneInfo("Europe/Berlin")
    with pytest.raises(Blocked, match=r"resets 1pm \(it is tried again from 2026-11-25 13:00 CET") as caught:
        invoke(fake, vault, clock=lambda: NOW, zone=berlin, log_file=tmp_path / "run.log")
    assert caught.value.until == datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert "Blocked: Claude Code says: You've hit" in (tmp_path / "run.log").read_text()


def test_what_was_spent_before_a_refusal_is_told(fake: FakeClaude, vault: Path) -> None:
    """A run that worked and then met its limit has cost something, which the budget is to know; one that was
    refused at once has not, however often it is tried again."""
    refused = result("Come back later", is_error=True, api_error_status=429)
    fake.does(events(INIT, says("Working."), refused), ("end", 1))
    with pytest.raises(Blocked) as caught:
        invoke(fake, vault)
    assert (caught.value.details["cost_usd"], caught.value.details["turns"]) == (0.25, 3)
    fake.does(events(INIT, {**refused, "total_cost_usd": 0}), ("end", 1))
    with pytest.raises(Blocked) as caught:
        invoke(fake, vault)
    assert caught.value.details == {}


def test_an_answer_about_limits_is_no_refusal(fake: FakeClaude, vault: Path) -> None:
    """Only failed runs are searched: exit 0 is an answer, whatever it says."""
    fake.does(
        ("say", "You've hit your limit · resets 1pm\n"),
    )
    assert invoke(fake, vault)["success"] is True
