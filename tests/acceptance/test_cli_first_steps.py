"""From nothing to a vault that runs: what a new user does, and one who has a vault already."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def call(environ: dict[str, str], tmp_path: Path) -> Call:
    """Runs ``aiemp`` as somebody who has named nothing, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()

    def run(*arguments: str, cwd: Path = folder, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aiemp", *arguments],
            env={**environ, **env},
            cwd=cwd,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def config(home: Path) -> Path:
    """Where the configuration belongs."""
    return home / ".config" / "aiemp" / "aiemp.toml"


def test_init_makes_all_that_is_needed(call: Call, config: Path, tmp_path: Path) -> None:
    """After ``aiemp init`` every other command works, without naming the vault again."""
    out = call("init")
    assert out.returncode == 0, out.stderr
    vault = tmp_path / "here" / "vault"
    assert (vault / "Dashboard.md").is_file()
    assert f'vault = "{vault}"' in config.read_text()
    assert config.stat().st_mode & 0o077 == 0
    assert out.stdout.rstrip().endswith("Next: aiemp run")
    assert (
        "files and folders, among them Dashboard.md, Business_Goals.md, Company_Handbook.md\n" in out.stdout
    )
    assert all(len(line) <= 120 for line in out.stdout.splitlines() if str(tmp_path) not in line)
    elsewhere = tmp_path
    assert call("config", "validate", cwd=elsewhere).returncode == 0
    assert json.loads(call("list", "--json", cwd=elsewhere).stdout)["vault"] == str(vault)


def test_init_again_changes_nothing(call: Call, config: Path, tmp_path: Path) -> None:
    """A second init keeps every file, also those that were edited meanwhile."""
    call("init", "mine")
    vault = tmp_path / "here" / "mine"
    (vault / "Business_Goals.md").write_text("my goals")
    config.write_text(config.read_text() + "\n# my comment\n")
    before = {path: path.read_bytes() for path in [*vault.rglob("*"), config] if path.is_file()}
    again = json.loads(call("init", "--json").stdout)
    assert (again["vault"], again["created"], again["config_created"]) == (str(vault), [], False)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("configured", [False, True])
def test_init_takes_the_vault_it_stands_in(call: Call, tmp_path: Path, configured: bool) -> None:
    """Inside a vault, and without a word, that vault is meant, even when another one is configured."""
    if configured:
        call("init", "other")
    vault = tmp_path / "my vault"
    (vault / "Needs_Action").mkdir(parents=True)
    assert json.loads(call("init", "--json", cwd=vault).stdout)["vault"] == str(vault)
    assert not (vault / "vault").exists()


def test_init_of_an_existing_vault_loses_nothing(call: Call, tmp_path: Path) -> None:
    """Its own watchers are adopted and its last runs known; what it has stays as it is."""
    vault = tmp_path / "old"
    (vault / "scripts" / "watchers").mkdir(parents=True)
    (vault / "scripts" / "watchers" / "gmail_watcher.py").write_text("print('hello')")
    (vault / "Dashboard.md").write_text("# Mine\n")
    (vault / ".state").mkdir()
    state = vault / ".state" / "orchestrator_state.json"
    state.write_text('{"tick_count": 7, "schedule_last_run": {"done_archive": "2026-01-02T03:04:05"}}')
    out = json.loads(call("init", str(vault), "--json").stdout)
    assert out["watchers"] == ["gmail"]
    assert out["imported_last_runs"] == ["done_archive"]
    assert str(vault / "Dashboard.md") in out["kept"]
    assert (vault / "Dashboard.md").read_text() == "# Mine\n"
    assert json.loads(state.read_text())["tick_count"] == 7
    tasks = {task["name"]: task for task in json.loads(call("list", "--json").stdout)["tasks"]}
    assert tasks["done_archive"]["last_run"] == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize(("text", "said"), [('vault = "/other"\n', "names /other"), ("", "names no vault")])
def test_init_keeps_a_configuration_for_another_vault(call: Call, config: Path, text: str, said: str) -> None:
    """The vault is made, the configuration stays as it is, and what to write into it is said."""
    config.parent.mkdir(parents=True)
    config.write_text(text)
    out = call("init", "second")
    assert out.returncode == 0
    assert config.read_text() == text
    assert said in out.stdout
    assert 'write: vault = "' in out.stdout


def test_init_refuses_a_broken_configuration(call: Call, config: Path, tmp_path: Path) -> None:
    """Mistakes are told before anything is made."""
    config.parent.mkdir(parents=True)
    config.write_text("frequencies = 1\n")
    out = call("init", "new")
    assert out.returncode == 2
    assert "aiemp.toml:1" in out.stderr
    assert not (tmp_path / "here" / "new").exists()


def test_init_with_a_configuration_elsewhere(call: Call, config: Path, tmp_path: Path) -> None:
    """--config says where the new configuration goes; the default place stays empty."""
    there = tmp_path / "etc" / "a" / "b" / "mine.toml"
    out = call("--config", str(there), "init", "v")
    assert out.returncode == 0, out.stderr
    assert there.is_file()
    assert not config.exists()
    assert call("--config", str(there), "list").returncode == 0


@pytest.mark.parametrize("target", ["file", "file/below"])
def test_init_onto_a_file_is_refused(call: Call, tmp_path: Path, target: str) -> None:
    """A vault that cannot be made is an error with its reason, and no configuration is written for it."""
    (tmp_path / "here" / "file").write_text("x")
    out = call("init", target)
    assert out.returncode == 2
    assert "file" in out.stderr
    assert not (tmp_path / "home" / ".config").exists()


def test_naming_the_vault_twice_is_refused(call: Call) -> None:
    """DIR and --vault together are a mistake, whichever would win."""
    out = call("--vault", "a", "init", "b")
    assert (out.returncode, out.stdout) == (2, "")


def test_without_a_vault_it_says_what_to_do(call: Call) -> None:
    """A new user who forgot ``init`` is told the four ways to name a vault."""
    for command in ("list", "check", "status", "history", "logs", "run"):
        out = call(command)
        assert out.returncode == 2, command
        assert out.stdout == ""
        for way in ("--vault", "VAULT_PATH", "aiemp.toml", "aiemp init"):
            assert way in out.stderr


def test_a_vault_that_is_gone_says_what_to_do(call: Call, tmp_path: Path) -> None:
    """Nothing is made in its place, and the message has the remedy."""
    gone = tmp_path / "gone"
    for arguments in (("run",), ("trigger", "done_archive"), ("watch", "filesystem")):
        out = call(*arguments, VAULT_PATH=str(gone))
        assert out.returncode == 1, out.stderr
        assert str(gone) in out.stdout + out.stderr
        assert "--vault" in out.stdout + out.stderr
    status = call("status", VAULT_PATH=str(gone))
    assert status.returncode == 3
    assert f"{gone} does not exist" in status.stdout
    assert not gone.exists()


def test_version_and_module_agree(call: Call) -> None:
    """``python -m aiemp`` is ``aiemp``."""
    script = Path(sys.executable).with_name("aiemp")
    version = call("--version").stdout
    assert version.startswith("aiemp ")
    if script.exists():
        assert (
            subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout
            == version
        )
