"""Files that are never half written."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from aiemp import durable
from aiemp.durable import append_line, make_private_folder, remove_leftovers, replace_file


def test_replace_keeps_the_mode_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    """A replaced file has the new bytes and its old mode; the folder holds nothing else."""
    path = tmp_path / "Dashboard.md"
    path.write_bytes(b"old")
    path.chmod(0o644)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert oct(path.stat().st_mode & 0o777) == "0o644"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod"])
def test_failing_step_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Whatever step fails, the old bytes are there, the error is told, and nothing is left over."""
    path = tmp_path / "state.json"
    path.write_bytes(b"old")

    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, call, fail)
        with pytest.raises(OSError, match="No space"):
            replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_append_ends_a_torn_line_first(tmp_path: Path) -> None:
    """A line that a power cut left unfinished does not swallow the next one."""
    path = tmp_path / "log"
    path.write_bytes(b"whole\nto")
    append_line(path, b"next")
    assert path.read_bytes() == b"whole\nto\nnext\n"


def test_failed_append_leaves_no_part_of_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk half a line may have been written; it is taken back."""
    path = tmp_path / "log"
    append_line(path, b"first")
    real_write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) > 4:
            return real_write(descriptor, bytes(data[:4]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "write", half)
        with pytest.raises(OSError, match="No space"):
            append_line(path, b"second"[:7])
    assert path.read_bytes() == b"first\n"


def test_folders_are_private_and_a_vanished_vault_is_not_made(tmp_path: Path) -> None:
    """Two missing folders are made with mode 0700; a third means that the vault is gone."""
    made = tmp_path / ".state" / "aiemp"
    make_private_folder(made)
    assert oct(made.stat().st_mode & 0o777) == "0o700"
    make_private_folder(made)
    with pytest.raises(FileNotFoundError):
        make_private_folder(tmp_path / "vault" / ".state" / "aiemp")
    assert not (tmp_path / "vault").exists()


def test_folder_that_leads_out_of_the_vault_is_not_used(tmp_path: Path) -> None:
    """A link in the vault must not make us write elsewhere; one that stays inside is fine."""
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    vault.mkdir()
    outside.mkdir()
    (vault / ".state").symlink_to(outside)
    with pytest.raises(OSError, match="leads out of"):
        make_private_folder(vault / ".state" / "aiemp")
    assert list(outside.iterdir()) == []
    (vault / "My Logs").mkdir()
    (vault / "Logs").symlink_to(vault / "My Logs")
    make_private_folder(vault / "Logs" / "aiemp")
    assert (vault / "My Logs" / "aiemp").is_dir()


def test_append_does_not_follow_a_link(tmp_path: Path) -> None:
    """A history file that is a link leaves what it leads to alone."""
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / "2026-11.jsonl").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        append_line(tmp_path / "2026-11.jsonl", b"ours")
    assert victim.read_text() == "theirs"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_root_takes_nothing_away(tmp_path: Path) -> None:
    """What root replaces keeps its owner, and what root makes belongs to whom the folder belongs."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12346)
    old = folder / "old"
    old.touch()
    old.chmod(0o640)
    os.chown(old, 23456, 23457)
    replace_file(old, b"x")
    replace_file(folder / "new", b"x")
    append_line(folder / "lines", b"x")
    make_private_folder(folder / "a" / "b")
    found = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")}
    theirs = (12345, 12346)
    assert found == {"old": (23456, 23457), "new": theirs, "lines": theirs, "a": theirs, "b": theirs}
    assert old.stat().st_mode & 0o777 == 0o640


def test_leftovers_of_a_killed_writer_are_removed_and_nothing_else(tmp_path: Path) -> None:
    """Only our own temporary files of that very file go."""
    kept = [tmp_path / name for name in ("state", ".state.tmp", ".other.0123456789ab.tmp", ".state.mine.tmp")]
    for path in (*kept, tmp_path / ".state.0123456789ab.tmp"):
        path.write_bytes(b"x")
    remove_leftovers(tmp_path / "state")
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_what_a_killed_writer_left_long_ago_is_removed_by_the_next_one(tmp_path: Path) -> None:
    """Without any lock: only what no writer can still be at, and only of this very file."""
    old = time.time() - 3600
    names = (
        ".state.0123456789ab.tmp",
        ".state.ba9876543210.tmp",
        ".other.0123456789ab.tmp",
        ".state.mine.tmp",
    )
    for name in names:
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / names[1])  # somebody may be writing this one
    replace_file(tmp_path / "state", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"state", *names[1:]}
