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
from aiemp.plan import Plan

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
    problems = [problem.what for problem in observe(Plan(vault), NOW, os.environ).problems()]
    assert any(words in what for what in problems)


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
