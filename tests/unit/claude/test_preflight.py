"""What is known about a Claude run before it costs anything, and what a dry run shows of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiemp.claude.preflight import claude_version, mcp_json_problem, skills_named, warnings_about
from aiemp.claude.rehearsal import environment_changes, rehearsal_text
from aiemp.plan import ClaudeSettings
from tests.fakes.claude import STREAMING, FakeClaude

PROMPT = "Load skills: @.claude/skills/mine/SKILL.md @.claude/skills/none/SKILL.md and @.claude/skills/mine/SKILL.md"


def test_skills_in_a_prompt() -> None:
    """Each once, in their order; what only looks like one is none."""
    assert skills_named(PROMPT) == (".claude/skills/mine/SKILL.md", ".claude/skills/none/SKILL.md")
    assert skills_named("mail me@.claude/skills or @skills/SKILL.md") == ()


def test_what_is_missing_is_a_warning(vault: Path) -> None:
    """Claude works without a skill, or with a broken .mcp.json, but not as it is meant."""
    (vault / ".claude/skills/mine").mkdir(parents=True)
    (vault / ".claude/skills/mine/SKILL.md").write_text("x")
    assert warnings_about(PROMPT, vault) == (".claude/skills/none/SKILL.md is not in the vault",)
    (vault / ".mcp.json").write_text("{]")
    _, broken = warnings_about(PROMPT, vault)
    assert broken.startswith(".mcp.json is not JSON (")
    assert warnings_about("@.claude/skills/" + "x" * 5000 + "/SKILL.md", vault)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"mcpServers": {}}', None),
        (b"", ".mcp.json is not JSON ("),
        (b"[]", ".mcp.json holds no object"),
        (b"[" * 100_000, ".mcp.json is nested too deeply"),
        (b'{"a": "\xff"}', ".mcp.json is not UTF-8 text"),
        (b" " * (1024 * 1024 + 1), ".mcp.json is larger than"),
    ],
    ids=["good", "empty", "a list", "deep", "not text", "large"],
)
def test_mcp_json(vault: Path, data: bytes, problem: str | None) -> None:
    """What Claude Code could not use is named."""
    (vault / ".mcp.json").write_bytes(data)
    found = mcp_json_problem(vault)
    assert found == problem or (problem is not None and found is not None and found.startswith(problem))


def test_mcp_json_that_cannot_be_read(vault: Path) -> None:
    """A FIFO or a dangling link does not stop the run; without the file all is well."""
    assert mcp_json_problem(vault) is None
    os.mkfifo(vault / ".mcp.json")
    assert mcp_json_problem(vault) == ".mcp.json is no regular file"
    (vault / ".mcp.json").unlink()
    (vault / ".mcp.json").symlink_to("nowhere")
    assert str(mcp_json_problem(vault)).startswith(".mcp.json cannot be read")


def test_the_version(tmp_path: Path) -> None:
    """It is asked once for each state of the program; one that says nothing of the kind has none."""
    fake = FakeClaude(tmp_path / "bin", ("say", "2.1.197 (Claude Code)\n"))
    environ = {"PATH": "/usr/bin:/bin", "CLAUDECODE": "1"}
    assert [claude_version(fake.path, environ) for _ in range(3)] == ["2.1.197"] * 3
    assert [call["argv"] for call in fake.calls] == [["--version"]]
    assert "CLAUDECODE" not in fake.calls[0]["env"]
    fake.does(("say", "hello"))
    os.utime(fake.path, (1, 1))
    assert claude_version(fake.path, environ) is None
    fake.does(("say", "2.1.197"), ("end", 1))
    os.utime(fake.path, (2, 2))
    assert claude_version(fake.path, environ) is None
    assert claude_version(tmp_path / "none", environ) is None


def test_a_rehearsal(vault: Path, tmp_path: Path) -> None:
    """Command, prompt, folder, environment, limits and warnings, as a real run would have them."""
    fake = FakeClaude(tmp_path / "bin")
    (vault / ".env").write_text("GMAIL_TOKEN=from-vault\n")
    environ = {**fake.environ, "NOTIFY_SOCKET": "/run/x", "DRY_RUN": "1"}
    settings = ClaudeSettings(args=("--model", "opus"))
    lines = rehearsal_text(
        "Two\nlines @.claude/skills/none/SKILL.md", vault, 15, settings, environ
    ).splitlines()
    assert lines[0] == "Dry run, nothing was run. This would be run:"
    assert lines[1] == f"  command      {fake.path} --model opus {' '.join(STREAMING)} --print 'Two"
    assert lines[3:6] == [
        "  prompt       Two",
        "               lines @.claude/skills/none/SKILL.md",
        f"  in           {vault}",
    ]
    environment = "as it is here, but DRY_RUN=false; from .env: GMAIL_TOKEN; removed: NOTIFY_SOCKET"
    environment += "; marked by: AIEMP_RUN"
    assert lines[6:] == [
        f"  environment  {environment}",
        "  limits       15 min in all, 5 min without output",
        "  warnings     .claude/skills/none/SKILL.md is not in the vault",
    ]
    assert fake.calls == []


def test_silence_is_not_promised_where_it_cannot_be_told(vault: Path) -> None:
    """With a plain output format only the whole time is limited."""
    settings = ClaudeSettings(args=("--output-format", "json"))
    text = rehearsal_text("x", vault, 15, settings, {"PATH": "/nowhere"})
    assert "limits       15 min in all\n" in text
    assert "--output-format json --print x" in text
    assert "note         it would be blocked: Claude Code is not installed" in text


def test_values_of_secrets_are_never_shown(vault: Path) -> None:
    """A key in claude.args, or in a prompt, is shown by its name; a path is no secret."""
    (vault / ".env").write_text("MAIL_PASSWORD=hunter2hunter2\n")
    environ = {"PATH": "/nowhere", "LINKEDIN_TOKEN": "tok-12345678", "KEY_PATH": str(vault), "API_KEY": "x"}
    settings = ClaudeSettings(args=("--settings", '{"token": "tok-12345678"}'))
    text = rehearsal_text("Log in with hunter2hunter2", vault, 15, settings, environ)
    assert "tok-12345678" not in text
    assert "hunter2" not in text
    assert "[LINKEDIN_TOKEN]" in text
    assert "Log in with [MAIL_PASSWORD]" in text
    assert f"in           {vault}" in text


def test_changes_of_the_environment() -> None:
    """What is new, removed and changed is told by names alone, in their order, but for DRY_RUN."""
    before = {"A": "1", "B": "2", "C": "3"}
    after = {"B": "2", "C": "4", "Y": "5", "X": "6", "DRY_RUN": "false"}
    assert environment_changes(before, after) == (
        "as it is here, but DRY_RUN=false; from .env: X, Y; removed: A; changed: C"
    )
