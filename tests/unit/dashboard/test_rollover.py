"""The daily rollover: no activity row is lost, none is archived twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiemp.dashboard import DashboardError
from aiemp.dashboard import rollover as rollover_module
from aiemp.dashboard.rollover import rollover
from aiemp.dashboard.writer import Dashboard
from aiemp.places import Places

NOW = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)


def fill(vault: Path, count: int) -> list[str]:
    """A dashboard with that many activity rows, the oldest first; returns their actions."""
    names = [f"task_{n:03d}" for n in range(count)]
    rows = "".join(f"| {n // 60:02d}:{n % 60:02d} | {name} | did it | ok |\n" for n, name in enumerate(names))
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    (vault / "Dashboard.md").write_text(text.replace("| — | — | — | — |\n", rows, 1), encoding="utf-8")
    return names


def archived(vault: Path) -> list[str]:
    path = Places(vault).activity_archive(NOW.date())
    return [row["action"] for row in json.loads(path.read_text(encoding="utf-8"))]


def shown(vault: Path) -> list[str]:
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    return [line.split("|")[2].strip() for line in text.splitlines() if "| did it |" in line]


def test_oldest_rows_beyond_fifty_move_to_the_archive(vault: Path) -> None:
    """Of 60 rows the oldest ten leave; the rest, and every other line, stay."""
    names = fill(vault, 60)
    assert rollover(vault, NOW) == 10
    assert archived(vault) == names[:10]
    assert shown(vault) == names[10:]
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    assert "My own notes stay." in text
    assert "> **Last Updated:** 2026-11-23 00:05:00" in text


def test_few_rows_stay_and_no_archive_is_made(vault: Path) -> None:
    """With 50 rows nothing moves."""
    fill(vault, 50)
    assert rollover(vault, NOW) == 0
    assert not Places(vault).activity_archive(NOW.date()).exists()


def test_second_rollover_of_a_day_adds_to_its_archive(vault: Path) -> None:
    """Two rollovers of one day keep one archive with all rows in order."""
    names = fill(vault, 60)
    rollover(vault, NOW, keep=55)
    rollover(vault, NOW, keep=50)
    assert archived(vault) == names[:10]


class PowerCut(BaseException):
    """The process is gone at this moment: nothing catches it."""


STEPS = ("replace_file", "replace_file", "update", "unlink", "update")
"""What a rollover does to the disk, in order: intent, archive, dashboard, no intent, dashboard."""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("days_later", [0, 1])
def test_rollover_cut_off_anywhere_loses_no_row_and_archives_none_twice(
    vault: Path, monkeypatch: pytest.MonkeyPatch, step: int, done: bool, days_later: int
) -> None:
    """A power cut before or after each step: the next rollover, that day or later, makes it good."""
    names = fill(vault, 60)
    made: list[str] = []

    def cutting(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: Any, **options: Any) -> object:
            made.append(name)
            if len(made) == step + 1 and not done:
                raise PowerCut
            result = original(*arguments, **options)
            if len(made) == step + 1:
                raise PowerCut
            return result

        return call

    with monkeypatch.context() as patch:
        patch.setattr(rollover_module, "replace_file", cutting("replace_file", rollover_module.replace_file))
        patch.setattr(Dashboard, "update", cutting("update", Dashboard.update))
        unlink = Path.unlink

        def unlink_intent(path: Path, missing_ok: bool = False) -> object:
            cut = cutting("unlink", unlink) if path.name == "rollover.json" else unlink
            return cut(path, missing_ok)

        patch.setattr(Path, "unlink", unlink_intent)
        with pytest.raises(PowerCut):
            rollover(vault, NOW)
    assert tuple(made) == STEPS[: step + 1]
    rollover(vault, NOW + timedelta(days=days_later))
    files = sorted((vault / "Logs").glob("dashboard_archive_*.json"))
    everything = [row["action"] for file in files for row in json.loads(file.read_bytes())]
    assert everything == names[:10]
    assert shown(vault) == names[10:]
    assert not list((vault / ".state" / "aiemp").glob("rollover.json*"))


def test_alike_rows_of_two_rollovers_of_a_day_are_each_archived(vault: Path) -> None:
    """A row that looks like one in today's archive, but is another, is archived too."""
    row = "| 08:00 | triage | did it | ok |\n"
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    (vault / "Dashboard.md").write_text(text.replace("| — | — | — | — |\n", row * 3, 1), encoding="utf-8")
    assert rollover(vault, NOW, keep=2) == 1
    assert rollover(vault, NOW, keep=1) == 1
    assert archived(vault) == ["triage"] * 2


def test_keeping_nothing_leaves_a_placeholder(vault: Path) -> None:
    """A log without any row shows the usual dashes, and the next row replaces them."""
    names = fill(vault, 3)
    assert rollover(vault, NOW, keep=0) == 3
    assert archived(vault) == names
    assert "|------|--------|---------|--------|\n| —" in (vault / "Dashboard.md").read_text(encoding="utf-8")


def test_newest_first_log_gives_up_its_last_rows(vault: Path) -> None:
    """In a log whose newest row is on top the oldest rows are those at the bottom."""
    rows = "".join(f"| 2026-11-22 {hour:02d}:00 | at {hour} | did it | ok |\n" for hour in range(9, 4, -1))
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    (vault / "Dashboard.md").write_text(text.replace("| — | — | — | — |\n", rows, 1), encoding="utf-8")
    assert rollover(vault, NOW, keep=3) == 2
    assert archived(vault) == ["at 5", "at 6"]
    assert shown(vault) == ["at 9", "at 8", "at 7"]


def test_bytes_that_are_no_utf_8_reach_the_archive(vault: Path) -> None:
    """A row in Windows-1252 is archived as JSON that every reader understands."""
    data = (vault / "Dashboard.md").read_bytes()
    row = b"| 08:00 | M\xfcller | a \\| b | ok |\n"
    (vault / "Dashboard.md").write_bytes(data.replace("| — | — | — | — |\n".encode(), row * 2, 1))
    assert rollover(vault, NOW, keep=1) == 1
    content = json.loads(Places(vault).activity_archive(NOW.date()).read_bytes())
    assert content == [{"time": "08:00", "action": "M\udcfcller", "details": "a | b", "result": "ok"}]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"archive": "../../x", "behind": 0, "rows": [], "lines": []}']
)
def test_unreadable_intent_is_kept_and_does_not_stop_the_rollover(vault: Path, text: str) -> None:
    """What a rollover wrote down before it was cut off may be torn; it is set aside."""
    names = fill(vault, 52)
    intent = vault / ".state" / "aiemp" / "rollover.json"
    intent.parent.mkdir(parents=True)
    intent.write_text(text)
    assert rollover(vault, NOW) == 2
    assert archived(vault) == names[:2]
    (kept,) = intent.parent.glob("rollover.json.corrupt-*")
    assert kept.read_text() == text


def test_logs_that_lead_out_of_the_vault_are_refused(vault: Path, tmp_path: Path) -> None:
    """A link instead of Logs gets no archive, and no row leaves the dashboard for it."""
    fill(vault, 60)
    outside = tmp_path / "outside"
    outside.mkdir()
    (vault / "Logs").rmdir()
    (vault / "Logs").symlink_to(outside)
    with pytest.raises(DashboardError, match="out of the vault"):
        rollover(vault, NOW)
    assert list(outside.iterdir()) == []
    assert len(shown(vault)) == 60


def test_rows_that_look_alike_are_each_archived(vault: Path) -> None:
    """Two runs of the same minute with the same words are two rows, here and in the archive."""
    row = "| 08:00 | triage | did it | ok |\n"
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    (vault / "Dashboard.md").write_text(text.replace("| — | — | — | — |\n", row * 5, 1), encoding="utf-8")
    assert rollover(vault, NOW, keep=2) == 3
    assert archived(vault) == ["triage"] * 3
    assert shown(vault) == ["triage"] * 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1}', b"\xff\xfe"], ids=["empty", "torn", "object", "binary"]
)
def test_corrupt_archive_is_kept_under_another_name(vault: Path, content: bytes) -> None:
    """An archive that is none is set aside, not overwritten."""
    names = fill(vault, 52)
    path = Places(vault).activity_archive(NOW.date())
    path.write_bytes(content)
    assert rollover(vault, NOW) == 2
    assert archived(vault) == names[:2]
    (kept,) = path.parent.glob(f"{path.name}.corrupt-*")
    assert kept.read_bytes() == content


def test_archive_that_cannot_be_written_leaves_the_dashboard_as_it_was(vault: Path) -> None:
    """Without an archive no row leaves the dashboard."""
    fill(vault, 60)
    (vault / "Logs").rmdir()
    (vault / "Logs").write_text("a file")
    before = (vault / "Dashboard.md").read_bytes()
    with pytest.raises((DashboardError, OSError)):
        rollover(vault, NOW)
    assert (vault / "Dashboard.md").read_bytes() == before
