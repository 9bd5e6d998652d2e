"""What `aiemp status` sees of the vault's disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from aiemp.cli.observation import observe
from aiemp.cli.screen import PAPER
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.run_history import History

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"f_flag": 0, "f_blocks": 100, "f_bavail": 0}, "is full, so nothing runs"),
        ({"f_flag": os.ST_RDONLY, "f_blocks": 100, "f_bavail": 9}, "mounted read-only"),
    ],
    ids=["full", "read-only"],
)
def test_disk_that_lets_nothing_run_is_told(
    vault: Path, monkeypatch: pytest.MonkeyPatch, facts: dict[str, int], words: str
) -> None:
    """A full or read-only disk is among what needs the owner, with what to do."""
    answer: Callable[[object], object] = lambda _path: SimpleNamespace(**facts)  # noqa: E731
    monkeypatch.setattr(os, "statvfs", answer)
    problems = {problem.what: problem.remedy for problem in observe(Plan(vault), NOW, os.environ).problems()}
    (remedy,) = (remedy for what, remedy in problems.items() if words in what)
    assert remedy.startswith("sudo mount -o remount,rw " if facts.get("f_bavail") else "free some")


def test_disk_with_room_is_no_problem(vault: Path) -> None:
    """An ordinary disk is not mentioned."""
    problems = [problem.what for problem in observe(Plan(vault), NOW, os.environ).problems()]
    assert not any("disk" in what for what in problems)


def test_a_folder_of_units_that_cannot_be_read(
    vault: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where systemd runs, the status says that it does not know the units, and the way out."""
    monkeypatch.setattr("aiemp.systemd.installed.is_booted", lambda: True)
    monkeypatch.setattr("aiemp.systemd.installed.unreadable_folder", lambda _environ: Path("/my units"))
    (trouble,) = [each for each in observe(Plan(vault), NOW, environ).problems() if "/my units" in each.what]
    assert trouble.remedy == "run: chmod u+rwx '/my units'"


def test_a_vault_that_is_not_there_is_the_one_thing_that_is_told(tmp_path: Path) -> None:
    """What it holds is not known: neither "never ran" nor "not running" is said of it, nor anything to start."""
    seen = observe(Plan(tmp_path / "gone"), NOW, {"HOME": str(tmp_path), "PATH": "/usr/bin"})
    (problem,) = seen.problems()
    assert "does not exist" in problem.what
    assert seen.exit_code == 3
    shown = seen.as_text(PAPER)
    assert not any(words in shown for words in ("never ran", "not running", "due now", "Claude Code is not"))


def test_a_vault_that_belongs_to_somebody_else_is_told_once(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole folder, with the command that doctor has; not the history of runs in it once more."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    told = [(each.what, each.remedy) for each in observe(Plan(vault), NOW, os.environ).problems()]
    (remedy,) = (remedy for what, remedy in told if what == f"you cannot write {vault}, so nothing runs")
    assert remedy.startswith("sudo chown -R ")
    assert not any("the history of runs" in what for what, _ in told)


def test_a_folder_that_may_not_be_looked_into_ends_no_look(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Path.is_dir raises there; the look goes on and says what is wrong."""
    is_dir = Path.is_dir

    def closed(path: Path) -> bool:
        if path.name == "runs":
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", closed)
    assert History(Places(vault).runs).obstacle(NOW) is None
