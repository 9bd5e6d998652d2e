"""Archiving Done: nothing is lost, nothing is overwritten."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.vault import moves
from aiemp.vault.archive import ArchiveResult, archive_done
from aiemp.vault.moves import move_exclusively
from tests.rights import as_nobody

NOW = datetime(2026, 2, 27, 1, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=7, seconds=1)
YOUNG = NOW - timedelta(days=7)


def tree(folder: Path) -> list[str]:
    """Every file and link below ``folder``, by its path from there."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def age(link: Path, moment: datetime = OLD) -> None:
    os.utime(link, (moment.timestamp(), moment.timestamp()), follow_symlinks=False)


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


def test_links_out_of_the_vault_stay(vault: Path, tmp_path: Path, put) -> None:
    """A link to a file or folder outside is neither followed nor moved."""
    secret = put(tmp_path / "outside" / "secret.md", "secret", modified=OLD)
    done = vault / "Done"
    put(done / "a.md", modified=OLD)
    for name, target in {
        "file.md": secret,
        "folder": secret.parent,
        "up.md": "../../outside/secret.md",
    }.items():
        (done / name).symlink_to(target)
        age(done / name)
    result = archive_done(vault, NOW)
    assert (result.moved, result.kept) == (1, 3)
    assert result.problems == (), "they stay for good, which is no problem of each day"
    assert sorted(path.name for path in done.iterdir() if path.is_symlink()) == ["file.md", "folder", "up.md"]
    assert secret.read_text() == "secret"


def test_links_within_the_vault_move_as_links(vault: Path, put) -> None:
    """A link is moved itself, still leads to the same file, and that file stays."""
    plan = put(vault / "Plans" / "plan.md", "plan", modified=OLD)
    done = vault / "Done"
    done.mkdir()
    for name, target in {
        "relative.md": "../Plans/plan.md",
        "absolute.md": plan,
        "dangling.md": "gone.md",
    }.items():
        (done / name).symlink_to(target)
        age(done / name)
    assert archive_done(vault, NOW) == ArchiveResult(moved=3)
    archive = done / "archive"
    assert tree(done) == ["archive/absolute.md", "archive/dangling.md", "archive/relative.md"]
    assert (archive / "relative.md").readlink() == Path("../../Plans/plan.md")
    assert (archive / "absolute.md").read_text() == "plan"
    assert (archive / "dangling.md").readlink() == Path("../gone.md")
    assert (archive / "relative.md").lstat().st_mtime == OLD.timestamp()


def test_an_archive_outside_the_vault_is_refused(vault: Path, tmp_path: Path, put) -> None:
    """Nothing is moved out of the vault through a linked archive folder, or a linked Done."""
    outside = tmp_path / "outside"
    outside.mkdir()
    put(vault / "Done" / "old.md", modified=OLD)
    (vault / "Done" / "archive").symlink_to(outside)
    result = archive_done(vault, NOW)
    assert result.moved == 0
    assert "nothing was moved" in result.problems[0]
    (vault / "Done").rename(vault / "Work")
    (vault / "Done").symlink_to(outside)
    put(outside / "old.md", modified=OLD)
    assert len(archive_done(vault, NOW).problems) == 1
    assert tree(outside) == ["old.md"]


@pytest.mark.parametrize("there", ["file", "dangling link"])
def test_an_archive_that_is_no_folder_is_refused(vault: Path, put, there: str) -> None:
    """A file or a dead link named archive is reported, and stays."""
    put(vault / "Done" / "old.md", modified=OLD)
    if there == "file":
        put(vault / "Done" / "archive", "mine")
    else:
        (vault / "Done" / "archive").symlink_to(vault / "nowhere")
    result = archive_done(vault, NOW)
    assert (result.moved, len(result.problems)) == (0, 1)
    assert tree(vault / "Done") == ["archive", "old.md"]


def test_an_archive_linked_within_the_vault_is_used(vault: Path, put) -> None:
    """Who keeps his archive elsewhere in the vault may; the link itself is not archived."""
    (vault / "Archive").mkdir()
    put(vault / "Done" / "email" / "old.md", modified=OLD)
    (vault / "Done" / "archive").symlink_to("../Archive")
    age(vault / "Done" / "archive")
    assert archive_done(vault, NOW) == ArchiveResult(moved=1)
    assert tree(vault / "Archive") == ["email/old.md"]


def test_a_link_within_the_archive_is_not_followed(vault: Path, tmp_path: Path, put) -> None:
    """A subfolder of the archive that is a link keeps its files in Done."""
    outside = tmp_path / "outside"
    outside.mkdir()
    put(vault / "Done" / "email" / "deep" / "old.md", modified=OLD)
    (vault / "Done" / "archive").mkdir()
    (vault / "Done" / "archive" / "email").symlink_to(outside)
    result = archive_done(vault, NOW)
    assert (result.moved, result.kept, len(result.problems)) == (0, 1, 1)
    assert list(outside.iterdir()) == []
    assert (vault / "Done" / "email" / "deep" / "old.md").exists()


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


NAMES = st.sampled_from(["a.md", "a_1.md", "A.md", "b", "b_1", ".hidden", "ä🎉.md", "x\ny.md"])
FOLDERS = st.sampled_from(["", "email", "archive", "archive/email", "email/archive", ".git"])
FILES = st.dictionaries(st.tuples(FOLDERS, NAMES), st.booleans(), max_size=16)


@settings(max_examples=60, deadline=None)
@given(FILES, st.booleans())
def test_no_file_is_ever_lost_or_overwritten(files: dict[tuple[str, str], bool], hard_links: bool) -> None:
    """Whatever lies in Done and the archive: afterwards every text exists exactly once, where it should."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not hard_links:
            patch.setattr(os, "link", refuse_links)
        done = Path(folder) / "Done"
        for (place, name), is_old in files.items():
            path = done / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{place}/{name}/{is_old}")
            age(path, OLD if is_old else NOW)
        before = {path: (done / path).read_text() for path in tree(done)}
        result = archive_done(Path(folder), NOW)
        after = {path: (done / path).read_text() for path in tree(done)}
    assert result.problems == ()
    assert Counter(after.values()) == Counter(before.values())
    leaves = {p for p, text in before.items() if text.endswith("True") and not p.startswith("archive/")}
    leaves = {p for p in leaves if not any(part.startswith(".") for part in Path(p).parts)}
    assert result.moved == len(leaves)
    assert {p: text for p, text in after.items() if p in before} == {
        p: text for p, text in before.items() if p not in leaves
    }


def refuse_links(*_args: object, **_named: object) -> None:
    """What exFAT and many network shares answer."""
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_move_never_overwrites(tmp_path: Path, put, monkeypatch, hard_links: bool) -> None:
    """A target that exists, a dangling link too, stays as it is, and so does the source."""
    if not hard_links:
        monkeypatch.setattr(os, "link", refuse_links)
    source = put(tmp_path / "source", "new")
    target = put(tmp_path / "target", "old")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("source")
    for mover in (source, tmp_path / "link"):
        for taken in (target, tmp_path / "dangling"):
            with pytest.raises(FileExistsError):
                move_exclusively(mover, taken)
    assert (source.read_text(), target.read_text()) == ("new", "old")
    assert not (tmp_path / "nowhere").exists()
    move_exclusively(source, tmp_path / "free")
    assert (tmp_path / "free").read_text() == "new"
    assert not source.exists()


def test_a_failed_move_leaves_no_placeholder(tmp_path: Path, put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hard links, a source that vanishes leaves nothing behind under the new name."""
    monkeypatch.setattr(os, "link", refuse_links)
    with pytest.raises(FileNotFoundError):
        move_exclusively(tmp_path / "gone", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_a_move_that_died_half_way_is_finished(vault: Path, put) -> None:
    """The same file under both names, left by a power cut, becomes one file again, not two."""
    source = put(vault / "Done" / "a.md", "text", modified=OLD)
    (vault / "Done" / "archive").mkdir()
    os.link(source, vault / "Done" / "archive" / "a.md")
    assert archive_done(vault, NOW) == ArchiveResult(moved=1)
    assert tree(vault / "Done") == ["archive/a.md"]


def test_a_file_replaced_during_its_move_is_kept(
    tmp_path: Path, put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that saves at that very moment loses nothing: both versions are there afterwards."""
    source = put(tmp_path / "a.md", "before")
    link = os.link

    def link_then_save(*args, **named) -> None:
        link(*args, **named)
        put(tmp_path / "new", "after").replace(source)

    monkeypatch.setattr(os, "link", link_then_save)
    move_exclusively(source, tmp_path / "moved.md")
    assert source.read_text() == "after"
    assert (tmp_path / "moved.md").read_text() == "before"


ARCHIVER = """
import sys
from datetime import datetime
from pathlib import Path
from aiemp.vault.archive import archive_done
print("ready", flush=True)
sys.stdin.readline()
sys.exit(len(archive_done(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])).problems))
"""


def test_two_archivers_at_once_lose_nothing(vault: Path, put) -> None:
    """Two processes that archive the same folder at the same time leave each file once."""
    for number in range(300):
        put(vault / "Done" / f"{number}.md", str(number), modified=OLD)
    command = [sys.executable, "-c", ARCHIVER, str(vault), NOW.isoformat()]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=30)
    assert [process.returncode for process in processes] == [0, 0]
    archived = vault / "Done" / "archive"
    assert tree(vault / "Done") == sorted(f"archive/{number}.md" for number in range(300))
    assert {path.read_text() for path in archived.iterdir()} == {str(number) for number in range(300)}


def test_a_link_whose_move_was_cut_off_is_moved_once(vault: Path) -> None:
    """It was made in the archive and not yet taken away from Done: the next one finishes that, under the same name."""
    done = vault / "Done"
    (done / "archive").mkdir(parents=True, exist_ok=True)
    (done / "there.md").write_text("text")
    (done / "link.md").symlink_to("there.md")
    (done / "archive" / "link.md").symlink_to("../there.md")
    move_exclusively(done / "link.md", done / "archive" / "link.md")
    assert not (done / "link.md").is_symlink()
    assert (done / "archive" / "link.md").read_text() == "text"
    (done / "link.md").symlink_to("elsewhere.md")
    with pytest.raises(FileExistsError):
        move_exclusively(done / "link.md", done / "archive" / "link.md")


def test_a_file_is_made_whole_or_not_at_all(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is not there, what a killed one left goes, and what is there is not replaced."""
    path = vault / "new.md"
    (vault / ".new.md.new.tmp").write_text("ha")

    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(moves, "write_all", full)
        with pytest.raises(OSError, match="No space"):
            moves.make_exclusively(path, b"whole")
    before = {each.name for each in vault.iterdir()}
    assert not before & {"new.md", ".new.md.new.tmp"}
    moves.make_exclusively(path, b"whole")
    with pytest.raises(FileExistsError):
        moves.make_exclusively(path, b"other")
    assert path.read_bytes() == b"whole"
    assert {each.name for each in vault.iterdir()} == before | {"new.md"}
