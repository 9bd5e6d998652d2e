"""Finding the watchers an existing vault brings along."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from aiemp.plan import DryRunPolicy, Origin
from aiemp.watchers.discovery import discover, python_of, with_interval

FALLBACK = "/usr/bin/python3"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "my vault" / "scripts" / "watchers"
    folder.mkdir(parents=True)
    return folder


def vault_of(scripts: Path) -> Path:
    return scripts.parent.parent


def names(scripts: Path) -> list[str]:
    return [watcher.name for watcher in discover(vault_of(scripts), FALLBACK)]


def test_a_script_is_started_as_its_author_meant(scripts: Path) -> None:
    """python -m scripts.watchers.NAME_watcher --vault V --interval N, in the vault, stopped by SIGINT."""
    (scripts / "gmail_watcher.py").touch()
    vault = vault_of(scripts)
    [gmail] = discover(vault, FALLBACK)
    module = "scripts.watchers.gmail_watcher"
    assert gmail.command == (FALLBACK, "-m", module, "--vault", str(vault), "--interval", "120")
    assert gmail.cwd == vault
    assert gmail.origin is Origin.DISCOVERED
    assert gmail.stop_signal == "SIGINT"
    assert gmail.requires_env == ("GMAIL_CREDENTIALS_PATH",)


@pytest.mark.parametrize(
    ("name", "interval_s", "required", "dry_run"),
    [
        ("gmail", 120, ("GMAIL_CREDENTIALS_PATH",), DryRunPolicy.SKIP),
        ("whatsapp", 60, ("WHATSAPP_SESSION_PATH",), DryRunPolicy.ENVIRONMENT),
        ("filesystem", 30, (), DryRunPolicy.ENVIRONMENT),
        ("approval", 30, (), DryRunPolicy.SKIP),
        ("finance", 60, (), DryRunPolicy.ENVIRONMENT),
    ],
)
def test_defaults_follow_from_the_name(
    scripts: Path, name: str, interval_s: int, required: tuple[str, ...], dry_run: DryRunPolicy
) -> None:
    """Intervals, required variables and dry runs are those of the known watchers (vault-facts)."""
    (scripts / f"{name}_watcher.py").touch()
    [watcher] = discover(vault_of(scripts), FALLBACK)
    assert (watcher.interval_s, watcher.requires_env, watcher.dry_run) == (interval_s, required, dry_run)
    assert watcher.command[-1] == str(interval_s)


def test_the_vaults_own_python_runs_its_watchers(scripts: Path) -> None:
    """The link in .venv/bin is used as it is: resolved, it would lose the environment."""
    vault = vault_of(scripts)
    assert python_of(vault, FALLBACK) == FALLBACK
    bin_folder = vault / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to("/bin/sh")
    assert python_of(vault, FALLBACK) == str(bin_folder / "python")
    (bin_folder / "python").unlink()
    (bin_folder / "python").write_text("no program")
    assert python_of(vault, FALLBACK) == FALLBACK


def test_only_watchers_with_a_proper_name_are_taken(scripts: Path) -> None:
    """Spaces, quotes, percent signs, umlauts, a leading dash or no name at all: none of them is a watcher."""
    for name in ("good", "Also-good_2", "b ad", "b'ad", "b%ad", "bäd", "-bad", "", "b.ad", "n" * 65, "b\nad"):
        (scripts / f"{name}_watcher.py").touch()
    assert names(scripts) == ["Also-good_2", "good"]


def test_the_base_class_is_no_watcher(scripts: Path) -> None:
    """base_watcher.py would end at once, be restarted, and raise an alert."""
    for name in ("base", "abstract", "gmail"):
        (scripts / f"{name}_watcher.py").touch()
    (scripts / "helper.py").touch()
    assert names(scripts) == ["gmail"]


def test_links_out_of_the_vault_are_left_out_and_said(
    scripts: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A link to a file inside is a watcher; one that leads out, dangles, or goes in circles is not."""
    (tmp_path / "evil.py").touch()
    (scripts.parent / "shared.py").touch()
    (scripts / "inside_watcher.py").symlink_to("../shared.py")
    (scripts / "outside_watcher.py").symlink_to(tmp_path / "evil.py")
    (scripts / "gone_watcher.py").symlink_to("nowhere.py")
    (scripts / "circle_watcher.py").symlink_to("circle_watcher.py")
    (scripts / "folder_watcher.py").mkdir()
    os.mkfifo(scripts / "pipe_watcher.py")
    with caplog.at_level(logging.WARNING):
        assert names(scripts) == ["inside"]
    assert "outside_watcher.py is left out: it leads out of the vault" in caplog.text


def test_a_scripts_folder_that_lies_elsewhere_is_left_out(tmp_path: Path) -> None:
    """A vault whose scripts/ is a link out of it has no watchers of its own."""
    elsewhere = tmp_path / "code" / "watchers"
    elsewhere.mkdir(parents=True)
    (elsewhere / "gmail_watcher.py").touch()
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "scripts").symlink_to(tmp_path / "code")
    assert discover(vault, FALLBACK) == []


def test_a_vault_without_scripts_or_without_a_folder_has_none(tmp_path: Path) -> None:
    """No error where nothing is."""
    assert discover(tmp_path, FALLBACK) == []
    assert discover(tmp_path / "gone", FALLBACK) == []


def test_another_interval_is_told_to_the_program(scripts: Path) -> None:
    """with_interval changes the fact and the argument."""
    (scripts / "gmail_watcher.py").touch()
    [gmail] = discover(vault_of(scripts), FALLBACK)
    slower = with_interval(gmail, 600)
    assert slower.interval_s == 600
    assert slower.command == (*gmail.command[:-1], "600")
