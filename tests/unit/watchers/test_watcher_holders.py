"""Finding the processes that have a file open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiemp.watchers import holders
from aiemp.watchers.holders import first_of, holds, is_alive, processes_holding

NOBODY = 2**22 + 1
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@needs_proc
def test_a_family_with_an_open_file_is_found_and_its_first_one_named(tmp_path: Path) -> None:
    """The shell and its child both have it open; the child comes from the shell."""
    path = tmp_path / "a lock"
    path.touch()
    script = "sleep 60 & echo $!; wait"
    with path.open() as file:
        shell = subprocess.Popen(
            ["sh", "-c", script], pass_fds=(file.fileno(),), stdout=subprocess.PIPE, text=True
        )
        assert shell.stdout is not None
        child = int(shell.stdout.readline())
        try:
            assert processes_holding(path) == {shell.pid, child}
            assert first_of(frozenset({shell.pid, child})) == shell.pid
            assert holds(child, path)
            assert not holds(child, tmp_path)
        finally:
            os.kill(child, 9)
            shell.communicate()
    assert processes_holding(path) == frozenset()


def test_without_proc_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS: not known, which is not the same as nobody."""
    path = tmp_path / "lock"
    path.touch()
    monkeypatch.setattr(holders, "PROC", tmp_path / "no-proc")
    assert processes_holding(path) is None
    assert not holds(os.getpid(), path)
    assert processes_holding(tmp_path / "gone") is None


def test_who_is_alive() -> None:
    """Ourselves, and processes of others; not a pid that nobody has, nor 0 or a nonsensical one."""
    assert is_alive(os.getpid())
    assert is_alive(1)
    for pid in (0, -1, NOBODY):
        assert not is_alive(pid)
    child = subprocess.Popen(["true"])
    child.wait()
    assert not is_alive(child.pid)


def test_the_first_one_is_the_one_the_others_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pids wrap around: the parent may have the higher one. Names may hold anything."""
    for pid, name, parent in ((10, "a) S 1 (b", 20), (20, "b c", 30), (30, "sh", 1)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {pid} {pid} 0 -1\n")
    monkeypatch.setattr(holders, "PROC", tmp_path)
    assert first_of(frozenset({10, 20})) == 20
    assert first_of(frozenset({10, 20, 30})) == 30
    assert first_of(frozenset({10, 30})) == 10
    assert first_of(frozenset()) is None
