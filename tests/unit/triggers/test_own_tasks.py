"""The user's own tasks: a prompt, a command, a function."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiemp.claude.pause import Pause, remove_pause, write_pause
from aiemp.errors import Blocked
from aiemp.plan import Frequency, ScheduledTask
from aiemp.triggers import resolve
from aiemp.triggers.own_prompt import full_prompt
from tests.fakes.claude import STREAMING, FakeClaude, wait_until
from tests.fakes.vault import add, context_of, snapshot


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[FakeClaude]:
    fake = FakeClaude(tmp_path / "bin", ("say", "Read the mail.\nSent the report.\n"))
    yield fake
    assert not fake.alive()


def run(vault: Path, dry_run: bool = False, **fields: Any) -> dict[str, object]:
    """Run a task of those fields the way the runner does; ``environ`` and ``config_file`` are the plan's."""
    environ, config_file = fields.pop("environ", None), fields.pop("config_file", None)
    task = ScheduledTask("mine", "", Frequency.DAILY, **fields)
    fields.setdefault("trigger_fn", "")
    context = context_of(vault, "", environ, plan={"config_file": config_file}, task={"name": "x", **fields})
    return resolve(task)(context, dry_run)


# A prompt


def test_a_prompt_task(vault: Path, claude: FakeClaude) -> None:
    """Claude Code gets the prompt; the last line of the answer is what people see."""
    result = run(vault, prompt="Send the report.", skills=("reports", "mail"), environ=claude.environ)
    skills = "@.claude/skills/reports/SKILL.md @.claude/skills/mail/SKILL.md"
    assert claude.calls[0]["argv"] == [*STREAMING, "--print", f"Load skills: {skills} Send the report."]
    assert (result["success"], result["summary"], result["error"]) == (True, "Sent the report.", None)


def test_a_prompt_without_skills_is_itself() -> None:
    """Nothing is put around the user's words."""
    assert full_prompt(ScheduledTask("a", "", Frequency.DAILY, prompt="Do it")) == "Do it"


def test_a_prompt_task_that_fails_or_is_dry(vault: Path, claude: FakeClaude) -> None:
    """A failed run is a failed result; a dry run calls nothing."""
    claude.does(("end", 2))
    assert run(vault, prompt="x", environ=claude.environ)["error"] == (
        "Claude Code ended with exit code 2: no message"
    )
    calls = len(claude.calls)
    result = run(vault, dry_run=True, prompt="x", environ=claude.environ)
    assert result["success"] is True
    assert len(claude.calls) == calls


# A command


def test_a_command_task(vault: Path, claude: FakeClaude) -> None:
    """An argv, run in the vault, with the vault's .env and a plain DRY_RUN; no shell looks at it."""
    (vault / ".env").write_text("TOKEN=abc\n")
    result = run(vault, command=("claude", "$HOME", "a b", "; rm -rf /"), environ=claude.environ)
    call = claude.calls[0]
    assert call["argv"] == ["$HOME", "a b", "; rm -rf /"]
    assert (call["cwd"], call["env"]["TOKEN"], call["env"]["DRY_RUN"]) == (str(vault), "abc", "false")
    assert (result["success"], result["exit_code"], result["summary"]) == (True, 0, "Sent the report.")


def test_a_command_that_fails(vault: Path, claude: FakeClaude) -> None:
    """Exit code and last line are the error; a death by signal is told as one."""
    claude.does(("complain", "first\nno such table\n"), ("end", 4))
    result = run(vault, command=(str(claude.path),))
    assert (result["success"], result["exit_code"]) == (False, 4)
    assert result["error"] == "the command ended with exit code 4: no such table"
    claude.does(("die", 9))
    assert "signal 9" in str(run(vault, command=(str(claude.path),))["error"])


def test_a_command_that_hangs(vault: Path, claude: FakeClaude) -> None:
    """The task's timeout holds, and no descendant is left."""
    claude.does(("helper",), ("sleep",))
    result = run(vault, command=(str(claude.path),), timeout_minutes=0.01)
    assert (result["success"], result["timed_out"]) == (False, True)
    assert "still at work after 0.01 min" in str(result["error"])


def test_a_command_without_output(vault: Path, claude: FakeClaude) -> None:
    """Exit 0 is success, whatever was printed: unlike Claude Code, a command may have nothing to say."""
    claude.does()
    assert run(vault, command=(str(claude.path),))["success"] is True


def test_a_command_that_cannot_be_started(vault: Path, claude: FakeClaude) -> None:
    """Not found, not executable: failures that say so. A program in the vault is none on the PATH."""
    claude.path.rename(vault / "tool")
    for path in (".", "", "/nowhere"):
        result = run(vault, command=("tool",), environ={"PATH": path})
        assert result["success"] is False
        assert "'tool' was not found on PATH" in str(result["error"])
    (vault / "tool").chmod(0o644)
    assert "cannot be started" in str(run(vault, command=("./tool",))["error"])


def test_a_dry_command_is_not_run(vault: Path, claude: FakeClaude) -> None:
    """It is shown as a shell would want it, and that is all."""
    result = run(vault, dry_run=True, command=(str(claude.path), "a b"))
    assert result["success"] is True
    assert f"{claude.path} 'a b'" in str(result["output"])
    assert claude.calls == []


# A function


FUNCTIONS = """
import sys
from pathlib import Path
from aiemp.errors import AiempError, Blocked

def well(vault, dry_run=False):
    return {"success": True, "summary": f"saw {vault.name}, dry {dry_run}", "rows": 3}
def none(vault, dry_run=False): print("not a result")
def bare(vault, dry_run=False): return {"rows": 1}
def true(vault, dry_run=False): return True
def false(vault, dry_run=False): return False
def number(vault, dry_run=False): return 5
def fails(vault, dry_run=False): return {"success": False, "error": "no rows"}
def mute(vault, dry_run=False): return {"success": "yes"}
def raises(vault, dry_run=False): raise ValueError("odd value")
def refuses(vault, dry_run=False): raise AiempError("mend it")
def blocked(vault, dry_run=False): raise Blocked("no network")
def leaves(vault, dry_run=False): sys.exit(3)
def leaves_well(vault, dry_run=False): sys.exit()
def sibling(vault, dry_run=False):
    import beside
    return {"summary": beside.WORD}
constant = 1
"""


@pytest.fixture
def config_file(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "my_tasks.py").write_text(FUNCTIONS)
    (folder / "beside.py").write_text("WORD = 'found'\n")
    yield folder / "aiemp.toml"
    for name in ("my_tasks", "beside", "vault_tasks", "my_broken"):
        sys.modules.pop(name, None)


def test_a_function_beside_the_configuration(vault: Path, config_file: Path) -> None:
    """It is called as the seed calls trigger functions, and may import its neighbours."""
    path = list(sys.path)
    result = run(vault, trigger_fn="my_tasks:well", config_file=config_file)
    assert (result["success"], result["summary"], result["rows"]) == (True, "saw vault, dry False", 3)
    assert run(vault, True, trigger_fn="my_tasks:well", config_file=config_file)["summary"] == (
        "saw vault, dry True"
    )
    assert run(vault, trigger_fn="my_tasks:sibling", config_file=config_file)["summary"] == "found"
    assert sys.path == path


@pytest.mark.parametrize(
    ("name", "success", "error"),
    [
        ("none", True, None),
        ("bare", True, None),
        ("true", True, None),
        ("leaves_well", True, None),
        ("false", False, "returned False"),
        ("number", False, "returned int; a trigger function returns a dict or None"),
        ("fails", False, "no rows"),
        ("mute", False, "did not say why"),
        ("raises", False, "ValueError: odd value"),
        ("refuses", False, "mend it"),
        ("leaves", False, "ended with exit 3"),
        ("constant", False, "has no function 'constant'"),
        ("missing", False, "has no function 'missing'"),
    ],
)
def test_what_a_function_may_return(
    vault: Path, config_file: Path, name: str, success: bool, error: str | None
) -> None:
    """A dict, a bool or nothing; whatever else happens in a stranger's code is a failure with its reason."""
    result = run(vault, trigger_fn=f"my_tasks:{name}", config_file=config_file)
    assert result["success"] is success
    assert result["error"] is None if error is None else error in str(result["error"])


def test_a_function_that_is_blocked(vault: Path, config_file: Path) -> None:
    """A user's function can say that it cannot run now, too."""
    with pytest.raises(Blocked, match="no network"):
        run(vault, trigger_fn="my_tasks:blocked", config_file=config_file)


def test_what_a_function_prints(vault: Path, config_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to our own results, so a function's prints go to standard error."""
    run(vault, trigger_fn="my_tasks:none", config_file=config_file)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "not a result" in captured.err


def test_no_function_from_the_vault(vault: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claude writes into the vault: a module there is not imported, not even as working directory."""
    add(vault, "vault_tasks.py", "def well(vault, dry_run=False): return None\n")
    monkeypatch.chdir(vault)
    for entry in ("", str(vault), str(vault / ".")):
        monkeypatch.syspath_prepend(entry)
    result = run(vault, trigger_fn="vault_tasks:well", config_file=config_file)
    assert result["success"] is False
    assert "there is no module 'vault_tasks'" in str(result["error"])
    result = run(vault, trigger_fn="vault_tasks:well", config_file=vault / "aiemp.toml")
    assert "there is no module 'vault_tasks'" in str(result["error"])


def test_a_module_that_misses_something(vault: Path, config_file: Path) -> None:
    """A module that is there but imports what is not says what is missing, and not that itself is."""
    (config_file.parent / "my_broken.py").write_text("import no_such_library\n")
    result = run(vault, trigger_fn="my_broken:f", config_file=config_file)
    assert "No module named 'no_such_library'" in str(result["error"])


def test_an_installed_module(vault: Path) -> None:
    """Whatever the environment can import works; without a configuration file, too."""
    result = run(vault, trigger_fn="json:dumps")
    assert "TypeError" in str(result["error"])
    assert "there is no module" in str(run(vault, trigger_fn="no.such.module:f")["error"])


def test_functions_can_not_hide_the_standard_library(vault: Path, config_file: Path) -> None:
    """The configuration's folder comes last: a file ``email.py`` there is no trap for other imports."""
    (config_file.parent / "colorsys.py").write_text("raise SystemError('hidden')\n")
    sys.modules.pop("colorsys", None)
    assert "no function 'f'" in str(run(vault, trigger_fn="colorsys:f", config_file=config_file)["error"])


def test_nothing_is_written_by_own_tasks(vault: Path, config_file: Path, claude: FakeClaude) -> None:
    """aiemp itself leaves no trace in the vault for these, however they end, but the log of a Claude run."""
    before = snapshot(vault)
    run(vault, trigger_fn="my_tasks:raises", config_file=config_file)
    run(vault, command=(str(claude.path),))
    run(vault, prompt="x", environ=claude.environ)
    after = snapshot(vault)
    assert {name: seen for name, seen in after.items() if not name.startswith("Logs/claude")} == before
    wait_until(lambda: not claude.alive(), "all of it has ended")


# What a task must leave


DRAFT = "Pending_Approval/**/*.md"
NOTHING_NEW = "it ended well, but no new or changed file matches 'Pending_Approval/**/*.md'"


def test_a_run_must_leave_what_is_expected(vault: Path, claude: FakeClaude) -> None:
    """A new file that matches makes it a success, and is named; exit 0 without one is a failure."""
    add(vault, "Pending_Approval/social/OLD.md")
    failed = run(vault, prompt="x", expect=DRAFT, environ=claude.environ)
    assert (failed["success"], failed["error"], failed["appeared"]) == (False, NOTHING_NEW, "")
    assert failed["output"], "what Claude said is still there"
    claude.does(("write", "Pending_Approval/social/NEW.md", "x"), ("say", "ok"))
    made = run(vault, prompt="x", expect=DRAFT, environ=claude.environ)
    assert (made["success"], made["appeared"]) == (True, "Pending_Approval/social/NEW.md")
    claude.does(("write", "Pending_Approval/social/OLD.md", "changed"), ("say", "ok"))
    assert run(vault, prompt="x", expect=DRAFT, environ=claude.environ)["success"] is True


def test_commands_and_functions_are_judged_too(vault: Path, tmp_path: Path) -> None:
    """Whatever a task does, what it says it leaves is looked for."""
    assert run(vault, command=("true",), expect=DRAFT)["error"] == NOTHING_NEW
    (tmp_path / "expecting_tasks.py").write_text("def leave(vault, dry_run): return True")
    config = tmp_path / "aiemp.toml"
    function = {"trigger_fn": "expecting_tasks:leave", "config_file": config}
    assert run(vault, expect=DRAFT, **function)["error"] == NOTHING_NEW
    done = run(vault, command=("touch", "Pending_Approval/a.md"), expect=DRAFT)
    assert done["success"] is True


@pytest.mark.parametrize(
    "pattern", ["Logs/**/*.log", "**", "logs/aiemp/*", "Logs/*/*", ".state/**/*", ".*/*.json"]
)
def test_what_aiemp_writes_itself_is_not_what_was_expected(
    vault: Path, claude: FakeClaude, pattern: str
) -> None:
    """Its own logs and state change with every run: they are no proof that work was done."""
    claude.does(
        ("write", "Logs/aiemp/task-own.log", "x"),
        ("write", ".state/aiemp/reserve", "x"),
        ("write", ".state/orchestrator_state.json", "{}"),
        ("say", "ok"),
    )
    failed = run(vault, prompt="x", expect=pattern, environ=claude.environ)
    assert (failed["success"], failed["appeared"]) == (False, "")
    if pattern == "Logs/**/*.log":
        claude.does(("write", "Logs/mine.log", "x"), ("say", "ok"))
        assert run(vault, prompt="x", expect=pattern, environ=claude.environ)["appeared"] == "Logs/mine.log"


def test_a_file_that_is_written_again_counts(vault: Path) -> None:
    """Also with the same content: that the work leads to the same is no failure."""
    add(vault, "Pending_Approval/a.md", "same")
    again = run(vault, command=("sh", "-c", "printf same > Pending_Approval/a.md"), expect=DRAFT)
    assert (again["success"], again["appeared"]) == (True, "Pending_Approval/a.md")


def test_a_failed_run_keeps_its_own_error(vault: Path) -> None:
    """Why it failed is told, not that it left nothing."""
    assert "exit code 1" in str(run(vault, command=("false",), expect=DRAFT)["error"])


def test_a_dry_run_is_not_judged(vault: Path, claude: FakeClaude) -> None:
    """It leaves nothing, as it should."""
    assert run(vault, dry_run=True, prompt="x", expect=DRAFT, environ=claude.environ)["success"] is True


def test_a_triage_without_items_is_not_judged(vault: Path, claude: FakeClaude) -> None:
    """It did not ask Claude, so there is nothing to have done; with items it is judged like any other."""
    triage = {"trigger_fn": "trigger_morning_triage", "expect": "Plans/*.md", "environ": claude.environ}
    assert run(vault, **triage)["summary"] == "No pending items"
    add(vault, "Needs_Action/EMAIL_a.md")
    assert run(vault, **triage)["success"] is False


def test_what_its_owner_says_needs_claude_is_held_back_and_counted(vault: Path, tmp_path: Path) -> None:
    """A program or function that calls Claude by itself: paused like our own calls, and its time counts."""
    (tmp_path / "calling_tasks.py").write_text("def call(vault, dry_run): return True")
    function = {"trigger_fn": "calling_tasks:call", "config_file": tmp_path / "aiemp.toml"}
    for fields in ({"command": ("true",)}, function):
        needing = {"requires_claude": True, **fields}
        assert float(str(run(vault, **needing)["claude_s"])) >= 0
        write_pause(vault, Pause())
        with pytest.raises(Blocked, match="paused"):
            run(vault, **needing)
        assert "claude_s" not in run(vault, requires_claude=False, **fields), "others go on"
        assert run(vault, dry_run=True, **needing)["success"] is True
        remove_pause(vault)
