"""enable, disable, config show: what the configuration says, and how it is changed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Aiemp


def test_a_task_is_switched_in_the_configuration(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """The file is changed where it stands, comments survive, and the task is no longer due."""
    config = write_config("# mine\n[tasks.done_archive]\npriority = 1 # early\n")
    out = aiemp("disable", "done_archive")
    assert out.returncode == 0
    assert str(config) in out.stdout
    text = config.read_text()
    assert "# mine" in text
    assert "priority = 1 # early" in text
    assert tomllib.loads(text)["tasks"]["done_archive"] == {"priority": 1, "enabled": False}
    assert "done_archive" not in json.loads(aiemp("check", "--json").stdout)["due"]
    assert "already" in aiemp("disable", "done_archive").stdout
    assert "enabled now" in aiemp("enable", "done_archive").stdout
    assert "done_archive" in json.loads(aiemp("check", "--json").stdout)["due"]


def test_a_missing_configuration_is_made(aiemp: Aiemp, home: Path) -> None:
    """Whoever has no aiemp.toml gets one that holds just the switch."""
    answer = json.loads(aiemp("enable", "weekly_audit_prep", "--json", check=True).stdout)
    config = home / ".config" / "aiemp" / "aiemp.toml"
    assert answer == {
        "kind": "task",
        "name": "weekly_audit_prep",
        "enabled": True,
        "changed": True,
        "config_file": str(config),
        "units": {"scope": None, "written": [], "removed": [], "problem": ""},
    }
    assert tomllib.loads(config.read_text()) == {"tasks": {"weekly_audit_prep": {"enabled": True}}}


def test_a_watcher_is_switched_too(aiemp: Aiemp) -> None:
    """A disabled watcher is not started, and says where it was switched off."""
    assert json.loads(aiemp("disable", "filesystem", "--json", check=True).stdout)["kind"] == "watcher"
    out = aiemp("watch", "filesystem")
    assert (out.returncode, out.stdout) == (0, "")
    assert "disabled in aiemp.toml" in out.stderr


def test_a_name_of_both_is_not_guessed(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """Where a task and a watcher have one name, neither is changed behind the other's back."""
    text = '[tasks.x]\ncommand = ["true"]\nfrequency = "hourly"\n[watchers.x]\ncommand = ["cat"]\n'
    config = write_config(text)
    out = aiemp("disable", "x")
    assert out.returncode == 2
    assert "is a task and a watcher" in out.stderr
    assert config.read_text() == text


def test_config_show_leaves_secrets_out(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """The plan is shown whole, but for the values of environment variables and the secrets in addresses."""
    write_config(
        'timezone = "Europe/Berlin"\n'
        '[watchers.feed]\ncommand = ["cat"]\nenv = { TOKEN = "hunter2" }\n'
        '[mcp.remote]\nurl = "https://user:hunter2@example.com/mcp?key=hunter2"\n'
    )
    for arguments in (("config", "show"), ("config", "show", "--json")):
        out = aiemp(*arguments, check=True)
        assert "hunter2" not in out.stdout + out.stderr
        for said in ("Europe/Berlin", "feed", "https://example.com/mcp", "morning_triage"):
            assert said in out.stdout


def test_every_source_of_dry_run_is_named(aiemp: Aiemp, vault: Path) -> None:
    """Status and plan say whether this is a dry run, and who decided it."""
    assert "live (decided by: default)" in aiemp("status").stdout
    assert "dry run (decided by: DRY_RUN in the environment)" in aiemp("status", DRY_RUN="true").stdout
    (vault / ".env").write_text("DRY_RUN=true\n")
    assert "dry run (decided by: DRY_RUN in the vault's .env)" in aiemp("config", "show").stdout
