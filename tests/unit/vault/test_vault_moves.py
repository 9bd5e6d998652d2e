"""Moving files: none is lost or overwritten, whatever is cut off and whoever else moves."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from subprocess import PIPE

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.vault import moves
from aiemp.vault.archive import ArchiveResult, archive_done
from aiemp.vault.moves import move_exclusively
from tests.unit.vault.archived import NOW, OLD, age, tree

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
