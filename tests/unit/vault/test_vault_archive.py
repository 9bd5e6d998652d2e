"""Archiving Done: what moves, where to, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiemp.vault.archive import ArchiveResult, archive_done
from tests.rights import as_nobody
from tests.unit.vault.archived import NOW, OLD, tree

YOUNG = NOW - timedelta(days=7)


def test_only_what_is_older_than_the_limit_moves(vault: Path, put) -> None:
    """Files changed over 7 days ago go to Done/archive with text and time; the others stay."""
    put(vault / "Done" / "old.md", "text", modified=OLD)
    put(vault / "Done" / "young.md", modified=YOUNG)
    assert archive_done(vault, NOW) == ArchiveResult(moved=1, kept=1)
    assert tree(vault / "Done") == ["archive/old.md", "young.md"]
    moved = vault / "Done" / "archive" / "old.md"
    assert moved.read_text() == "text"
    assert moved.stat().st_mtime == OLD.timestamp()
    assert moved.stat().st_nlink == 1


def test_the_number_of_days_is_the_callers(vault: Path, put) -> None:
    """A limit in days may be anything, a number beyond every calendar too."""
    put(vault / "Done" / "a.md", modified=NOW - timedelta(days=3))
    assert archive_done(vault, NOW, 10**10).moved == 0
    assert archive_done(vault, NOW, 4).moved == 0
    assert archive_done(vault, NOW, 2).moved == 1


def test_it_tells_how_far_it_is(vault: Path, put) -> None:
    """Now and then, and of how many; a dry run too."""
    for number in range(600):
        put(vault / "Done" / f"{number}.md", modified=OLD)
    for dry_run in (True, False):
        told: list[tuple[int, int]] = []
        archive_done(vault, NOW, dry_run=dry_run, on_progress=lambda done, of: told.append((done, of)))  # noqa: B023
        assert told == [(0, 600), (250, 600), (500, 600)]


def test_a_day_is_a_local_day(vault: Path, put) -> None:
    """Seven days across the night the clock goes back are 169 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 28, 1, 0, tzinfo=berlin)
    put(vault / "Done" / "a.md", modified=now.astimezone(UTC) - timedelta(hours=168, minutes=30))
    assert archive_done(vault, now, zone=berlin).moved == 0
    assert archive_done(vault, now, zone=UTC).moved == 1


def test_a_dry_run_counts_and_moves_nothing(vault: Path, put) -> None:
    """A dry run says how many would move, and makes no folder."""
    put(vault / "Done" / "old.md", modified=OLD)
    assert archive_done(vault, NOW, dry_run=True) == ArchiveResult(moved=1)
    assert tree(vault / "Done") == ["old.md"]
    assert not (vault / "Done" / "archive").exists()


def test_a_taken_name_gets_a_number(vault: Path, put) -> None:
    """Collisions become _1, _2 before the suffix; what is in the archive stays as it is."""
    archive = vault / "Done" / "archive"
    put(archive / "a.md", "first")
    put(archive / "a_1.md", "second")
    put(archive / "noext", "first")
    put(vault / "Done" / "a.md", "third", modified=OLD)
    put(vault / "Done" / "noext", "second", modified=OLD)
    assert archive_done(vault, NOW).moved == 2
    assert [(archive / name).read_text() for name in ("a.md", "a_1.md", "a_2.md")] == [
        "first",
        "second",
        "third",
    ]
    assert (archive / "noext_1").read_text() == "second"


def test_subfolders_are_kept(vault: Path, put) -> None:
    """A file keeps the subfolder that says what it belongs to."""
    put(vault / "Done" / "email" / "2026" / "a.md", modified=OLD)
    put(vault / "Done" / "email" / "a.md", modified=OLD)
    assert archive_done(vault, NOW).moved == 2
    assert tree(vault / "Done") == ["archive/email/2026/a.md", "archive/email/a.md"]


def test_hidden_files_stay(vault: Path, put) -> None:
    """.gitkeep and hidden folders are left where they are, and not counted."""
    put(vault / "Done" / ".gitkeep", modified=OLD)
    put(vault / "Done" / ".trash" / "a.md", modified=OLD)
    assert archive_done(vault, NOW) == ArchiveResult()
    assert tree(vault / "Done") == [".gitkeep", ".trash/a.md"]


def test_other_cases_of_the_folders_are_used(vault: Path, put) -> None:
    """done/Archive is the archive of that vault; no second one is made beside it, and it is not archived."""
    put(vault / "done" / "Archive" / "ancient.md", modified=OLD)
    put(vault / "done" / "old.md", modified=OLD)
    assert archive_done(vault, NOW) == ArchiveResult(moved=1)
    assert tree(vault) == ["done/Archive/ancient.md", "done/Archive/old.md"]


def test_what_cannot_be_moved_stays_and_the_rest_goes_on(vault: Path, put) -> None:
    """A name too long for its number is reported; a name with a newline cannot break the report."""
    long = "x" * 252 + ".md"
    put(vault / "Done" / "archive" / long, "first")
    put(vault / "Done" / long, "second", modified=OLD)
    put(vault / "Done" / "a\nb 🎉.md", modified=OLD)
    result = archive_done(vault, NOW)
    assert (result.moved, result.kept) == (1, 1)
    assert "File name too long" in result.problems[0]
    assert (vault / "Done" / long).read_text() == "second"


def test_many_problems_are_bounded(nobodys_folder: Path, put) -> None:
    """A read-only Done reports its first files and how many more there are; all of them stay."""
    with as_nobody():
        for number in range(30):
            put(nobodys_folder / "Done" / f"{number}.md", modified=OLD)
        (nobodys_folder / "Done" / "archive").mkdir()
        (nobodys_folder / "Done").chmod(0o500)
        result = archive_done(nobodys_folder, NOW)
    assert (result.moved, result.kept) == (0, 30)
    assert len(result.problems) == 21
    assert result.problems[-1] == "and 10 more"
    assert len(tree(nobodys_folder / "Done")) == 30  # no copies were left in the archive


def test_no_done_is_nothing_to_do(vault: Path) -> None:
    """A vault without Done has nothing to archive."""
    assert archive_done(vault, NOW) == ArchiveResult()
    assert list(vault.iterdir()) == []
