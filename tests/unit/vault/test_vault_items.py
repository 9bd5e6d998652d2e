"""Counting what lies in the queue folders."""

from __future__ import annotations

import logging
import os
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.vault.items import action_items, count_action_items, items_by_domain, queue_counts
from tests.rights import as_nobody

BERLIN = ZoneInfo("Europe/Berlin")


def names(paths) -> list[str]:
    return sorted(path.name for path in paths)


def test_items_lie_flat_or_in_subfolders(vault: Path, put) -> None:
    """Files directly in Needs_Action and at any depth below it are items."""
    put(vault / "Needs_Action" / "EMAIL_a.md")
    put(vault / "Needs_Action" / "email" / "EMAIL_b.md")
    put(vault / "Needs_Action" / "file" / "2026" / "FILE_c.pdf")
    assert names(action_items(vault)) == ["EMAIL_a.md", "EMAIL_b.md", "FILE_c.pdf"]
    assert count_action_items(vault) == 3


def test_hidden_files_and_folders_are_no_items(vault: Path, put) -> None:
    """.gitkeep, .DS_Store and everything in a hidden folder are not counted, nor are empty folders."""
    for name in (".gitkeep", "email/.gitkeep", ".DS_Store", ".trash/EMAIL_old.md"):
        put(vault / "Needs_Action" / name)
    (vault / "Needs_Action" / "social").mkdir()
    assert list(action_items(vault)) == []
    assert items_by_domain(vault) == {}


def test_skip_names_top_level_subfolders(vault: Path, put) -> None:
    """``skip`` leaves out alerts/ whatever its case, but neither a deeper folder nor a file of that name."""
    put(vault / "Needs_Action" / "Alerts" / "disk.md")
    put(vault / "Needs_Action" / "email" / "alerts" / "real.md")
    put(vault / "Needs_Action" / "x.md")
    assert names(action_items(vault, skip=("alerts",))) == ["real.md", "x.md"]
    assert count_action_items(vault, skip=["ALERTS"]) == 2


def test_domains_are_lower_case_subfolders(vault: Path, put) -> None:
    """Email/ counts as email; what lies directly in Needs_Action is general, as is a folder General/."""
    for name in ("Email/a.md", "Email/deep/b.md", "whatsapp/c.md", "d.md", "General/e.md"):
        put(vault / "needs_action" / name)
    assert items_by_domain(vault) == {"email": 2, "general": 2, "whatsapp": 1}


def test_links_are_not_followed_out_of_the_vault(vault: Path, tmp_path: Path, put) -> None:
    """A linked folder is not entered; a linked file counts only when the file lies inside the vault."""
    outside = tmp_path / "outside"
    put(outside / "secret.md")
    folder = vault / "Needs_Action"
    put(folder / "real.md")
    put(vault / "Plans" / "plan.md")
    put(vault / ".env")
    (folder / "out").symlink_to(outside)
    (folder / "out.md").symlink_to(outside / "secret.md")
    (folder / "in.md").symlink_to("../Plans/plan.md")
    (folder / "env.md").symlink_to("../.env")
    (folder / "folder").symlink_to("../Plans")
    (folder / "dangling.md").symlink_to("nothing.md")
    (folder / "loop.md").symlink_to("loop.md")
    assert names(action_items(vault)) == ["in.md", "real.md"]


def test_what_is_no_regular_file_is_no_item(vault: Path, put) -> None:
    """A pipe in Needs_Action is not an item: whoever opened it would wait for ever."""
    put(vault / "Needs_Action" / "a.md")
    os.mkfifo(vault / "Needs_Action" / "pipe.md")
    assert names(action_items(vault)) == ["a.md"]


def test_strange_names_are_counted(vault: Path) -> None:
    """Newlines, emoji and bytes that are no UTF-8 are only names."""
    folder = vault / "Needs_Action"
    folder.mkdir()
    for name in (b"a\nb.md", "🎉.md".encode(), b"broken \xff\xfe.md"):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).touch()
    assert len(list(action_items(vault))) == 3


def test_missing_folders_count_nothing(vault: Path, tmp_path: Path) -> None:
    """An empty vault, and one that is gone, have empty queues."""
    for where in (vault, tmp_path / "gone"):
        assert list(action_items(where)) == []
        assert items_by_domain(where) == {}
        assert set(queue_counts(where, date(2026, 2, 27), UTC).values()) == {0}


def test_queue_counts_has_the_dashboards_rows_in_order(vault: Path, put) -> None:
    """The keys are the rows of Queue Summary, word for word; counts are recursive."""
    put(vault / "Needs_Action" / "email" / "a.md")
    put(vault / "plans" / "p.md")
    put(vault / "Pending_Approval" / "social" / "x.md")
    put(vault / "Pending_Approval" / "y.md")
    put(vault / "In_Progress" / "local" / "z.md")
    put(vault / "Done" / "d.md", modified=datetime(2026, 2, 27, 12, tzinfo=UTC))
    assert list(queue_counts(vault, date(2026, 2, 27), UTC).items()) == [
        ("/Needs_Action/", 1),
        ("/Plans/", 1),
        ("/Pending_Approval/", 2),
        ("/In_Progress/", 1),
        ("/Done/ (today)", 1),
    ]


def test_done_today_goes_by_the_local_date(vault: Path, put) -> None:
    """Done counts what changed between two local midnights, subfolders too, but not the archive."""
    put(vault / "Done" / "first.md", modified=datetime(2026, 2, 27, 0, 0, tzinfo=BERLIN))
    put(vault / "Done" / "sub" / "last.md", modified=datetime(2026, 2, 27, 23, 59, 59, tzinfo=BERLIN))
    put(vault / "Done" / "before.md", modified=datetime(2026, 2, 26, 23, 59, 59, tzinfo=BERLIN))
    put(vault / "Done" / "after.md", modified=datetime(2026, 2, 28, 0, 0, tzinfo=BERLIN))
    put(vault / "Done" / "Archive" / "old.md", modified=datetime(2026, 2, 27, 12, tzinfo=BERLIN))
    assert queue_counts(vault, date(2026, 2, 27), BERLIN)["/Done/ (today)"] == 2


def test_done_today_on_a_day_of_25_hours(vault: Path, put) -> None:
    """On the day the clock goes back, the 25th hour still belongs to today."""
    put(vault / "Done" / "late.md", modified=datetime(2026, 10, 25, 23, 30, tzinfo=BERLIN))
    put(vault / "Done" / "early.md", modified=datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN))
    assert queue_counts(vault, date(2026, 10, 25), BERLIN)["/Done/ (today)"] == 2


def test_a_folder_without_permission_counts_nothing(
    nobodys_folder: Path, put, caplog: pytest.LogCaptureFixture, told: set[str]
) -> None:
    """What may not be read is warned of once, and the rest is counted."""
    with as_nobody():
        put(nobodys_folder / "Needs_Action" / "email" / "a.md")
        put(nobodys_folder / "Needs_Action" / "locked" / "b.md")
        (nobodys_folder / "Needs_Action" / "locked").chmod(0o000)
        with caplog.at_level(logging.WARNING):
            assert count_action_items(nobodys_folder) == 1
            assert items_by_domain(nobodys_folder) == {"email": 1}
    assert [record.getMessage() for record in caplog.records] == [
        f"{nobodys_folder / 'Needs_Action' / 'locked'}: Permission denied"
    ]


def test_files_that_vanish_are_not_counted(vault: Path, put) -> None:
    """A file that is moved away between the listing and the look at it is simply not there."""
    for number in range(50):
        put(vault / "Needs_Action" / "email" / f"{number}.md")
        put(vault / "Needs_Action" / "file" / f"{number}.md")
    items = action_items(vault)
    first = next(items)
    for folder in ("email", "file"):
        for path in (vault / "Needs_Action" / folder).iterdir():
            path.unlink()
        (vault / "Needs_Action" / folder).rmdir()
    assert first.parent.name in ("email", "file")
    assert len(list(items)) <= 49
