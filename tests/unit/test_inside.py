"""Opening what lies in the vault: nothing leads out of it, not even what is put there at the same moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp import inside
from aiemp.durable import append_line, make_private_folder, replace_file
from aiemp.inside import open_file, open_folder
from aiemp.triggers.sealed_note import write_note


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A vault and what lies outside."""
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    (vault / ".state").mkdir(parents=True)
    (outside / "aiemp").mkdir(parents=True)
    return vault, outside


def become_a_link(folder: Path, outside: Path) -> None:
    """Put a link to ``outside`` in the place of ``folder``."""
    if not folder.is_symlink():
        folder.rename(folder.with_name("away"))
        folder.symlink_to(outside)


def swapped_on_the_way(monkeypatch: pytest.MonkeyPatch, folder: Path, outside: Path) -> None:
    """Let ``folder`` become a link right after the first step on the way to it."""
    real_open = os.open

    def then_swap(path: Path | str, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        descriptor = real_open(path, flags, *mode, dir_fd=dir_fd)
        become_a_link(folder, outside)
        return descriptor

    monkeypatch.setattr(inside.os, "open", then_swap)


def swapped_once_resolved(monkeypatch: pytest.MonkeyPatch, folder: Path, outside: Path) -> None:
    """Let ``folder`` become a link right after a way through another link, which leads to it, was resolved."""
    resolve = os.path.realpath
    real = folder.with_name("real")
    folder.rename(real)
    folder.symlink_to("real")

    def then_swap(path: Path | str, **options: bool) -> str:
        found = str(resolve(path, **options))
        if str(path).startswith(str(folder)):
            become_a_link(real, outside)
        return found

    monkeypatch.setattr(inside.os.path, "realpath", then_swap)


@pytest.mark.parametrize("swapped", [swapped_on_the_way, swapped_once_resolved])
@pytest.mark.parametrize("what", ["folder", "replace", "append", "read", "new note", "same note"])
def test_a_folder_that_becomes_a_link_after_it_was_checked_is_not_followed(
    places: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    swapped: Callable[[pytest.MonkeyPatch, Path, Path], None],
) -> None:
    """Between the look and the act somebody exchanges a folder for a link: the act fails, outside nothing is done."""
    vault, outside = places
    (outside / "file").write_text("theirs")
    if what == "same note":  # a copy of it lies outside, so that it looks as if it could be replaced
        write_note(vault / ".state", "note", "ours", beneath=vault)
        (outside / "note.md").write_bytes((vault / ".state" / "note.md").read_bytes())
    before = {path: path.stat() for path in outside.iterdir()}
    swapped(monkeypatch, vault / ".state", outside)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links|leads out"):
        if what == "folder":
            make_private_folder(vault / ".state" / "new")
        elif what == "replace":
            replace_file(vault / ".state" / "file", b"ours", beneath=vault)
        elif what == "append":
            append_line(vault / ".state" / "file", b"ours", beneath=vault)
        elif what.endswith("note"):
            write_note(vault / ".state", "note", "new" if what == "new note" else "ours", beneath=vault)
        else:
            os.close(open_file(vault / ".state" / "file", os.O_RDONLY, vault))
    assert {path: path.stat() for path in outside.iterdir()} == before
    assert (outside / "file").read_text() == "theirs"


def test_a_link_that_stays_inside_is_the_owners_to_have(places: tuple[Path, Path]) -> None:
    """``Logs`` may be kept in another folder of the same vault."""
    vault, _ = places
    (vault / "My Logs").mkdir()
    (vault / "Logs").symlink_to("My Logs")
    os.close(open_folder(vault / "Logs" / "aiemp", vault, make=1))
    assert stat.S_IMODE((vault / "My Logs" / "aiemp").stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_new_file_is_private_whatever_the_umask(places: tuple[Path, Path], umask: int) -> None:
    """Its owner alone may read and write it: 0600, exactly."""
    vault, _ = places
    before = os.umask(umask)
    try:
        os.close(open_file(vault / ".state" / "new", os.O_WRONLY | os.O_CREAT, vault))
    finally:
        os.umask(before)
    assert stat.S_IMODE((vault / ".state" / "new").stat().st_mode) == 0o600


def test_what_has_a_second_name_is_read_and_not_written(places: tuple[Path, Path]) -> None:
    """A hard link may lie anywhere: opened for writing it is refused; a line is added to a copy of it."""
    vault, outside = places
    (outside / "file").write_bytes(b"theirs\n")
    path = vault / ".state" / "lines"
    path.hardlink_to(outside / "file")
    os.close(open_file(path, os.O_RDONLY, vault))
    with pytest.raises(OSError, match="second name"):
        open_file(path, os.O_WRONLY | os.O_APPEND, vault)
    append_line(path, b"ours", beneath=vault)
    assert path.read_bytes() == b"theirs\nours\n"
    assert (outside / "file").read_bytes() == b"theirs\n"


def test_a_replaced_file_takes_over_no_mode_of_a_program(places: tuple[Path, Path]) -> None:
    """Set-user-id and its like are not handed on: the new content is somebody else's."""
    vault, _ = places
    path = vault / ".state" / "file"
    path.touch()
    path.chmod(0o6755)
    replace_file(path, b"x", beneath=vault)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_errors_name_the_whole_path(places: tuple[Path, Path]) -> None:
    """Not the name within a descriptor, which says nothing."""
    vault, _ = places
    with pytest.raises(FileNotFoundError) as told:
        open_file(vault / ".state" / "missing", os.O_RDONLY, vault)
    assert told.value.filename == str(vault / ".state" / "missing")
