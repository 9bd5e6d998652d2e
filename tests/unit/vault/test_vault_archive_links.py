"""Archiving Done where there are links: none leads out of the vault, none is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.vault.archive import ArchiveResult, archive_done
from aiemp.vault.moves import move_exclusively
from tests.unit.vault.archived import NOW, OLD, age, tree


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
