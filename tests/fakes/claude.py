"""A scripted fake ``claude``: a real executable that behaves as badly as a test wants."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STREAMING = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]
"""What aiemp asks Claude Code for first."""

BODY = Path(__file__).with_name("claude_script.py")


class FakeClaude:
    """An executable ``claude`` in ``folder``, which the tests put on the PATH."""

    def __init__(self, folder: Path, *steps: tuple[Any, ...]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "claude"
        self.path.write_text(f"#!{sys.executable} -S\n{BODY.read_text(encoding='utf-8')}", encoding="utf-8")
        self.path.chmod(0o755)
        self.does(*steps)

    def does(self, *steps: tuple[Any, ...]) -> None:
        """What it does when called: ``("say", "hello"), ("end", 3)``; the verbs are in claude_script."""
        (self.folder / "script.json").write_text(json.dumps(steps), encoding="utf-8")

    def knows(self, *options: str) -> None:
        """The only options that it knows, as an older Claude Code; it refuses others as that does."""
        (self.folder / "known.json").write_text(json.dumps(options), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        """This process's environment with the fake first on the PATH."""
        return {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """How it was called, call by call: argv, cwd, env, stdin, leads_session."""
        try:
            lines = (self.folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def pids(self) -> list[int]:
        """Itself and everything it started that noted its pid."""
        try:
            return [int(line) for line in (self.folder / "pids").read_text().split()]
        except FileNotFoundError:
            return []

    def alive(self) -> list[int]:
        """Which of :meth:`pids` still are processes; a zombie counts, since nobody has reaped it."""
        return [pid for pid in self.pids() if exists(pid)]


def exists(pid: int) -> bool:
    """Whether there is a process ``pid``, a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Any, what: str, *, timeout_s: float = 30.0) -> None:
    """Wait for ``condition()`` to be true; fail with ``what`` when it is not within ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.01)
