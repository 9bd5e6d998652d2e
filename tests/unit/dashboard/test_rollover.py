"""The daily rollover: no activity row is lost, none is archived twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.dashboard import DashboardError
from aiemp.dashboard import rollover as rollover_module
from aiemp.dashboard.rollover import rollover
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


def test_rollover_cut_off_after_the_archive_archives_nothing_twice(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between archive and dashboard leaves the rows in both; the next rollover makes that good."""
    names = fill(vault, 60)

    class PowerCut(BaseException):
        pass

    def cut(*_arguments: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(rollover_module, "touch", cut)
        with pytest.raises(PowerCut):
            rollover(vault, NOW)
    assert archived(vault) == names[:10]
    assert len(shown(vault)) == 60
    assert rollover(vault, NOW) == 10
    assert archived(vault) == names[:10]
    assert shown(vault) == names[10:]


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
