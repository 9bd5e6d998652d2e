"""The real Claude Code, asked by aiemp, before an API that answers well, badly, slowly, or never."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.claude.command_line import is_refused_option
from aiemp.claude.preflight import claude_version
from aiemp.clock import utc_now
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from tests.claude.messages_api import RESET_AFTER_S, WRITTEN_FILE
from tests.claude.real_claude import PACKAGE, RealClaude

MAY_WRITE = ClaudeSettings(args=("--permission-mode", "acceptEdits"))
PLAIN = ClaudeSettings(args=("--output-format", "text"))
SLACK = timedelta(minutes=2)


def test_an_answer(claude: RealClaude) -> None:
    """Answer, cost, turns and session are learnt from the real events; the log has them for both readers."""
    result = claude.ask("answer")
    assert (result["success"], result["output"], result["error"]) == (True, "All done.", None)
    assert isinstance(result["cost_usd"], float) and result["cost_usd"] > 0
    assert result["turns"] == 1
    assert len(str(result["session_id"])) == 36
    assert claude.shown[-2] == "All done."
    assert "Ended well" in claude.log.read_text().splitlines()[-1]
    kinds = [json.loads(line)["type"] for line in claude.log.with_suffix(".jsonl").read_text().splitlines()]
    assert (kinds[0], kinds[-1]) == ("system", "result")
    assert "stream_event" not in kinds, "the parts of a message that follows whole"


def test_the_plain_form(claude: RealClaude) -> None:
    """With an output format of the user's own everything but cost and turns is the same."""
    result = claude.ask("answer", settings=PLAIN)
    assert (result["success"], result["output"], result["cost_usd"]) == (True, "All done.", None)


def test_an_option_that_it_does_not_know(claude: RealClaude) -> None:
    """It says so as we expect of an older one about the options that are newer."""
    argv = [str(claude.folder / "claude"), "--output-formats", "x", "--print", "hi"]
    done = subprocess.run(argv, env=claude.environ("answer"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert is_refused_option(done.stderr)


def test_a_tool_use(claude: RealClaude) -> None:
    """A file that Claude writes is in the vault, and the owner reads what it does, not JSON."""
    result = claude.ask("tool", f"[[{claude.vault}]] Write a file.", settings=MAY_WRITE)
    assert (result["success"], result["turns"]) == (True, 2)
    assert (claude.vault / WRITTEN_FILE).read_text() == "Written by Claude.\n"
    assert f"Writing {WRITTEN_FILE}" in claude.shown


def test_too_many_turns(claude: RealClaude) -> None:
    """It is a failure that names the limit."""
    settings = ClaudeSettings(args=(*MAY_WRITE.args, "--max-turns", "2"))
    result = claude.ask("turns", f"[[{claude.vault}]] Write a file.", settings=settings)
    assert result["success"] is False
    assert "Claude Code gave up: it reached its number of turns" in str(result["error"])


def test_a_slow_answer_is_no_silence(claude: RealClaude) -> None:
    """One message that takes longer than silent_minutes shows its parts meanwhile."""
    result = claude.ask("slow", settings=ClaudeSettings(silent_minutes=4 / 60))
    assert result["success"] is True, result["error"]
    assert float(str(result["duration_seconds"])) > 5


def test_an_api_that_falls_silent(claude: RealClaude) -> None:
    """A connection that is open and says nothing is ended after silent_minutes, with that reason."""
    result = claude.ask("hangs", settings=ClaudeSettings(silent_minutes=3 / 60))
    assert (result["success"], result["timed_out"]) == (False, False)
    assert "Claude Code printed nothing for 0.05 min and was ended" in str(result["error"])


def test_a_stream_without_end(claude: RealClaude) -> None:
    """It is ended at the time limit; what was said until then is in the log."""
    result = claude.ask("endless", timeout_minutes=3 / 60)
    assert (result["success"], result["timed_out"]) == (False, True)
    assert "In the middle of: " in claude.log.read_text()


def test_an_empty_answer(claude: RealClaude) -> None:
    """Exit 0 with nothing said is a failure, in either form."""
    for settings in (ClaudeSettings(), PLAIN):
        result = claude.ask("empty", settings=settings)
        assert (result["success"], result["exit_code"]) == (False, 0)
        assert "printed no answer" in str(result["error"])


def test_a_key_that_is_refused(claude: RealClaude) -> None:
    """401 blocks, in either form, for a quarter of an hour."""
    for settings in (ClaudeSettings(), PLAIN):
        with pytest.raises(Blocked, match=r"API key.*log in once") as caught:
            claude.ask("401", settings=settings)
        assert caught.value.until is not None
        assert abs(caught.value.until - utc_now() - timedelta(minutes=15)) < SLACK


def test_a_usage_limit(claude: RealClaude) -> None:
    """A subscriber's limit blocks until it is lifted: from the event, or from the words alone."""
    zone = ZoneInfo("America/New_York")
    for settings in (ClaudeSettings(), PLAIN):
        environ = {**claude.subscriber_environ("429"), "TZ": "America/New_York"}
        with pytest.raises(Blocked, match=r"hit your session limit · resets \d.*tried again") as caught:
            claude.ask("429", environ=environ, settings=settings, zone=zone)
        assert caught.value.until is not None
        assert abs(caught.value.until - utc_now() - timedelta(seconds=RESET_AFTER_S)) < SLACK


def test_a_rate_limit_of_an_api_key(claude: RealClaude) -> None:
    """It blocks as well, though Claude Code does not tell until when."""
    with pytest.raises(Blocked, match=r"Request rejected \(429\)") as caught:
        claude.ask("429")
    assert caught.value.until is not None
    assert caught.value.until < utc_now() + timedelta(minutes=16)


def test_an_overloaded_api(claude: RealClaude) -> None:
    """529 is the API's own trouble: a failure, which is retried as any other."""
    result = claude.ask("529")
    assert result["success"] is False
    assert "529" in str(result["error"])


def test_its_version(claude: RealClaude) -> None:
    """It tells the version that was installed."""
    version = claude_version(claude.folder / "claude", claude.environ("answer"))
    assert f'"{version}"' in PACKAGE.read_text(encoding="utf-8")


def test_a_task_from_beginning_to_end(
    claude: RealClaude, vault: Path, write_config: Callable[[str], Path], home: Path
) -> None:
    """`aiemp trigger` of an own prompt: what the run cost, and where its log is, is in the history."""
    write_config('[tasks.ask]\nfrequency = "hourly"\nprompt = "Read @.claude/skills/none/SKILL.md"\n')
    environ = {**claude.environ("answer"), "HOME": str(home), "TZ": "UTC"}

    def aiemp(*arguments: str) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "aiemp", "--vault", str(vault), *arguments, "--json"],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    assert aiemp("trigger", "ask")["result"] == "succeeded"
    (file,) = (vault / "Logs" / "aiemp" / "runs").glob("*.jsonl")
    details = json.loads(file.read_text())["details"]
    assert details["turns"] == 1
    assert details["cost_usd"] > 0
    assert details["claude_s"] > 0
    assert details["warnings"] == ".claude/skills/none/SKILL.md is not in the vault"
    assert "All done." in (vault / details["claude_log"]).read_text()
    assert details["claude_log"].startswith("Logs/claude/20")
