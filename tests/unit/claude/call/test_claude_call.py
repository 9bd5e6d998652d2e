"""The Claude call: what is run and with what, what is success, and what is blocked rather than failed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aiemp.claude import find_claude, invoke_claude
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from aiemp.redaction import Redactor, in_force, put_in_force
from tests.fakes.claude import STREAMING, FakeClaude
from tests.unit.claude.call.calls import INIT, events, invoke, result, says

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
