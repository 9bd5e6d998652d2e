"""The Claude call: what is run and with what, what is success, and what is blocked rather than failed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aiemp.claude import find_claude, invoke_claude
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from aiemp.redaction import Redactor, in_force, put_in_force
from tests.fakes.claude import STREAMING, FakeClaude

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def events(*values: dict[str, object]) -> tuple[str, str]:
    """The step that prints these events as Claude Code does."""
    return ("say", "".join(json.dumps(value) + "\n" for value in values))


INIT = {
    "type": "system",
    "subtype": "init",
    "claude_code_version": "2.1.197",
    "model": "m",
    "session_id": "s1",
}


def result(text: str = "All done.", **more: object) -> dict[str, object]:
    """A ``result`` event."""
    plain = {"type": "result", "subtype": "success", "is_error": False, "result": text, "session_id": "s1"}
    return {**plain, "num_turns": 3, "total_cost_usd": 0.25, **more}


def says(text: str) -> dict[str, object]:
    """An ``assistant`` event."""
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    vault = tmp_path / "Mein Tresor 100% $HOME 'ä'"
    vault.mkdir()
    return vault


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeClaude]:
    fake = FakeClaude(tmp_path / "bin", ("say", "All done.\n"))
    yield fake
    assert not fake.alive()


def invoke(fake: FakeClaude, vault: Path, prompt: str = "Do it.", **options: Any) -> dict[str, object]:
    environ = {**fake.environ, **options.pop("environ", {})}
    return invoke_claude(prompt, vault, environ=environ, **options)


# What is run


def test_the_command_is_the_seeds(fake: FakeClaude, vault: Path) -> None:
    """``claude --print PROMPT`` in the vault, with its work to be seen, and an answer is a success."""
    result = invoke(fake, vault, "Do 'it' $(now) %s\nplease")
    assert fake.calls[0]["argv"] == [*STREAMING, "--print", "Do 'it' $(now) %s\nplease"]
    assert fake.calls[0]["cwd"] == str(vault)
    assert result["success"] is True
    assert (result["output"], result["error"]) == ("All done.", None)
    assert (result["timed_out"], result["exit_code"]) == (False, 0)
    assert isinstance(result["duration_seconds"], float)


def test_extra_arguments_come_before_print(fake: FakeClaude, vault: Path) -> None:
    """``--allowedTools A B`` takes all words that follow it, so the prompt must not follow it."""
    settings = ClaudeSettings(args=("--model", "opus", "--allowedTools", "Read", "Edit"))
    invoke(fake, vault, settings=settings)
    assert fake.calls[0]["argv"] == [*settings.args, *STREAMING, "--print", "Do it."]


def test_a_prompt_is_never_an_option(fake: FakeClaude, vault: Path) -> None:
    """A prompt that begins with a dash comes after ``--``; Claude Code would take it for an option."""
    invoke(fake, vault, "--dangerously-skip-permissions")
    assert fake.calls[0]["argv"] == [*STREAMING, "--print", "--", "--dangerously-skip-permissions"]


def test_the_environment_of_a_run(fake: FakeClaude, vault: Path) -> None:
    """``.env`` is added, DRY_RUN is exactly ``false``, and what would confuse Claude Code is gone."""
    (vault / ".env").write_text("GMAIL_TOKEN=from-vault\nDRY_RUN=1\nPATH=/evil\n")
    invoke(fake, vault, environ={"CLAUDECODE": "1", "NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5"})
    seen = fake.calls[0]["env"]
    assert seen["GMAIL_TOKEN"] == "from-vault"
    assert seen["DRY_RUN"] == "false"
    assert seen["PATH"].startswith(str(fake.folder))
    assert not {"CLAUDECODE", "NOTIFY_SOCKET", "WATCHDOG_USEC"} & set(seen)


def test_a_dry_run_runs_nothing(fake: FakeClaude, vault: Path) -> None:
    """It says what would be run and where; even without Claude Code, whose lack it mentions."""
    result = invoke(fake, vault, "Do 'it'", dry_run=True)
    assert result["success"] is True
    assert f"{fake.path} {' '.join(STREAMING)} --print 'Do '\"'\"'it'\"'\"''" in str(result["output"])
    assert str(vault) in str(result["output"])
    without = invoke_claude("x", vault, dry_run=True, environ={"PATH": "/nowhere"})
    assert "it would be blocked: Claude Code is not installed" in str(without["output"])
    assert fake.calls == []


def test_the_output_is_shown_and_kept_while_it_comes(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """``on_output`` and the log get what the program prints; the log says what was asked, and how it ended."""
    chunks: list[bytes] = []
    result = invoke(fake, vault, on_output=chunks.append, log_file=tmp_path / "run.log")
    assert b"".join(chunks) == b"All done.\n"
    asked, said, ended = (tmp_path / "run.log").read_text().splitlines()
    assert asked.endswith("Do it.")
    assert (said, ended[9:19]) == ("All done.", "Ended well")
    assert result["log_file"] == str(tmp_path / "run.log")
    assert not (tmp_path / "run.jsonl").exists(), "there were no events"


# Finding it


def test_claude_not_installed_is_blocked(vault: Path) -> None:
    """The reason names the command and the remedy, in what a dashboard's cell can hold."""
    with pytest.raises(Blocked, match=r"not installed: `claude` .*claude\.command in aiemp\.toml"):
        invoke_claude("x", vault, environ={"PATH": "/nowhere"})


def test_a_configured_path_that_is_wrong(tmp_path: Path) -> None:
    """A file that is missing, or that cannot be executed, is named with what is wrong with it."""
    (tmp_path / "text").write_text("")
    with pytest.raises(Blocked, match="text is not executable"):
        find_claude(ClaudeSettings(command=str(tmp_path / "text")), {})
    with pytest.raises(Blocked, match="none does not exist"):
        find_claude(ClaudeSettings(command=str(tmp_path / "none")), {})


def test_a_claude_on_the_path_that_is_not_executable(fake: FakeClaude, vault: Path) -> None:
    """It is told that it is there, and what is wrong with it, not that it is not installed."""
    fake.path.chmod(0o644)
    with pytest.raises(Blocked) as caught:
        invoke_claude("x", vault, environ={"PATH": f"/nowhere:{fake.folder}"})
    assert caught.value.reason == (
        f"Claude Code cannot be run: {fake.path} is not executable; "
        "make it so (chmod +x), or set claude.command in aiemp.toml"
    )


def test_no_claude_from_the_vault(fake: FakeClaude, vault: Path) -> None:
    """A file named ``claude`` in the vault is not run, not even with ``.`` on the PATH."""
    fake.path.rename(vault / "claude")
    with pytest.raises(Blocked):
        invoke_claude("x", vault, environ={"PATH": f".::{os.defpath}"})


# How it ends


def test_an_empty_answer_is_a_failure(fake: FakeClaude, vault: Path) -> None:
    """Exit 0 with nothing (or blanks) printed has a message of its own, with what stderr says."""
    fake.does(("say", " \n"), ("complain", "odd\n"))
    result = invoke(fake, vault)
    assert result["success"] is False
    assert result["error"] == "Claude Code ended without error, but printed no answer; on stderr: odd"


def test_a_failure_names_code_and_message(fake: FakeClaude, vault: Path) -> None:
    """The error is the exit code and the last line that was printed about it."""
    fake.does(("say", "Working"), ("complain", "first\nAPI Error: 529 Overloaded.\n"), ("end", 1))
    result = invoke(fake, vault)
    assert result["error"] == "Claude Code ended with exit code 1: API Error: 529 Overloaded."
    assert (result["success"], result["exit_code"], result["output"]) == (False, 1, "Working")


def test_a_killed_claude(fake: FakeClaude, vault: Path) -> None:
    """Death by signal is told as such; the usual cause of SIGKILL is suggested."""
    fake.does(("say", "x"), ("die", 9))
    assert "killed by SIGKILL (is the machine out of memory?)" in str(invoke(fake, vault)["error"])


def test_a_timeout(fake: FakeClaude, vault: Path) -> None:
    """The limit is named in minutes."""
    fake.does(("say", "step 1"), ("helper",), ("sleep",))
    result = invoke(fake, vault, timeout_minutes=0.01)
    assert (result["success"], result["timed_out"]) == (False, True)
    assert "Claude Code was still at work after 0.01 min and was ended" in str(result["error"])


def test_output_that_is_not_utf8(fake: FakeClaude, vault: Path) -> None:
    """Invalid bytes become replacement characters; nothing breaks."""
    fake.does(("say_bytes", "fffe4f4b"))
    assert invoke(fake, vault)["output"] == "��OK"


@pytest.mark.parametrize("prompt", ["nul \0 byte", "x" * 3_000_000], ids=["NUL", "too long for an argv"])
def test_a_prompt_that_cannot_be_passed(fake: FakeClaude, vault: Path, prompt: str) -> None:
    """No exception, but a failure that says so."""
    result = invoke(fake, vault, prompt)
    assert result["success"] is False
    assert result["error"]
    assert fake.calls == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\0rubbish", "Exec format error"),
        (b"#!/nowhere/node\n", "the program that its first line names is not there"),
    ],
)
def test_a_program_that_is_none(fake: FakeClaude, vault: Path, tmp_path: Path, data: bytes, why: str) -> None:
    """What the system cannot execute is the installation's fault, not the task's: blocked, with the reason."""
    fake.path.write_bytes(data)
    with pytest.raises(Blocked, match=f"cannot be started.*{why}"):
        invoke(fake, vault, log_file=tmp_path / "run.log")
    assert "Blocked: " in (tmp_path / "run.log").read_text()


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


def test_a_vault_that_is_not_there_is_blocked(fake: FakeClaude, vault: Path) -> None:
    """Not mounted yet: nothing is run, no attempt is spent."""
    with pytest.raises(Blocked, match="no such folder"):
        invoke(fake, vault / "missing")
    assert fake.calls == []


# Secrets


def test_no_secret_is_written_or_shown(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """Not from the prompt, nor with JSON's escapes, nor from the pieces of a message that are put together."""
    before = in_force()
    put_in_force(Redactor({"tok-12345678": "A_TOKEN"}))
    shown: list[bytes] = []
    found: list[object] = []
    deltas = [
        {"type": "stream_event", "event": {"type": "content_block_delta", "delta": {"text": part}}}
        for part in ("I use tok-1", "2345678 now")
    ]
    escaped = json.dumps(says("With tok-12345678")).replace("tok-", "\\u0074ok-") + "\n"
    answer = json.dumps(result("It is tok-12345678")).replace("5678", "\\u00355678"[:6] + "678") + "\n"
    quick = ClaudeSettings(silent_minutes=0.005)
    try:
        for number, steps in enumerate(
            (
                (events(INIT), ("say", escaped), events(*deltas), ("sleep",)),
                (events(INIT), ("say", escaped), ("say", answer)),
            )
        ):
            fake.does(*steps)
            log = tmp_path / f"run{number}.log"
            found.append(
                invoke(fake, vault, "Use tok-12345678", settings=quick, on_output=shown.append, log_file=log)
            )
    finally:
        put_in_force(before)
    seen = [b"".join(shown).decode(), repr(found), *(path.read_text() for path in tmp_path.glob("run*"))]
    assert len(seen) == 6
    for text in seen:
        assert "12345678" not in text
        assert "ok-1" not in text
        assert "[A_TOKEN redacted]" in text


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
