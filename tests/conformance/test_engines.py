"""The engines of the suite are what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.local import Home, LocalLoop, LocalLoopAsOnAMac
from tests.conformance.plans import DUE, IDLE, WORKS, script, task, watcher

ORPHAN = "sleep 0.3; exec cut -d\\  -f4 /proc/self/stat > Done/parent"
"""Writes down whose child it is by then."""


@pytest.fixture(params=[LocalLoop, LocalLoopAsOnAMac])
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalLoop]:
    """A local loop, as on Linux and as on a Mac."""
    made: LocalLoop = request.param(Home(tmp_path))
    try:
        yield made
    finally:
        made.close()


def test_a_mac_has_nothing_of_linux(loop: LocalLoop) -> None:
    """On Linux the orchestrator watches an adopted watcher through a pidfd, the drop watcher its folder by inotify, and
    a run hears of orphans; as on a Mac none of these is so, in any process of it."""
    is_linux = not isinstance(loop, LocalLoopAsOnAMac)
    loop.write(script("nap"), WORKS)
    loop.begin(
        IDLE.replace("[watchers.filesystem]\nenabled = false\n", "")
        + watcher("nap", loop.name_of_vault)
        + task("job", f"sh -c '({ORPHAN}) &'; echo $PPID > Done/run; sleep 1", **DUE)
    )
    loop.until(lambda: loop.watcher("filesystem") and loop.watcher("nap"), "the watchers")
    loop.until(lambda: loop.attempts("job") == ["succeeded"], "the run")
    assert (loop.lines("Done/parent") == loop.lines("Done/run")) == is_linux, loop.lines("Done/parent")
    loop.kill_orchestrator()
    loop.until(lambda: loop.orchestrator and "is running already" in loop.said(), "the adoption")
    loop.until(
        lambda: ("anon_inode:[pidfd]" in descriptors(loop.orchestrator)) == is_linux, "its pidfd, or none"
    )
    loop.until(
        lambda: ("anon_inode:inotify" in descriptors(loop.watcher("filesystem"))) == is_linux, "inotify"
    )


def descriptors(pid: int) -> list[str]:
    """What a process has open."""
    return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
