"""Who may read and write what aiemp makes, whatever the umask."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aiemp.systemd.unit_folder import write_units
from aiemp.systemd.units import UnitFile
from tests.security.conftest import Everything

SOMEBODY = 23456
PRIVATE = (".state", "Logs/aiemp", "Logs/claude")


@pytest.mark.parametrize("umask", ["000", "077"])
def test_what_aiemp_keeps_is_private_and_nothing_can_be_written_by_others(
    vault: Path, everything: Everything, umask: str
) -> None:
    """State and logs: 0700 and 0600, exactly. Everything else that is made: not to be written by others."""
    for folder in ("Done", "Logs", "Drop"):
        shutil.rmtree(vault / folder)
    (vault / "Drop").mkdir(mode=0o755)
    (vault / "Drop" / "report.txt").write_text("text")
    before = set(vault.rglob("*"))
    everything(TEST_UMASK=umask)
    made = [path for path in vault.rglob("*") if path not in before]
    private = [path for path in made if any(path.is_relative_to(vault / name) for name in PRIVATE)]
    assert {vault / name for name in PRIVATE} <= set(private)
    assert vault / ".state/orchestrator_state.json" in private
    assert any(path.suffix == ".jsonl" for path in private)
    for path in private:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    for path in made:
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path


@pytest.mark.parametrize(
    ("made", "command"),
    [
        (".config/aiemp", ["init", "deep/vault", "--yes"]),
        ("deep/vault", ["init", "deep/vault", "--yes"]),
        ("deep/units", ["render", "--output", "deep/units"]),
    ],
)
def test_folders_that_are_made_on_the_way_cannot_be_written_by_others(
    tmp_path: Path, made: str, command: list[str]
) -> None:
    """What lies above the folder that was asked for is made, too; who can write there can swap what lies in it."""
    home = tmp_path / "home"
    home.mkdir()
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    vault = [] if command[0] == "init" else ["--vault", str(home)]
    done = subprocess.run(
        [sys.executable, "-m", "aiemp", *vault, *command],
        cwd=home,
        env=environ,
        umask=0,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (home / made).is_dir()
    for path in home.rglob("*"):
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path


def test_the_folder_for_units_cannot_be_written_by_others(tmp_path: Path) -> None:
    """A user's first units are written into folders that are not there yet, also without a umask."""
    folder = tmp_path / ".config/systemd/user"
    before = os.umask(0)
    try:
        write_units(folder, [UnitFile("aiemp.target", "[Unit]\n")])
    finally:
        os.umask(before)
    for path in (folder, *folder.parents[:2]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o755, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_leaves_in_a_users_vault_belongs_to_that_user(vault: Path, everything: Everything) -> None:
    """``sudo aiemp trigger`` must not take logs, state or the dashboard away from who runs everything."""
    for path in (vault, *vault.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    everything()
    ours = [path for name in PRIVATE for path in (vault / name, *(vault / name).rglob("*"))]
    assert any(path.name == "task-shout.log" for path in ours)
    ours += [
        vault / "Dashboard.md",
        *(vault / "Needs_Action").rglob("ALERT_*"),
        vault / "Needs_Action/alerts",
    ]
    assert {path: path.stat().st_uid for path in ours if path.stat().st_uid != SOMEBODY} == {}
