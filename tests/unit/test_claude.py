"""The Claude call: what is run and with what, what is success, and what is blocked rather than failed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiemp.claude import claude_argv, find_claude, invoke_claude
from aiemp.claude.refusals import RefusalKind, find_refusal
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from tests.fakes.claude import FakeClaude


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
    """``claude --print PROMPT`` in the vault, and an answer is a success."""
    result = invoke(fake, vault, "Do 'it' $(now) %s\nplease")
    assert fake.calls[0]["argv"] == ["--print", "Do 'it' $(now) %s\nplease"]
    assert fake.calls[0]["cwd"] == str(vault)
    assert result["success"] is True
    assert (result["output"], result["error"]) == ("All done.", None)
    assert (result["timed_out"], result["exit_code"]) == (False, 0)
    assert isinstance(result["duration_seconds"], float)


def test_extra_arguments_come_before_print(fake: FakeClaude, vault: Path) -> None:
    """``--allowedTools A B`` takes all words that follow it, so the prompt must not follow it."""
    settings = ClaudeSettings(args=("--model", "opus", "--allowedTools", "Read", "Edit"))
    invoke(fake, vault, settings=settings)
    assert fake.calls[0]["argv"] == [*settings.args, "--print", "Do it."]


def test_a_prompt_is_never_an_option(fake: FakeClaude, vault: Path) -> None:
    """A prompt that begins with a dash comes after ``--``; Claude Code would take it for an option."""
    invoke(fake, vault, "--dangerously-skip-permissions")
    assert fake.calls[0]["argv"] == ["--print", "--", "--dangerously-skip-permissions"]
    assert claude_argv("claude", "-p", ClaudeSettings())[-2:] == ["--", "-p"]


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
    assert f"{fake.path} --print 'Do '\"'\"'it'\"'\"''" in str(result["output"])
    assert str(vault) in str(result["output"])
    without = invoke_claude("x", vault, dry_run=True, environ={"PATH": "/nowhere"})
    assert "would be blocked" in str(without["output"])
    assert fake.calls == []


def test_the_output_is_shown_and_kept_while_it_comes(fake: FakeClaude, vault: Path, tmp_path: Path) -> None:
    """``on_output`` and the log get what the program prints."""
    chunks: list[bytes] = []
    invoke(fake, vault, on_output=chunks.append, log_file=tmp_path / "log")
    assert b"".join(chunks) == (tmp_path / "log").read_bytes() == b"All done.\n"


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


def test_a_program_that_is_none(fake: FakeClaude, vault: Path) -> None:
    """An executable file that the system cannot execute is a failure with the system's reason."""
    fake.path.write_bytes(b"\0\0rubbish")
    result = invoke(fake, vault)
    assert result["success"] is False
    assert "cannot be started" in str(result["error"])


# Refusals


REFUSALS = [
    # printed by Claude Code 2.1 against a local API
    ("Invalid API key · Fix external API key", RefusalKind.LOGIN),
    ("Not logged in · Please run /login", RefusalKind.LOGIN),
    ("API Error: Request rejected (429) · This request would exceed your account's rate limit.", "limit"),
    ("Credit balance is too low", RefusalKind.LIMIT),
    # from its public issues
    ("You've hit your limit · resets 1pm (Europe/Lisbon)", RefusalKind.LIMIT),
    ("You've hit your session limit · resets 5:10pm (Europe/Paris)", RefusalKind.LIMIT),
    ("You’ve reached your weekly usage limit", RefusalKind.LIMIT),
    ("Claude AI usage limit reached|1766502000", RefusalKind.LIMIT),
    ("  ⎿  Claude usage limit reached. Your limit will reset at 9am (America/Chicago).", RefusalKind.LIMIT),
    ("5-hour limit reached ∙ resets 3pm", RefusalKind.LIMIT),
    ('API Error: 401 {"type":"error","error":{"type":"authentication_error"}} · Please run /login', "login"),
    ("Invalid API key · Please run /login", RefusalKind.LOGIN),
    ("Error: Could not resolve authentication method. Expected either apiKey or authToken", "login"),
    ("OAuth token has expired. Please obtain a new token", RefusalKind.LOGIN),
]


@pytest.mark.parametrize(("line", "kind"), REFUSALS, ids=[line[:30] for line, _ in REFUSALS])
def test_refusals_are_recognised(line: str, kind: RefusalKind | str) -> None:
    """Each known wording, also below other output, is recognised, and its own words are kept."""
    expected = RefusalKind[kind.upper()] if isinstance(kind, str) else kind
    for text in (line, f"some work\n\n{line}\n"):
        refusal = find_refusal(text)
        assert refusal is not None
        assert (refusal.kind, refusal.line) == (expected, line.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "API Error: 529 Overloaded. This is a server-side issue, usually temporary",
        "API Error: 500 Internal server error",
        "I drafted a reply to the mail about 'usage limit reached' of Mr. 429.",
        "The customer asks whether her OAuth login is still valid.",
        "You've hit your limit" + "\nmore output" * 20,
        "usage limit reached " * 40,
        "Error: ENOENT: no such file or directory",
    ],
)
def test_other_failures_are_no_refusals(text: str) -> None:
    """An answer that speaks of limits, a server's hiccup, a refusal far above: these stay failures."""
    assert find_refusal(text) is None


def test_a_refused_run_is_blocked(fake: FakeClaude, vault: Path) -> None:
    """It is not a failure of the task: Blocked, with Claude Code's line and the remedy."""
    fake.does(("say", "Not logged in · Please run /login\n"), ("end", 1))
    with pytest.raises(Blocked, match=r"Not logged in.*log in once"):
        invoke(fake, vault)
    fake.does(("complain", "You've hit your limit · resets 1pm\n"), ("end", 1))
    with pytest.raises(Blocked, match=r"resets 1pm.*tried again"):
        invoke(fake, vault)


def test_an_answer_about_limits_is_no_refusal(fake: FakeClaude, vault: Path) -> None:
    """Only failed runs are searched: exit 0 is an answer, whatever it says."""
    fake.does(
        ("say", "You've hit your limit · resets 1pm\n"),
    )
    assert invoke(fake, vault)["success"] is True
