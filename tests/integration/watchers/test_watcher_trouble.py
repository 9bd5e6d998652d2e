"""A watcher that is killed, whose vault vanishes, whose disk is full: no file is lost or doubled."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from aiemp.plan import Plan
from tests.integration.watchers.watching import (
    FILESYSTEM,
    Processes,
    every_second,
    items,
    linux_only,
    processed,
    put,
    until,
)


def test_killed_at_any_moment_each_file_gets_exactly_one_item(vault: Path, processes: Processes) -> None:
    """Thirty kill -9 while files are dropped: no item is lost, none is there twice, no half one is seen."""
    chance = random.Random(20260227)
    watcher, plan = every_second(FILESYSTEM), Plan(vault)
    done = vault / "Needs_Action" / "done by now"
    done.mkdir()
    names = set()
    interrupted = 0
    for number in range(30):
        process = processes.watch(watcher, plan, vault.parent / "log")
        for part in range(3):
            name = f"{number:02}-{part}.txt"
            put(vault, name, name)
            names.add(name)
        before = len(items(vault))
        if number % 2:
            until(lambda before=before: len(items(vault)) > before, "the first of three")  # type: ignore[misc]
        else:
            time.sleep(chance.uniform(0.02, 0.15))  # the moment is what this test is about
        process.kill()
        process.wait()
        interrupted += before < len(items(vault)) < len(names)
        (done / str(number)).mkdir()
        for item in sorted((vault / "Needs_Action" / "file").glob("FILE_*.md"))[::2]:
            item.rename(done / str(number) / item.name)  # Claude is quick
    processes.watch(watcher, plan, vault.parent / "log")
    until(lambda: len(items(vault)) >= len(names), "all items")
    ids = processed(vault, "filesystem")
    until(ids.exists, "the record")
    until(lambda: len(json.loads(ids.read_bytes())["processed_ids"]) >= len(names), "all ids")
    subjects = [
        json.loads(item.read_text().partition("subject: ")[2].partition("\n")[0]) for item in items(vault)
    ]
    assert sorted(subjects) == sorted(names)
    assert all(item.read_text().endswith("bytes\n") for item in items(vault))
    assert [path.name for path in (vault / "Needs_Action").rglob(".*")] == []
    assert interrupted, "no kill came while items were being written: the test shows nothing"


def test_a_vault_that_vanishes_is_waited_for(vault: Path, processes: Processes) -> None:
    """Said once; nothing is made in its place; and afterwards all is as before."""
    log = vault.parent / "log"
    processes.watch(every_second(FILESYSTEM), Plan(vault), log)
    put(vault, "before.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    away = vault.parent / "away"
    vault.rename(away)
    vault.mkdir()  # what is left of a mount point
    until(lambda: "cannot be reached" in log.read_text(), "a word about it")
    until(lambda: log.stat().st_mtime < time.time() - 2.5, "some more looks")
    assert log.read_text().count("cannot be reached") == 1
    assert list(vault.iterdir()) == []
    vault.rmdir()
    away.rename(vault)
    put(vault, "after.txt")
    until(lambda: len(items(vault)) == 2, "the other item")
    until(lambda: "this is over" in log.read_text(), "a word about it")


def switches(pid: int) -> int:
    """How often a process has gone to sleep (proc(5))."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


@linux_only
def test_a_full_disk_is_said_once_and_waited_out(vault: Path, processes: Processes) -> None:
    """Writes fail (here: by a limit on file sizes): said on standard error, and later all is done."""
    put(vault, "a.txt")
    said = vault.parent / "said"

    def allow_no_writes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    with said.open("wb") as file:
        reader = processes.run("cat", stdin=subprocess.PIPE, stdout=file)
    process = processes.run(
        *(sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault, "--interval", "1"),
        stdout=reader.stdin,
        stderr=reader.stdin,
        cwd="/",
        preexec_fn=allow_no_writes,
    )
    until(lambda: b"cannot work now" in said.read_bytes(), "a word about it")
    woken = switches(process.pid)  # it can write nothing, so only that tells of another look
    until(lambda: switches(process.pid) > woken + 1, "another look")
    assert said.read_bytes().count(b"cannot work now") == 1
    assert items(vault) == []
    assert process.poll() is None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    until(lambda: len(items(vault)) == 1, "the item")
