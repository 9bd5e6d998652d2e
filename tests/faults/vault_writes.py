"""The ways of writing into a vault that the fault campaign interrupts."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from aiemp.claude.pause import Pause, read_pause, remove_pause, write_pause
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire, probe
from aiemp.mcp.results import last_verdicts, save
from aiemp.mcp.verdict import State, Verdict
from aiemp.ping_trouble import note_ping_trouble, ping_troubles
from aiemp.places import Places
from aiemp.plan import McpServer, Plan
from tests.faults.alert_writes import AlertCleared, AlertRaised
from tests.faults.dashboard_writes import DashboardRow, Rollover
from tests.faults.file_writes import Briefing, DoneArchived, DroppedFile, LogLines
from tests.faults.owners_lines import NOW
from tests.faults.write_paths import Told, again


class PauseSet:
    """``aiemp pause`` in place of an older pause, and ``aiemp resume``."""

    name = "pause of Claude"
    places = frozenset({"pause"})
    old, new = Pause(NOW, None, "old"), Pause(NOW, NOW + timedelta(days=1), "new")

    def prepare(self, vault: Path) -> None:
        write_pause(vault, self.old)

    def write(self, vault: Path) -> None:
        write_pause(vault, self.new)

    def problems(self, vault: Path, told: Told) -> list[str]:
        now = read_pause(vault, NOW)
        found = [] if now in (self.old, self.new) else [f"lost: the pause is {now}"]
        if told is not Told.KILLED and now != (self.new if told is Told.DONE else self.old):
            found.append(f"torn: {told.value}, and the pause is {now}")
        found += again(lambda: self.write(vault))
        if read_pause(vault, NOW) != self.new:
            found.append("lost: the new pause")
        found += again(lambda: remove_pause(vault))
        return found + ([] if read_pause(vault, NOW) is None else ["doubled: it holds after its end"])


class McpResults:
    """What a probe of the MCP servers found."""

    name = "results of the MCP probe"
    places = frozenset({"mcp_results"})
    server = McpServer("email", ("node", "server.js"))

    def prepare(self, vault: Path) -> None:
        save(self._plan(vault), {"email": Verdict(State.AVAILABLE, "old", checked=NOW)})

    def write(self, vault: Path) -> None:
        save(self._plan(vault), {"email": Verdict(State.AVAILABLE, "new", checked=NOW)})

    def problems(self, vault: Path, told: Told) -> list[str]:
        known = last_verdicts(self._plan(vault))["email"].detail
        found = [] if known in ("old", "new") else ["lost: the last verdict"]
        found += again(lambda: self.write(vault))
        known = last_verdicts(self._plan(vault))["email"].detail
        return found + ([] if known == "new" else ["lost: the new verdict"])

    def _plan(self, vault: Path) -> Plan:
        return Plan(vault, mcp_servers=(self.server,))


class PingTroubleNoted:
    """Why calls of an address fail: for whoever looks, and best effort."""

    name = "why pings fail"
    places = frozenset({"ping_trouble"})

    def prepare(self, vault: Path) -> None:
        Places(vault).locks.mkdir(parents=True, exist_ok=True)
        note_ping_trouble(vault, "ping_url", "old")

    def write(self, vault: Path) -> None:
        note_ping_trouble(vault, "ping_url", "new")

    def problems(self, vault: Path, told: Told) -> list[str]:
        known = [trouble.why for trouble in ping_troubles(vault, ("ping_url",))]
        found = [] if known in (["old"], ["new"]) else [f"torn: {known}"]
        found += again(lambda: self.write(vault))
        return found + (
            []
            if [each.why for each in ping_troubles(vault, ("ping_url",))] == ["new"]
            else ["lost: the reason"]
        )


class LockTaken:
    """A run's lock: whether it was got or not, it is free again afterwards."""

    name = "run lock"
    places = frozenset({"run_lock", "orchestrator_lock", "watcher_lock"})

    def prepare(self, vault: Path) -> None:
        pass

    def write(self, vault: Path) -> None:
        with acquire(Places(vault).run_lock, Holder(os.getpid(), "task", "manual")):
            pass

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = ["doubled: it is still held"] if probe(Places(vault).run_lock) else []
        return found + again(lambda: self.write(vault))


class OrchestratorState:
    """The orchestrator's own part of the state, beside the runs' part."""

    name = "orchestrator's state"
    places = frozenset({"ledger", "ledger_lock"})

    def prepare(self, vault: Path) -> None:
        self._save(vault, 1)

    def write(self, vault: Path) -> None:
        self._save(vault, 2)

    def problems(self, vault: Path, told: Told) -> list[str]:
        ticks = Ledger(vault).read().tick_count
        expected = {Told.DONE: (2,), Told.REFUSED: (1,), Told.KILLED: (1, 2)}[told]
        found = [] if ticks in expected else [f"lost: {told.value}, and its ticks are {ticks}"]
        found += again(lambda: self.write(vault))
        return found + ([] if Ledger(vault).read().tick_count == 2 else ["lost: its ticks"])

    def _save(self, vault: Path, ticks: int) -> None:
        Ledger(vault).save_orchestrator(
            tick_count=ticks, start_time=NOW, watcher_restart_counts={"gmail": ticks}, watchers={}
        )


VAULT_WRITES = (
    DashboardRow(),
    Rollover(),
    AlertRaised(),
    AlertCleared(),
    PauseSet(),
    McpResults(),
    PingTroubleNoted(),
    DroppedFile(),
    DoneArchived(),
    LogLines(),
    LockTaken(),
    Briefing(),
    OrchestratorState(),
)
