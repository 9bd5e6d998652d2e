"""Names that a person types: found, suggested, completed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from aiemp.cli import cli
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import find_task, find_watcher, suggestion
from aiemp.errors import UsageError
from aiemp.plan import SCHEDULE_REGISTRY, Plan, Watcher

PLAN = Plan(Path("/v"), SCHEDULE_REGISTRY, (Watcher("gmail"),))


def test_known_names_are_found() -> None:
    """A task and a watcher are found by their names."""
    assert find_task(PLAN, "done_archive").name == "done_archive"
    assert find_watcher(PLAN, "gmail").name == "gmail"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("done_archiv", "did you mean 'done_archive'"),
        ("Morning-Triage", "did you mean 'morning_triage'"),
        ("gmail", "there is a watcher of that name"),
        ("qqq", "there are: morning_triage, linkedin_post"),
    ],
)
def test_an_unknown_task_is_a_mistake(name: str, said: str) -> None:
    """The message has what was probably meant, or what there is."""
    with pytest.raises(UsageError, match=said):
        find_task(PLAN, name)


def test_an_unknown_watcher_is_a_mistake() -> None:
    """It is refused with the name that was probably meant, or that it is the name of a task."""
    with pytest.raises(UsageError, match="did you mean 'gmail'"):
        find_watcher(PLAN, "gmial")
    with pytest.raises(UsageError, match="there is a task of that name"):
        find_watcher(PLAN, "done_archive")
    assert suggestion("x", []) == "; there are none"


def completions(arguments: list[str], incomplete: str) -> list[str]:
    complete = ShellComplete(cli, {"obj": Invocation()}, "aiemp", "_AIEMP_COMPLETE")
    return [item.value for item in complete.get_completions(arguments, incomplete)]


def test_completion_knows_commands_tasks_and_watchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell completes commands, and the plan's names where a name is wanted."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    vault = ["--vault", str(tmp_path)]
    assert completions([], "st") == ["status"]
    assert completions([*vault, "trigger"], "mor") == ["morning_triage"]
    assert completions([*vault, "watch"], "") == ["filesystem", "approval"]
    assert completions([*vault, "logs"], "a") == ["approval"]
    assert completions(["config"], "v") == ["validate"]


def test_completion_is_silent_about_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration with mistakes completes nothing and says nothing."""
    config = tmp_path / "bad.toml"
    config.write_text("[[[")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert completions(["--config", str(config), "trigger"], "") == []
