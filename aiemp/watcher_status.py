"""How a watcher is, as the engines report it and people are shown it. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from aiemp.frozen import frozen


class WatcherState(Enum):
    """The states of semantics.md ("Watchers"), and DISABLED for one that the plan switches off."""

    RUNNING = "running"
    DOWN = "down"
    PAUSED = "paused"
    HUNG = "hung"
    NOT_CONFIGURED = "not configured"
    DISABLED = "disabled"


SIGNS = {
    WatcherState.RUNNING: "🟢 Running",
    WatcherState.DOWN: "🔴 Down",
    WatcherState.PAUSED: "🟡 Paused",
    WatcherState.HUNG: "🟠 Hung",
    WatcherState.NOT_CONFIGURED: "⚪ Not configured",
    WatcherState.DISABLED: "⚪ Disabled",
}


@frozen
class WatcherStatus:
    """One watcher now. ``since`` is when it reached this state, ``restarts`` counts since the orchestrator
    started, ``reason`` says why it is not running, in words for its owner."""

    name: str
    state: WatcherState
    pid: int | None = None
    since: datetime | None = None
    restarts: int = 0
    reason: str = ""

    @property
    def running(self) -> bool:
        return self.state is WatcherState.RUNNING

    @property
    def enabled(self) -> bool:
        """Whether it is meant to run."""
        return self.state not in (WatcherState.DISABLED, WatcherState.NOT_CONFIGURED)

    @property
    def sign(self) -> str:
        """The words of the dashboard's health table."""
        return SIGNS[self.state]

    def facts(self) -> dict[str, object]:
        """For the state file, and for ``--json``."""
        return {
            "state": self.state.value,
            "pid": self.pid,
            "since": self.since.isoformat() if self.since else None,
            "restarts": self.restarts,
            "reason": self.reason,
        }
