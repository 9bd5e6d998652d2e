"""Real watchers for a test, which are gone after it, and what they are given and do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import Plan, Watcher
from aiemp.watchers.launch import Launch, prepare, spawn
from aiemp.watchers.registry import BUILT_IN

DEADLINE_S = 20.0

STOP_S = 3.0

LONG_AGO_S = 1_700_000_000

FILESYSTEM, APPROVAL = BUILT_IN

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, leases or prlimit")

STARTER = """
import sys, time, pathlib, os
from aiemp.frozen import replace
from aiemp.plan import Plan, Watcher
from aiemp.watchers.launch import exec_watcher, prepare, spawn
from aiemp.watchers.registry import BUILT_IN
how, name, vault, *command = sys.argv[1:]
plan = Plan(pathlib.Path(vault))
watcher = next((w for w in BUILT_IN if w.name == name), None) or Watcher(name, command=tuple(command))
watcher = replace(watcher, interval_s=1)
launch = prepare(watcher, plan, os.environ)
if how == "exec":
    exec_watcher(watcher, launch, plan, "aiemp watch")
print(spawn(watcher, launch, plan, "local engine", None).pid, flush=True)
time.sleep(600)
"""


def until(
    condition: Callable[[], object], what: str = "the condition", deadline_s: float = DEADLINE_S
) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.01)


class Processes:
    """Starts things, and leaves nothing running."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.pids: list[int] = []

    def watch(
        self, watcher: Watcher, plan: Plan, log: Path | None = None, **changes: str
    ) -> subprocess.Popen[bytes]:
        launch = prepare(watcher, plan, os.environ | changes)
        assert isinstance(launch, Launch), launch
        self.started.append(spawn(watcher, launch, plan, "a test", log))
        return self.started[-1]

    def run(self, *argv: str | Path, **options: object) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.started.append(subprocess.Popen(argv, **{**pipes, **options}))  # type: ignore[call-overload]
        return self.started[-1]

    def starter(self, how: str, name: str, vault: Path, *command: str) -> subprocess.Popen[bytes]:
        """A process that starts a watcher as an orchestrator does, or becomes it."""
        return self.run(sys.executable, "-c", STARTER, how, name, vault, *command)

    def pid_from(self, starter: subprocess.Popen[bytes]) -> int:
        assert starter.stdout is not None
        self.pids.append(int(starter.stdout.readline()))
        return self.pids[-1]

    def end_all(self) -> None:
        for pid in self.pids:
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        for process in self.started:
            process.kill()
            process.communicate()


def every_second(watcher: Watcher) -> Watcher:
    return replace(watcher, interval_s=1)


def put(vault: Path, name: str, text: str = "text", at_s: float = LONG_AGO_S) -> None:
    """A finished file appears in Drop, as if moved there."""
    path = vault / "Drop" / name
    aside = vault.parent / "aside"
    aside.write_text(text)
    os.utime(aside, (at_s, at_s))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(path)


def items(vault: Path) -> list[Path]:
    return sorted((vault / "Needs_Action").rglob("FILE_*.md"))


def processed(vault: Path, name: str) -> Path:
    return Places(vault).processed(name)
