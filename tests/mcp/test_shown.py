"""The probe as its owner meets it: health update, dashboard, status, doctor, with real processes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.places import Places
from tests.conftest import Aiemp, Running, wait_until
from tests.mcp.conftest import HERE

WriteConfig = Callable[[str], Path]


@pytest.fixture
def server(vault: Path) -> list[str]:
    """The command of a server that answers, and leaves a mark in the vault each time it is started."""
    script = vault / "scripts" / "server.py"
    script.parent.mkdir()
    text = (HERE / "fake_server.py").read_text()
    script.write_text(text.replace("def good(*_):\n", "def good(*_):\n    open('STARTED', 'a').write('x')\n"))
    return [sys.executable, "-S", str(script), "good"]


def starts(vault: Path) -> int:
    """How often the server was started."""
    mark = vault / "STARTED"
    return len(mark.read_text()) if mark.exists() else 0


def dashboard_row(vault: Path, name: str) -> str:
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    return next((line for line in text.splitlines() if line.startswith(f"| {name}")), "")


def name_server(vault: Path, command: list[str]) -> None:
    servers = {"notes-mcp": {"command": command[0], "args": command[1:]}}
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))


def test_the_health_update_tries_what_its_owner_adopted(vault: Path, aiemp: Aiemp, server: list[str]) -> None:
    """After `aiemp init` the server of .mcp.json is started once by each health update, and shown with name,
    version and time; status and doctor start nothing."""
    name_server(vault, server)
    aiemp("init", check=True)
    done = aiemp("trigger", "health_dashboard_update")
    assert done.returncode == 0, done.stderr
    assert re.search(r"🟢 Available \(fake 1\.2\.3, \d+ ms\)", dashboard_row(vault, "Notes MCP"))
    status = json.loads(aiemp("status", "--json").stdout)["mcp_servers"][0]
    assert (status["state"], status["server"], status["version"]) == ("available", "fake", "1.2.3")
    assert status["checked"] and status["answered_ms"] > 0
    assert re.search(r"MCP notes-mcp +available \(fake 1\.2\.3, \d+ ms\), tried ", aiemp("status").stdout)
    assert "notes-mcp answers" in aiemp("doctor").stdout
    assert starts(vault) == 1


def test_a_server_that_appears_in_the_vault_is_not_started(
    vault: Path, aiemp: Aiemp, server: list[str]
) -> None:
    """A mail that talks Claude into writing .mcp.json gets nothing started by aiemp; its owner is told, and
    can try it."""
    aiemp("init", check=True)
    name_server(vault, server)
    assert aiemp("trigger", "health_dashboard_update").returncode == 0
    assert starts(vault) == 0
    assert "🟡 New, not tried" in dashboard_row(vault, "Notes MCP")
    doctor = aiemp("doctor", "--json")
    (found,) = [each for each in json.loads(doctor.stdout)["checks"] if each["check"] == "mcp"]
    assert found["level"] == "warn"
    assert found["remedy"].endswith(" init")
    tried = aiemp("doctor", "mcp").stdout
    assert "notes-mcp answers: fake 1.2.3" in tried
    assert "is new in the vault" in tried
    assert starts(vault) == 1


def test_a_dry_run_starts_nothing(vault: Path, aiemp: Aiemp, server: list[str]) -> None:
    """Only files are looked at, and nothing is kept."""
    name_server(vault, server)
    aiemp("init", check=True)
    assert aiemp("trigger", "health_dashboard_update", "--dry-run").returncode == 0
    assert aiemp("doctor", "mcp", DRY_RUN="true").returncode in (0, 3)
    assert starts(vault) == 0
    assert not Places(vault).mcp_results.exists()


def test_the_orchestrator_shows_the_last_probe(
    vault: Path,
    aiemp: Aiemp,
    server: list[str],
    write_config: WriteConfig,
    start_aiemp: Callable[..., Running],
) -> None:
    """What the health update found is not overwritten by a look at files when the orchestrator writes its
    own health; a server of aiemp.toml needs no adoption."""
    write_config(f"[mcp.notes-mcp]\ncommand = {json.dumps(server)}\n")
    assert aiemp("trigger", "health_dashboard_update").returncode == 0
    assert starts(vault) == 1
    dashboard = vault / "Dashboard.md"
    text = dashboard.read_text(encoding="utf-8")
    checked = dashboard_row(vault, "Notes MCP").split("|")[3].strip()
    dashboard.write_text(text.replace("Available (fake", "Something else (fake"), encoding="utf-8")
    start_aiemp("run", "--no-schedules", "--no-watchers", "--interval", "1")
    wait_until(lambda: "Available (fake 1.2.3" in dashboard_row(vault, "Notes MCP"), "the row")
    assert dashboard_row(vault, "Notes MCP").split("|")[3].strip() == checked, "when it was tried"
    assert starts(vault) == 1


def test_a_dead_server_needs_its_owner(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """Status and doctor say what it said when it died; the health update itself has not failed."""
    script = vault.parent / "fake_server.py"
    shutil.copy(HERE / "fake_server.py", script)
    write_config(f"[mcp.notes-mcp]\ncommand = {json.dumps([sys.executable, str(script), 'dies'])}\n")
    assert aiemp("trigger", "health_dashboard_update").returncode == 0
    assert "🔴 Died (exit status 1: Error: Cannot find module" in dashboard_row(vault, "Notes MCP")
    status = aiemp("status")
    assert status.returncode == 3
    assert "MCP server notes-mcp died: exit status 1: Error: Cannot find module 'left-pad'" in status.stdout
    assert "MCP server notes-mcp died" in aiemp("doctor").stdout
