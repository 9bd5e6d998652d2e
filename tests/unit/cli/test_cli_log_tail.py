"""The end of a log file, and following it across its rotation."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.cli import log_tail
from aiemp.cli.log_tail import Follower, last_lines
from aiemp.errors import VaultError


def test_no_log_is_none(tmp_path: Path) -> None:
    """A log that does not exist yet is told from one that is empty."""
    assert last_lines(tmp_path / "a.log", 5) is None
    (tmp_path / "a.log").touch()
    tail = last_lines(tmp_path / "a.log", 5)
    assert tail is not None
    assert tail.lines == ()


LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b" ")), max_size=30)


@given(LINES, st.integers(0, 40), st.sampled_from([1, 5, 64 * 1024]))
def test_the_last_lines_are_the_last(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], count: int, block: int
) -> None:
    """Whatever a log holds, and wherever a block of it ends, it is the last lines that are shown, in their
    order, blank ones included."""
    path = tmp_path_factory.mktemp("logs") / "a.log"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with patch.object(log_tail, "BLOCK_BYTES", block):
        tail = last_lines(path, count)
    assert tail is not None
    assert list(tail.lines) == (lines[-count:] if count else [])
    assert tail.end == path.stat().st_size


def test_a_last_line_without_its_end_counts(tmp_path: Path) -> None:
    """What a program is just writing is shown as far as it is there."""
    path = tmp_path / "a.log"
    path.write_bytes(b"first\nlast without end")
    tail = last_lines(path, 1)
    assert tail is not None
    assert tail.lines == (b"last without end",)


def test_a_log_that_was_just_rotated_goes_back(tmp_path: Path) -> None:
    """The older file gives the lines that the new one does not have yet."""
    path = tmp_path / "a.log"
    path.write_bytes(b"1\n2\n3\n")
    path.rename(tmp_path / "a.log.1")
    path.write_bytes(b"4\n")
    tail = last_lines(path, 3)
    assert tail is not None
    assert tail.lines == (b"2", b"3", b"4")
    path.unlink()
    tail = last_lines(path, 2)
    assert tail is not None
    assert tail.lines == (b"2", b"3")


def test_following_gives_what_is_added(tmp_path: Path) -> None:
    """Only whole lines are given, each once; a line in the making waits for its end."""
    path = tmp_path / "a.log"
    path.write_bytes(b"old\n")
    follower = Follower(path, 4)
    assert list(follower.new_lines()) == []
    with path.open("ab") as file:
        file.write(b"new\nhal")
    assert list(follower.new_lines()) == [b"new"]
    with path.open("ab") as file:
        file.write(b"f\n")
    assert list(follower.new_lines()) == [b"half"]


def test_following_survives_rotation(tmp_path: Path) -> None:
    """No line is lost or doubled when the file is renamed and begun anew."""
    path = tmp_path / "a.log"
    path.write_bytes(b"1\n")
    follower = Follower(path, 2)
    with path.open("ab") as file:
        file.write(b"2\nunfinished")
    path.rename(tmp_path / "a.log.1")
    assert list(follower.new_lines()) == [b"2"]
    path.write_bytes(b"3\n")
    assert list(follower.new_lines()) == [b"unfinished", b"3"]


def test_following_a_log_that_comes_or_is_cut(tmp_path: Path) -> None:
    """A log that is made later, or emptied by hand, is shown from its beginning."""
    path = tmp_path / "a.log"
    follower = Follower(path)
    assert list(follower.new_lines()) == []
    path.write_bytes(b"first line\n")
    assert list(follower.new_lines()) == [b"first line"]
    with path.open("r+b") as file:
        file.truncate()
    with path.open("ab") as file:
        file.write(b"anew\n")
    assert list(follower.new_lines()) == [b"anew"]


def test_an_endless_line_is_given_in_pieces(tmp_path: Path) -> None:
    """A program that never ends its line does not fill the memory."""
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * (3 * log_tail.LONGEST_LINE))
    pieces = list(Follower(path).new_lines())
    assert len(pieces) >= 2
    assert max(map(len, pieces)) <= log_tail.LONGEST_LINE + log_tail.BLOCK_BYTES


def test_links_and_devices_are_not_read(tmp_path: Path) -> None:
    """A link that Claude put in place of a log is not followed, and a pipe does not block."""
    import os

    (tmp_path / "secret").write_text("s")
    (tmp_path / "link.log").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.log")
    for name, said in (("link.log", "is a link"), ("pipe.log", "no regular file")):
        with pytest.raises(VaultError, match=said):
            last_lines(tmp_path / name, 1)
