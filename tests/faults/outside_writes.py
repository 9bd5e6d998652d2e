"""The files that aiemp writes outside of the vault's own work: its configuration, its units, a new vault."""

from __future__ import annotations

import json
from pathlib import Path

from aiemp.config.edit import set_enabled
from aiemp.mcp.approval import adopt_servers, approved_servers
from aiemp.plan import McpServer, Plan
from aiemp.systemd.unit_folder import present_units, write_units
from aiemp.systemd.units import UnitFile
from aiemp.vault.scaffold import FOLDERS, scaffold
from tests.faults.write_paths import Told, again

CONFIG = "# My own words.\nvault = '/somewhere'\n\n[tasks.morning_triage]\nenabled = true  # mine\n"


class ConfigSwitched:
    """``aiemp disable`` in a configuration with its owner's words in it."""

    name = "aiemp.toml"
    places: frozenset[str] = frozenset()

    def prepare(self, vault: Path) -> None:
        self._path(vault).write_text(CONFIG)

    def write(self, vault: Path) -> None:
        set_enabled(self._path(vault), "tasks", "morning_triage", False)

    def problems(self, vault: Path, told: Told) -> list[str]:
        new = CONFIG.replace("= true", "= false")
        text = self._path(vault).read_text()
        expected = {Told.DONE: (new,), Told.REFUSED: (CONFIG,), Told.KILLED: (CONFIG, new)}[told]
        found = [] if text in expected else [f"lost: {told.value}, and it says {text!r}"]
        found += again(lambda: self.write(vault))
        return found + ([] if self._path(vault).read_text() == new else ["lost: the change"])

    def _path(self, vault: Path) -> Path:
        return vault.parent / "aiemp.toml"


class ServersAdopted:
    """The note of the MCP servers that their owner has agreed to."""

    name = "approved MCP servers"
    places: frozenset[str] = frozenset()

    def prepare(self, vault: Path) -> None:
        adopt_servers(self._plan(vault, "old"), {})

    def write(self, vault: Path) -> None:
        adopt_servers(self._plan(vault, "old", "new"), {})

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = [] if set(approved_servers(self._plan(vault), {})) >= {"old"} else ["lost: the older one"]
        found += again(lambda: self.write(vault))
        names = set(approved_servers(self._plan(vault), {}))
        return found + ([] if names == {"old", "new"} else [f"lost: {names}"])

    def _plan(self, vault: Path, *names: str) -> Plan:
        servers = tuple(McpServer(name, ("node", name), from_vault=True) for name in names)
        return Plan(vault, mcp_servers=servers, config_file=vault.parent / "aiemp.toml")


class UnitsWritten:
    """Two units, one of them there already: both are new, or all is as it was."""

    name = "unit files"
    places: frozenset[str] = frozenset()
    old = (UnitFile("aiemp-orchestrator.service", "old\n"),)
    new = (UnitFile("aiemp-orchestrator.service", "new\n"), UnitFile("aiemp-watcher-b.service", "new\n"))

    def prepare(self, vault: Path) -> None:
        write_units(vault / "units", self.old)

    def write(self, vault: Path) -> None:
        write_units(vault / "units", self.new)

    def problems(self, vault: Path, told: Told) -> list[str]:
        there = present_units(vault / "units")
        before = {unit.name: unit.content for unit in self.old}
        after = {unit.name: unit.content for unit in self.new}
        found = []
        if told is not Told.KILLED and there != (after if told is Told.DONE else before):
            found.append(f"torn: {told.value}, and there is {there}")
        if not set(there.values()) <= {"old\n", "new\n"} or "aiemp-orchestrator.service" not in there:
            found.append(f"lost: there is {there}")
        found += again(lambda: self.write(vault))
        return found + ([] if present_units(vault / "units") == after else ["lost: the new units"])


class VaultMade:
    """``aiemp init``: a new vault's folders and first files."""

    name = "new vault"
    places = frozenset({"state"})

    def prepare(self, vault: Path) -> None:
        vault.rmdir()

    def write(self, vault: Path) -> None:
        scaffold(vault)

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = again(lambda: self.write(vault))
        missing = [name for name, _ in FOLDERS if not (vault / name).is_dir()]
        empty = [path.name for path in vault.rglob("*.md") if not path.stat().st_size]
        whole = vault.with_name("whole")
        scaffold(whole)
        torn = [
            str(path.relative_to(whole))
            for path in whole.rglob("*")
            if path.is_file() and (vault / path.relative_to(whole)).read_bytes() != path.read_bytes()
        ]
        found += [f"lost: {missing}"] if missing else []
        return found + ([f"torn: {torn} {empty} {json.dumps(told.value)}"] if torn or empty else [])


OUTSIDE_WRITES = (ConfigSwitched(), ServersAdopted(), UnitsWritten(), VaultMade())
