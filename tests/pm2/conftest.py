"""A real PM2 with a home of its own; whatever it started is gone after the test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import processes_naming, wait_until
from tests.npm_packages import installed

HERE = Path(__file__).resolve().parent
NAME = "aiemp-orchestrator"

ONE_LONG_TASK = """
[tasks]
morning_triage = { enabled = false }
linkedin_post = { enabled = false }
stale_approval_check = { enabled = false }
daily_rollover = { enabled = false }
health_dashboard_update = { enabled = false }
done_archive = { enabled = false }

[tasks.long]
frequency = "hourly"
command = ["/bin/sh", "-c", 'echo "$NODE_CHANNEL_FD" > channel; exec sleep 300']
"""


@pytest.fixture(scope="session")
def pm2_program() -> Path:
    """PM2's script, installed once for all runs and workers."""
    return installed(HERE / "package.json", "pm2", "PM2") / "pm2/bin/pm2"


class Pm2:
    """One PM2 and its daemon."""

    def __init__(self, program: Path, home: Path, environ: dict[str, str], cwd: Path) -> None:
        node = shutil.which("node")
        assert node is not None
        self.command = [node, str(program)]
        path = f"{environ['PATH']}:{Path(node).parent}"
        self.environ = {**environ, "PATH": path, "PM2_HOME": str(home), "PM2_DISABLE_VERSION_CHECK": "true"}
        self.home = home
        self.cwd = cwd

    def __call__(self, *arguments: str, check: bool = True, **env: str) -> str:
        """Run ``pm2``; what it printed."""
        done = subprocess.run(
            [*self.command, *arguments],
            env={**self.environ, **env},
            cwd=self.cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=80,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout + done.stderr

    def look(self) -> dict[str, Any]:
        """What PM2 knows of the orchestrator: ``pid``, and ``pm2_env`` with all else."""
        listed = [line for line in self("jlist").splitlines() if line.startswith("[")]
        entries: list[dict[str, Any]] = json.loads(listed[-1])
        return next(entry for entry in entries if entry["name"] == NAME)

    @property
    def pid(self) -> int:
        """The orchestrator's process, as PM2 knows it; from its file, which costs less than asking."""
        files = list((self.home / "pids").glob(f"{NAME}-*.pid"))
        text = files[0].read_text() if files else ""
        return int(text) if text.isdigit() else 0

    def said(self) -> str:
        """What the orchestrator said, as PM2 keeps it."""
        return (self.home / "logs" / f"{NAME}-error.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def pm2(pm2_program: Path, environ: dict[str, str], tmp_path: Path) -> Iterator[Pm2]:
    """A PM2 of the test's own."""
    # Its sockets lie in there, and the path of a socket must be short.
    home = Path(tempfile.mkdtemp(prefix="pm2-"))
    made = Pm2(pm2_program, home, environ, tmp_path)
    try:
        yield made
        made("kill")
        wait_until(lambda: not processes_naming(str(tmp_path)), "nothing is left of the vault's processes")
        wait_until(lambda: not processes_naming(str(home)), "PM2's daemon is gone")
    finally:
        for pid in processes_naming(str(home)) + processes_naming(str(tmp_path)):
            os.kill(pid, 9)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def configure(environ: dict[str, str], vault: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes PM2's configuration with ``aiemp pm2-config``, for the test's vault."""

    def write(*options: str, name: str = "ecosystem.config.js") -> Path:
        file = tmp_path / name
        command = [sys.executable, "-m", "aiemp", "--vault", str(vault), *options]
        subprocess.run(
            [*command, "pm2-config", "--output", str(file)],
            env=environ,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=60,
        )
        return file

    return write


def watchers_of(vault: Path) -> list[int]:
    """The processes of the vault's built-in watchers."""
    return sorted(pid for pid in processes_naming(str(vault)) if b"aiemp.watchers." in command_line(pid))


def command_line(pid: int) -> bytes:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
