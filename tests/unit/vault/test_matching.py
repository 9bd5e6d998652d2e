"""Which files match what a run must leave, and which of them are new."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiemp.vault.matching import listed, matching_files, new_or_changed


def touch(vault: Path, *names: str) -> None:
    for name in names:
        (vault / name).parent.mkdir(parents=True, exist_ok=True)
        (vault / name).write_text("x")


FILES = ("a.md", "P/a.md", "P/b.txt", "P/social/c.md", "P/social/x/d.md", "P/.hidden.md", "P/.git/e.md")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("P/**/*.md", {"P/a.md", "P/social/c.md", "P/social/x/d.md"}),
        ("P/*.md", {"P/a.md"}),
        ("P/**", {"P/a.md", "P/b.txt", "P/social/c.md", "P/social/x/d.md"}),
        ("**/c.md", {"P/social/c.md"}),
        ("**/**/x/**/**/*.md", {"P/social/x/d.md"}),
        ("P/*/[cd].md", {"P/social/c.md"}),
        ("P/soc?al/*", {"P/social/c.md"}),
        ("./P/a.md", {"P/a.md"}),
        ("p/*.md", {"P/a.md"}),
        ("P/.hid*", {"P/.hidden.md"}),
        ("P/A.md", set()),
        ("Q/**/*.md", set()),
        ("a.md/*", set()),
        ("P", set()),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, found: set[str]) -> None:
    """As in a shell, below the vault; a named folder is found whatever its case."""
    touch(tmp_path, *FILES)
    assert set(matching_files(tmp_path, pattern)) == found


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    """Neither a linked file nor what lies behind a link out of the vault is what a run has left there; a named
    folder may be a link that stays inside."""
    vault = tmp_path / "vault"
    touch(vault, "Real/a.md")
    touch(tmp_path, "outside/b.md")
    (vault / "Out").symlink_to(tmp_path / "outside")
    (vault / "In").symlink_to("Real")
    (vault / "Real" / "link.md").symlink_to(tmp_path / "outside" / "b.md")
    (vault / "Real" / "loop").symlink_to(vault / "Real")
    assert set(matching_files(vault, "**/*.md")) == {"Real/a.md"}
    assert matching_files(vault, "Out/*.md") == {}
    assert set(matching_files(vault, "In/*.md")) == {"In/a.md"}


def test_what_is_new_or_changed(tmp_path: Path) -> None:
    """A new file, a longer one, one written again at another time, one replaced by a file of the same size and
    time: each is. One that was left alone or removed is not."""
    touch(tmp_path, "same.md", "longer.md", "later.md", "replaced.md", "removed.md")
    before = matching_files(tmp_path, "*.md")
    touch(tmp_path, "new.md")
    (tmp_path / "longer.md").write_text("xx")
    os.utime(tmp_path / "later.md", ns=(1, 1))
    status = (tmp_path / "replaced.md").stat()
    touch(tmp_path, "other")
    os.utime(tmp_path / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "other").rename(tmp_path / "replaced.md")
    (tmp_path / "removed.md").unlink()
    after = matching_files(tmp_path, "*.md")
    assert new_or_changed(before, after) == ["later.md", "longer.md", "new.md", "replaced.md"]


def test_names_are_told_within_bounds() -> None:
    """Ten at most, each at most 80 characters, on one line."""
    assert listed([]) == ""
    assert listed(["a\nb", "c"]) == "'a\\nb', c"
    told = listed([f"{'x' * 200}{n}" for n in range(12)])
    assert told.endswith("9 and 2 more")
    assert len(told) < 10 * 83 + 20


def test_undecodable_names_are_told(tmp_path: Path) -> None:
    """A file name may hold any byte; it is told in text that can be written anywhere."""
    (tmp_path / os.fsdecode(b"\xff.md")).write_text("x")
    (name,) = matching_files(tmp_path, "*.md")
    assert listed([name]) == r"'\udcff.md'"
