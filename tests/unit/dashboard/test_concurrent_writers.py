"""Others rewrite Dashboard.md in a loop while our updates run: no line of theirs is lost, no row of ours."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.dashboard import HealthRow, add_activity, add_error, set_health, touch, update
from aiemp.dashboard import snapshot as snapshot_module
from aiemp.dashboard import swap as swap_module
from tests.conftest import wait_until

OTHER = Path(__file__).with_name("other_writer.py")
UPDATES = 5
PAUSE_S = 0.004


def race(vault: Path, tmp_path: Path, *hows: str) -> tuple[str, list[int]]:
    """Run our updates against one or more other writers; returns the file and how many lines each added."""
    path = vault / "Dashboard.md"
    path.write_text(path.read_text(encoding="utf-8") + "\n## Theirs\n\n## End\n", encoding="utf-8")
    stop = tmp_path / "stop"
    others = [
        subprocess.Popen(
            [sys.executable, str(OTHER), str(path), how, str(PAUSE_S), str(stop), how],
            stdout=subprocess.PIPE,
            text=True,
        )
        for how in hows
    ]
    for how in hows:
        wait_until(lambda line=f"{how} line 0.": line in path.read_text(encoding="utf-8"), "they write")
    for n in range(UPDATES):
        at = datetime.now(UTC)
        update(
            vault,
            add_activity(at, f"ours {n}", "details", "ok"),
            add_error(at, "gmail", f"error {n}", "none"),
            set_health([HealthRow("gmail_watcher", f"up {n}")], at),
            touch(at),
        )
    stop.touch()
    added = [int(other.communicate(timeout=30)[0]) for other in others]
    assert [other.returncode for other in others] == [0] * len(others)
    return path.read_text(encoding="utf-8"), added


def check(text: str, hows: tuple[str, ...], added: list[int]) -> None:
    """Every line of theirs and every row of ours, once; the sections as before."""
    lines = text.splitlines()
    for how, count in zip(hows, added, strict=True):
        assert count > 1
        times = {n: lines.count(f"{how} line {n}.") for n in range(count)}
        assert {n: found for n, found in times.items() if found != 1} == {}, f"{how}, of {count} lines"
    for n in range(UPDATES):
        assert text.count(f"| ours {n} |") == 1
        assert text.count(f"| error {n} |") == 1
    assert f"| up {UPDATES - 1} " in text
    assert [line for line in lines if line.startswith("## ")] == [
        "## Today's Activity Log",
        "## System Health",
        "## Recent Errors",
        "## Theirs",
        "## End",
    ]


@pytest.mark.parametrize(
    "hows",
    [("in_place",), ("by_rename",), ("in_parts",), ("append",), ("in_place", "by_rename")],
    ids="+".join,
)
def test_no_line_of_theirs_and_no_row_of_ours_is_lost(
    vault: Path, tmp_path: Path, hows: tuple[str, ...]
) -> None:
    """A script that writes in place, an editor that renames, one that writes bit by bit, and two at once."""
    text, added = race(vault, tmp_path, *hows)
    check(text, hows, added)


@pytest.mark.parametrize("how", ["in_place", "by_rename", "append"])
def test_where_nobody_can_tell_who_is_writing_nothing_is_lost_either(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As on a Mac, which has no leases: whether a file is being written is judged by its age."""
    monkeypatch.setattr(snapshot_module, "is_open_for_writing", lambda _descriptor: None)
    text, added = race(vault, tmp_path, how)
    check(text, (how,), added)


def test_without_the_exchange_of_names_a_write_in_place_is_not_lost(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system cannot exchange two names, the file that lost its name is watched all the same."""
    monkeypatch.setattr(swap_module, "exchange_call", lambda: None)
    text, added = race(vault, tmp_path, "in_place")
    check(text, ("in_place",), added)
