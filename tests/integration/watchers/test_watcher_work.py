"""The built-in watchers at work, as real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from aiemp.frozen import replace
from aiemp.plan import DryRun, Plan, Watcher
from aiemp.watchers.registry import BUILT_IN
from tests.integration.watchers.watching import (
    APPROVAL,
    DEADLINE_S,
    FILESYSTEM,
    LONG_AGO_S,
    STOP_S,
    Processes,
    every_second,
    items,
    linux_only,
    processed,
    put,
    until,
)

# ---- its work


@pytest.mark.parametrize("watcher", BUILT_IN, ids=lambda watcher: watcher.name)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_built_in_watcher_stops_cleanly(
    vault: Path, processes: Processes, watcher: Watcher, number: signal.Signals
) -> None:
    """Exit 0 within moments, also while it waits for the next look in an hour."""
    process = processes.watch(replace(watcher, interval_s=3600), Plan(vault))
    until(lambda: processed(vault, watcher.name).exists(), "the first sign of life")
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(STOP_S) == 0
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("watcher", BUILT_IN, ids=lambda watcher: watcher.name)
def test_a_working_watcher_shows_that_it_works(vault: Path, processes: Processes, watcher: Watcher) -> None:
    """The processed file's mtime is refreshed again and again, by which "hung" is told."""
    processes.watch(every_second(watcher), Plan(vault))
    path = processed(vault, watcher.name)
    until(path.exists, "the first sign of life")
    for _ in range(2):
        os.utime(path, (1, 1))
        until(lambda: path.stat().st_mtime > 1, "a sign of life")


def test_a_dropped_file_is_noticed_long_before_the_interval_is_over(
    vault: Path, processes: Processes
) -> None:
    """Events wake the watcher, in new subfolders too."""
    processes.watch(replace(FILESYSTEM, interval_s=3600), Plan(vault))
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    put(vault, "new folder/b.txt")
    until(lambda: len(items(vault)) == 2, "an item of the subfolder")
    put(vault, "new folder/c.txt")
    until(lambda: len(items(vault)) == 3, "another item of the subfolder")


def test_without_events_the_interval_is_enough(vault: Path, processes: Processes) -> None:
    """Where the system has no events to give, or no more of them."""
    log = vault.parent / "log"
    processes.watch(every_second(FILESYSTEM), Plan(vault), log, WATCHFILES_FORCE_POLLING="1")
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    until(lambda: "seen only at each interval" in log.read_text(), "a word about it")


@linux_only
def test_a_link_in_drop_does_not_make_it_watch_the_machine(vault: Path, processes: Processes) -> None:
    """Neither listed nor watched: the watches are those of Drop and its real folders."""
    (vault / "Drop" / "sub").mkdir()
    (vault / "Drop" / "everything").symlink_to("/usr")
    process = processes.watch(replace(FILESYSTEM, interval_s=3600), Plan(vault))

    def watches() -> int:
        total = 0
        for path in Path(f"/proc/{process.pid}/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed just now
                total += path.read_text().count("inotify wd")
        return total

    until(lambda: watches() == 2, "two watches")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    assert watches() == 2


@linux_only
def test_a_file_that_is_being_written_is_taken_once_it_is_whole(vault: Path, processes: Processes) -> None:
    """The writer pauses for longer than a file has to stand still, but has not closed it: one item."""
    processes.watch(every_second(FILESYSTEM), Plan(vault))
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    path = vault / "Drop" / "slow.csv"
    finished = ""
    with path.open("w") as file:
        for number in range(2):
            file.write(f"line {number}\n" * 100)
            file.flush()
            os.utime(path, (LONG_AGO_S, LONG_AGO_S))
            began = time.monotonic()
            while time.monotonic() - began < 1.3:
                assert items(vault) == [], "taken before it was whole"
                time.sleep(0.05)
        finished = str(file.tell())
    until(lambda: items(vault), "an item")
    [item] = items(vault)
    assert f"size_bytes: {finished}\n" in item.read_text()
    for _ in range(2):  # the second sign tells of a look that began after the item
        os.utime(processed(vault, "filesystem"), (1, 1))
        until(lambda: processed(vault, "filesystem").stat().st_mtime > 1, "another look")
    assert items(vault) == [item]


def test_a_file_that_grows_by_and_by_is_taken_once_it_stands_still(vault: Path, processes: Processes) -> None:
    """Opened and closed for each line: nobody holds it open, only the pauses tell."""
    processes.watch(every_second(FILESYSTEM), Plan(vault))
    path = vault / "Drop" / "log.txt"
    for number in range(5):
        with path.open("a") as file:
            file.write(f"line {number}\n")
        time.sleep(0.4)  # the writer's pace
        assert items(vault) == []
    until(lambda: items(vault), "an item")
    [item] = items(vault)
    assert f"size_bytes: {path.stat().st_size}\n" in item.read_text()


def test_a_dry_run_leaves_the_vault_as_it_is(vault: Path, processes: Processes) -> None:
    """Nothing but our own locks; what would be done is said."""
    put(vault, "a.txt")
    (vault / "Approved" / "x.md").touch()
    plan = Plan(vault, dry_run=DryRun(True, "a test"))
    before = sorted(path for path in vault.rglob("*") if "aiemp" not in path.parts)
    log = vault.parent / "log"
    for watcher in BUILT_IN:
        processes.watch(every_second(watcher), plan, log)
    until(lambda: "dry run: 'Drop/a.txt' would become FILE_a_" in log.read_text(), "the report")
    until(lambda: log.read_text().count("nothing is written") == 2, "both")
    after = sorted(
        path for path in vault.rglob("*") if path.relative_to(vault).parts[:2] != (".state", "aiemp")
    )
    assert after == before


def test_one_look_ends_by_itself(vault: Path, processes: Processes) -> None:
    """--once: waits for fresh files to settle, does what there is to do, exit 0."""
    put(vault, "old.txt")
    put(vault, "fresh.txt", at_s=time.time())
    argv = (sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault, "--once")
    process = processes.run(*argv, cwd="/")
    assert process.wait(DEADLINE_S) == 0
    assert len(items(vault)) == 2


def test_stale_approvals_are_counted_for_whoever_asks(vault: Path, processes: Processes) -> None:
    """--check-stale: the words that the seed's trigger looks for, exit 0; also while the watcher runs."""
    processes.watch(APPROVAL, Plan(vault))
    (vault / "Pending_Approval" / "a\n.md").write_text("---\nexpires: 2020-01-01T00:00:00Z\n---\n")
    (vault / "Pending_Approval" / "b.md").write_text("---\ntype: approval_request\n---\n")
    argv = (sys.executable, "-m", "aiemp.watchers.approval", "--vault", vault, "--check-stale")
    process = processes.run(*argv, cwd="/")
    output, error = process.communicate(timeout=DEADLINE_S)
    assert output.decode() == 'Found 1 stale approvals\n"Pending_Approval/a\\n.md"\n', error.decode()
    assert process.returncode == 0
