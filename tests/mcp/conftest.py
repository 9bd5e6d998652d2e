"""Servers to try: a real one from npm, and one of ours that behaves as badly as it is told to."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.mcp.probe import ProbeLimits, probe_servers
from aiemp.mcp.verdict import Verdict
from aiemp.plan import McpServer, Plan
from tests.conftest import processes_naming
from tests.npm_packages import installed

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PATIENT = ProbeLimits(answer_s=30.0, close_s=10.0, terminate_s=5.0, total_s=100.0)
HURRIED = ProbeLimits(answer_s=1.5, close_s=0.3, terminate_s=0.3)

Try = Callable[..., dict[str, Verdict]]
Fake = Callable[..., McpServer]


@pytest.fixture(scope="session")
def everything() -> Path:
    """The script of @modelcontextprotocol/server-everything."""
    modules = installed(HERE / "package.json", "mcp", "MCP server")
    return modules / "@modelcontextprotocol/server-everything/dist/index.js"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Fake]:
    """``fake("hang")`` is a server that behaves so; none of its processes may be left after the test."""
    script = tmp_path / "fake_server.py"
    shutil.copy(HERE / "fake_server.py", script)

    def server(behaviour: str, *more: str, name: str = "") -> McpServer:
        return McpServer(name or behaviour, (sys.executable, "-S", str(script), behaviour, *more))

    yield server
    left = processes_naming(str(script))
    for pid in left:
        os.kill(pid, 9)
    assert left == [], "processes were left"


@pytest.fixture
def probe(vault: Path) -> Try:
    """Tries servers of the vault."""

    def run(*servers: McpServer, limits: ProbeLimits = HURRIED, **environ: str) -> dict[str, Verdict]:
        plan = Plan(vault, mcp_servers=servers)
        given = {"PATH": os.environ["PATH"], "HOME": str(vault.parent), **environ}
        return probe_servers(plan, servers, given, NOW, limits=limits)

    return run
