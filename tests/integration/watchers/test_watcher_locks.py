"""The lock belongs to the watcher, whoever started it and whatever became of that."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from aiemp.errors import LockHeld
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.watchers.launch import running
from tests.integration.watchers.watching import (
    APPROVAL,
    DEADLINE_S,
    FILESYSTEM,
    STOP_S,
    Processes,
    linux_only,
    processed,
    until,
)

# ---- the lock belongs to the watcher


@linux_only
def test_a_watcher_keeps_its_lock_when_its_starter_is_killed(vault: Path, processes: Processes) -> None:
    """kill -9 of the orchestrator: the watcher lives on, and whoever starts it again is told its pid."""
    starter = processes.starter("spawn", "filesystem", vault)
    pid = processes.pid_from(starter)
    starter.kill()
    starter.wait()
    holder = running(vault, "filesystem")
    assert holder is not None
    assert (holder.pid, holder.owner) == (pid, "local engine")
    with pytest.raises(LockHeld, match=rf"filesystem watcher is already running \(pid {pid}, local engine\)"):
        processes.watch(FILESYSTEM, Plan(vault))

    second = processes.starter("exec", "filesystem", vault)
    _, error = second.communicate(timeout=DEADLINE_S)
    assert f"already running (pid {pid}, local engine)" in error.decode()

    argv = [sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault]
    by_hand = processes.run(*argv)
    _, error = by_hand.communicate(timeout=DEADLINE_S)
    assert by_hand.returncode == 0
    assert f"already running (pid {pid}, local engine)" in error.decode()

    os.kill(pid, signal.SIGTERM)
    until(lambda: running(vault, "filesystem") is None, "the lock is free")


@linux_only
def test_the_real_holder_is_found_when_nobody_wrote_it_down(vault: Path, processes: Processes) -> None:
    """The orchestrator died between starting the watcher and noting its pid."""
    watcher = processes.watch(APPROVAL, Plan(vault))
    lock = Places(vault).watcher_lock("approval")
    for written in (
        '{"pid": 0, "what": "watcher approval", "owner": "local engine"}',
        "",
        '{"pid": 4194305}',
    ):
        lock.write_text(written)
        holder = running(vault, "approval")
        assert holder is not None
        assert holder.pid == watcher.pid


@linux_only
def test_a_grandchild_that_inherited_the_lock_is_named(vault: Path, processes: Processes) -> None:
    """The watcher is gone, what it started is not: its pid is the one that has to end."""
    starter = processes.starter("spawn", "feed", vault, "sh", "-c", "sleep 300 & echo $! > child; exit 0")
    processes.pid_from(starter)
    child = vault / "child"
    until(lambda: child.exists() and child.read_text().strip(), "the grandchild")
    pid = int(child.read_text())
    processes.pids.append(pid)
    until(lambda: (running(vault, "feed") or APPROVAL) and running(vault, "feed").pid == pid, "its pid")  # type: ignore[union-attr]
    os.kill(pid, signal.SIGKILL)
    until(lambda: running(vault, "feed") is None, "the lock is free")


def test_becoming_a_watcher_keeps_the_process(vault: Path, processes: Processes) -> None:
    """exec, as aiemp watch and systemd start it: same pid, and it is the holder."""
    process = processes.starter("exec", "approval", vault)
    until(lambda: processed(vault, "approval").exists(), "the first sign of life")
    holder = running(vault, "approval")
    assert holder is not None
    assert (holder.pid, holder.owner) == (process.pid, "aiemp watch")
    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_S) == 0


def test_two_vaults_have_a_watcher_each(vault: Path, tmp_path: Path, processes: Processes) -> None:
    """Locks are per vault: one of each runs, at the same time."""
    other = tmp_path / "other"
    other.mkdir()
    pids = [processes.watch(APPROVAL, Plan(each)).pid for each in (vault, other)]
    holders = [running(each, "approval") for each in (vault, other)]
    assert [holder and holder.pid for holder in holders] == pids
