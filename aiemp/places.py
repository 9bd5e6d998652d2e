"""Where aiemp keeps things inside a vault: every path it writes to is named here, and who writes it.

``.state`` and ``Logs`` are folders of the vault's own convention; what is ours alone lies in ``aiemp/``
below them. Pure: names paths, touches nothing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aiemp.frozen import frozen


@frozen
class Places:
    """The files of one vault."""

    vault: Path

    @property
    def dashboard(self) -> Path:
        """Written only by :mod:`aiemp.dashboard.writer`."""
        return self.vault / "Dashboard.md"

    @property
    def state(self) -> Path:
        return self.vault / ".state"

    @property
    def ledger(self) -> Path:
        """The state file of the seed (3B). Written only by :mod:`aiemp.ledger`."""
        return self.state / "orchestrator_state.json"

    @property
    def locks(self) -> Path:
        return self.state / "aiemp"

    @property
    def ledger_lock(self) -> Path:
        """Held while the ledger is read, changed and replaced."""
        return self.locks / "ledger.lock"

    @property
    def reserve(self) -> Path:
        """Room on the disk, held for the end of a run. Written only by the ledger."""
        return self.locks / "reserve"

    def ping_trouble(self, setting: str) -> Path:
        """Why calls of an address of [alerts] fail. Written only by :mod:`aiemp.ping_trouble`."""
        return self.locks / f"{setting}.trouble"

    @property
    def dashboard_lock(self) -> Path:
        """Held while Dashboard.md is read, changed and replaced."""
        return self.locks / "dashboard.lock"

    @property
    def dashboard_rows(self) -> Path:
        """The rows of late that others might still undo. Written only by :mod:`aiemp.dashboard.kept_rows`."""
        return self.locks / "dashboard-rows.json"

    @property
    def rollover(self) -> Path:
        """What is about to leave the dashboard. Written only by :mod:`aiemp.dashboard.rollover`."""
        return self.locks / "rollover.json"

    def rescued_text(self, time_ns: int) -> Path:
        """A text of others that could not be brought into Dashboard.md. Written by the dashboard's writer."""
        return self.locks / f"dashboard-{time_ns}.md"

    @property
    def alerts_lock(self) -> Path:
        """Held while the file of an alert is read, changed and replaced."""
        return self.locks / "alerts.lock"

    @property
    def run_lock(self) -> Path:
        """Held while a task runs: one run at a time in a vault."""
        return self.locks / "run.lock"

    @property
    def orchestrator_lock(self) -> Path:
        """Held as long as an orchestrator lives: one in a vault."""
        return self.locks / "orchestrator.lock"

    @property
    def pause(self) -> Path:
        """The pause of Claude Code. Written only by :mod:`aiemp.claude.pause`."""
        return self.locks / "pause.json"

    @property
    def mcp_results(self) -> Path:
        """What the last probe of MCP servers found. Written only by :mod:`aiemp.mcp.results`."""
        return self.locks / "mcp.json"

    def watcher_lock(self, name: str) -> Path:
        """Held by the watcher itself as long as it lives."""
        return self.locks / f"watcher-{name}.lock"

    def processed(self, name: str) -> Path:
        """What a watcher has seen: ``{processed_ids, last_updated}``. Written by that watcher only."""
        return self.state / f"{name}_processed.json"

    @property
    def logs(self) -> Path:
        """Log files of aiemp: ``orchestrator.log``, ``watcher-NAME.log``, ``task-NAME.log``."""
        return self.vault / "Logs" / "aiemp"

    @property
    def runs(self) -> Path:
        """The folder of the run history, one ``YYYY-MM.jsonl`` a month. Written only by the ledger."""
        return self.logs / "runs"

    @property
    def orchestrator_log(self) -> Path:
        return self.logs / "orchestrator.log"

    def watcher_log(self, name: str) -> Path:
        """What the watcher prints. ``Logs/watcher_NAME.log`` belongs to the watcher itself."""
        return self.logs / f"watcher-{name}.log"

    def task_log(self, name: str) -> Path:
        return self.logs / f"task-{name}.log"

    @property
    def claude_logs(self) -> Path:
        """The logs of Claude runs, a folder for each day. Written only by :mod:`aiemp.claude.run_log`."""
        return self.vault / "Logs" / "claude"

    def activity_archive(self, day: date) -> Path:
        """Activity rows that left the dashboard. Written by :mod:`aiemp.dashboard.rollover`."""
        return self.vault / "Logs" / f"dashboard_archive_{day.isoformat()}.json"

    @property
    def alerts(self) -> Path:
        """One file for each open alert. Written only by :mod:`aiemp.alerts`."""
        return self.vault / "Needs_Action" / "alerts"
