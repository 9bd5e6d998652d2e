"""The orchestrator's eye on its parts: the seed's cases (section 5B, "Health monitoring")."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from aiemp.config.load import load_plan
from aiemp.health import health_rows, mcp_verdict, observed_watchers
from aiemp.plan import McpServer
from aiemp.watcher_status import WatcherState
from tests.conftest import Running, wait_until
from tests.observed import pid_of

Start = Callable[..., Running]
WriteConfig = Callable[[str], Path]
ONE_WATCHER = '[watchers.nap]\ncommand = ["sleep", "300"]\n'


def test_health_check_detects_crashed_watcher(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, environ: dict[str, str]
) -> None:
    """A watcher that gave up is seen as paused, with the reason, by everybody who looks."""
    write_config('[watchers.bad]\ncommand = ["false"]\n[limits]\nrestarts = 1\n')
    start_aiemp("run", "--no-schedules", "--interval", "1")

    def state() -> WatcherState:
        plan = load_plan(vault=vault, environ=environ)
        return {s.name: s.state for s in observed_watchers(plan)}["bad"]

    wait_until(lambda: state() is WatcherState.PAUSED, "the pause")
    wait_until(lambda: list((vault / "Needs_Action" / "alerts").glob("*.md")), "the alert's file")
    (alert,) = (vault / "Needs_Action" / "alerts").glob("*.md")
    assert "exit status 1" in alert.read_text(encoding="utf-8")
    wait_until(
        lambda: "Bad Watcher | 🟡 Paused" in (vault / "Dashboard.md").read_text(encoding="utf-8"), "its row"
    )


def test_health_check_restarts_crashed(vault: Path, start_aiemp: Start, write_config: WriteConfig) -> None:
    """A watcher that is killed is back at once: no check interval passes in between."""
    write_config(ONE_WATCHER)
    start_aiemp("run", "--no-schedules", "--interval", "3600")
    wait_until(lambda: pid_of(vault, "nap"), "the watcher")
    first = pid_of(vault, "nap")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid_of(vault, "nap") not in (0, first), "its successor", deadline_s=10)


def test_health_check_updates_dashboard(vault: Path, start_aiemp: Start, write_config: WriteConfig) -> None:
    """A crash leaves a row under Recent Errors; the health table keeps the vault's own row."""
    write_config('[watchers.gmail]\ncommand = ["sleep", "300"]\n')
    start_aiemp("run", "--no-schedules")
    dashboard = vault / "Dashboard.md"
    wait_until(lambda: "| Gmail Watcher | 🟢 Running |" in dashboard.read_text(encoding="utf-8"), "its row")
    watcher = pid_of(vault, "gmail")
    assert watcher, "it is gone already"
    os.kill(watcher, signal.SIGKILL)
    wait_until(lambda: "killed by SIGKILL" in dashboard.read_text(encoding="utf-8"), "the error row")
    text = dashboard.read_text(encoding="utf-8")
    assert text.count("Gmail Watcher") == 1
    assert "My own notes stay." in text


def test_health_check_mcp_availability(vault: Path, environ: dict[str, str]) -> None:
    """An MCP server is available when its entry file exists, "not built" with its source alone."""
    server = vault / "mcp-servers" / "email-mcp"
    built = McpServer("email-mcp", entry=server / "dist" / "index.js")
    assert mcp_verdict(built) == "🔴 Missing"
    (server / "src").mkdir(parents=True)
    (server / "src" / "index.ts").touch()
    assert mcp_verdict(built) == "🟠 Not built"
    (server / "dist").mkdir()
    (server / "dist" / "index.js").touch()
    assert mcp_verdict(built) == "🟢 Available"
    # A vault without .mcp.json: the seed's folder convention names the servers.
    rows = {row.component: row.status for row in health_rows(load_plan(vault=vault, environ=environ))}
    assert rows["email-mcp"] == "🟢 Available"
