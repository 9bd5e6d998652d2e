"""The approval watcher, one look at a time: each decision is noticed exactly once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.watchers.approval import STALE_CHECK_S, ApprovalWatch
from aiemp.watchers.known import processed_file
from aiemp.watchers.loop import Looked
from aiemp.watchers.options import Options

NOW_S = 1_772_182_330.0


class World:
    """A vault and its watcher."""

    def __init__(self, vault: Path) -> None:
        self.vault = vault
        self.steady_s = 0.0
        self.said: list[str] = []
        self.restart()

    def restart(self, *, dry_run: bool = False) -> None:
        options = Options(str(self.vault))
        options.dry_run = dry_run
        self.watch = ApprovalWatch(options)

    def look(self, later_s: float = 1.0) -> list[str]:
        looked = Looked()
        self.steady_s += later_s
        self.watch.look(looked, NOW_S, self.steady_s)
        self.said = looked.warnings + list(looked.problems.values())
        return looked.messages

    def put(self, name: str, text: str = "---\ntype: approval_request\n---\n") -> Path:
        path = self.vault / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return path


@pytest.fixture
def world(tmp_path: Path) -> World:
    vault = tmp_path / "vault"
    for folder in (".state", "Approved", "Rejected", "Pending_Approval"):
        (vault / folder).mkdir(parents=True)
    return World(vault)


def test_what_was_decided_before_the_first_start_is_no_news(world: World) -> None:
    """A vault with hundreds of old approvals does not flood its dashboard."""
    world.put("Approved/old.md")
    world.put("Rejected/email/old.md")
    assert world.look() == []
    world.put("Approved/new.md")
    assert world.look() == ["approved: 'new.md'"]


def test_a_decision_is_noticed_once_also_after_a_restart(world: World) -> None:
    """Approved and rejected, in subfolders and flat; also what was decided while the watcher was down."""
    world.look()
    world.put("Approved/email/a.md")
    world.put("Rejected/b.md")
    assert world.look() == ["approved: 'email/a.md'", "rejected: 'b.md'"]
    assert world.look() == []
    world.put("Approved/while-down.md")
    world.restart()
    assert world.look() == ["approved: 'while-down.md'"]
    world.restart()
    assert world.look() == []


def test_editing_or_moving_a_decision_within_its_folder_is_no_news(world: World) -> None:
    """Claude writes into approved files, and sorts them."""
    world.look()
    path = world.put("Approved/a.md")
    world.look()
    path.write_text("---\nstatus: executed\n---\n")
    (world.vault / "Approved" / "executed").mkdir()
    path.rename(world.vault / "Approved" / "executed" / "a.md")
    assert world.look() == []
    world.restart()
    assert world.look() == []


def test_a_later_decision_of_the_same_name_is_news(world: World) -> None:
    """Done with, gone, and a week later there is another weekly_report.md."""
    world.look()
    path = world.put("Approved/weekly_report.md")
    world.look()
    path.unlink()
    world.look()
    world.look()
    world.put("Approved/weekly_report.md")
    assert world.look() == ["approved: 'weekly_report.md'"]


def test_a_file_missing_for_one_look_is_not_news_again(world: World) -> None:
    """A program that syncs or edits it replaced it just then."""
    world.look()
    path = world.put("Approved/a.md")
    world.look()
    path.unlink()
    world.look()
    world.put("Approved/a.md")
    assert world.look() == []


def test_a_changed_mind_is_news(world: World) -> None:
    """Approved, then rejected: two decisions."""
    world.look()
    path = world.put("Approved/a.md")
    world.look()
    path.rename(world.vault / "Rejected" / "a.md")
    assert world.look() == ["rejected: 'a.md'"]


def test_a_folder_that_is_gone_for_a_while_makes_no_news(world: World) -> None:
    """Unmounted and back, it has the same items: none is told again."""
    world.look()
    world.put("Approved/a.md")
    world.look()
    (world.vault / "Approved").rename(world.vault / "away")
    assert [world.look() for _ in range(4)] == [[]] * 4
    (world.vault / "away").rename(world.vault / "Approved")
    assert world.look() == []


def test_only_notes_are_decisions(world: World, tmp_path: Path) -> None:
    """Pictures, hidden and half-written files, links out of the vault: none."""
    world.look()
    (tmp_path / "x.md").touch()
    for name in ("chart.png", ".gitkeep", ".a.md", "a.md.tmp", "~$a.md"):
        world.put(f"Approved/{name}")
    (world.vault / "Approved" / "link.md").symlink_to(tmp_path / "x.md")
    assert world.look() == []
    world.put("Approved/0 bytes.MD", "")
    assert world.look() == ["approved: '0 bytes.MD'"]


def test_ids_of_the_own_watcher_that_was_replaced_make_no_flood(world: World) -> None:
    """Another program's file is no sign that we have seen what lies there: as on a first start."""
    Path(processed_file(world.vault, "approval")).write_text(
        '{"processed_ids": ["abc123"], "last_updated": ""}'
    )
    world.put("Approved/old.md")
    assert world.look() == []


def test_a_corrupt_record_makes_no_flood(world: World) -> None:
    """It is said and set aside; what lies there is taken as known."""
    world.look()
    world.put("Approved/a.md")
    world.look()
    Path(processed_file(world.vault, "approval")).write_text('{"processed_ids": [')
    world.restart()
    assert world.look() == []
    assert "set aside" in world.said[0]


def test_a_dry_run_reports_and_writes_nothing(world: World) -> None:
    """Not on the dashboard, not in .state."""
    world.look()
    world.put("Approved/a.md")
    world.restart(dry_run=True)
    before = {path: path.read_bytes() for path in world.vault.rglob("*") if path.is_file()}
    assert world.look() == ["approved: 'a.md'"]
    assert world.look() == []
    assert {path: path.read_bytes() for path in world.vault.rglob("*") if path.is_file()} == before
    world.restart()
    assert world.look() == ["approved: 'a.md'"]


def test_a_stale_approval_is_flagged_once(world: World) -> None:
    """Not every hour, not after a restart; the file is not touched."""
    created = datetime.now(UTC) - timedelta(days=3)
    path = world.put("Pending_Approval/email/a.md", f"---\ncreated: {created.isoformat()}\n---\n")
    world.put("Pending_Approval/fresh.md", "---\ntype: approval_request\n---\n")
    os.utime(path, (1, 1))
    world.look()
    assert world.look(later_s=60) == ["stale, waits for a decision: 'Pending_Approval/email/a.md'"]
    assert world.look(later_s=STALE_CHECK_S + 1) == []
    world.restart()
    world.look()
    assert world.look(later_s=60) == []
    assert path.stat().st_mtime == 1
    path.unlink()
    world.look(later_s=STALE_CHECK_S + 1)
    world.put("Pending_Approval/email/a.md", f"---\ncreated: {created.isoformat()}\n---\n")
    assert len(world.look(later_s=STALE_CHECK_S + 1)) == 1


def test_news_are_rows_on_the_dashboard(world: World) -> None:
    """One row each in today's activity log; of many at once, ten and a word about the rest."""
    dashboard = world.vault / "Dashboard.md"
    dashboard.write_text("# AI Employee Dashboard\n\nMy own words.\n")
    world.look()
    world.put("Approved/ACTION_send_email_x.md")
    world.look()
    text = dashboard.read_text()
    assert text.count("ACTION_send_email_x.md") == 1
    assert "Approval approved" in text
    assert "My own words." in text
    for number in range(30):
        world.put(f"Rejected/many_{number:02}.md")
    world.look()
    text = dashboard.read_text()
    assert text.count("many_") == 10
    assert "and 20 more" in text


def test_a_record_that_cannot_be_written_delays_the_news_and_loses_none(world: World) -> None:
    """Noticed once, shown once it is recorded."""
    world.look()
    state = world.vault / ".state"
    state.rename(world.vault / "away")
    world.put("Approved/a.md")
    for _ in range(2):
        with pytest.raises(OSError, match=r"\.state"):
            world.look()
    (world.vault / "away").rename(state)
    assert world.look() == []
    assert (world.vault / "Dashboard.md").read_text().count("a.md") == 1


def test_a_broken_dashboard_is_said_and_stops_nothing(world: World) -> None:
    """A Dashboard.md that is a folder: the decision is noticed, recorded, and not told again."""
    (world.vault / "Dashboard.md").mkdir()
    world.look()
    world.put("Approved/a.md")
    assert world.look() == ["approved: 'a.md'"]
    assert "dashboard" in world.said[0]
    world.restart()
    assert world.look() == []
