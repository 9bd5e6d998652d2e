"""Engines run things. The orchestrator knows only this protocol; the engines do not know each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from aiemp.frozen import frozen
from aiemp.plan import Plan
from aiemp.watcher_status import WatcherStatus


class Happening(Enum):
    """What an engine noticed since it was last asked."""

    WATCHER_DIED = "watcher died"
    WATCHER_STARTED = "watcher started"
    WATCHER_PAUSED = "watcher paused"
    WATCHER_HUNG = "watcher hung"
    TASK_ENDED = "task ended"


@frozen
class Event:
    """One happening: ``name`` is the watcher's or the task's, ``detail`` says more, in words; ``remedy`` is
    what its owner can do, where that depends on the engine."""

    happening: Happening
    name: str
    detail: str = ""
    remedy: str = ""


class Engine(Protocol):
    """What the orchestrator asks of an engine. Nothing here waits, except ``wait`` and ``stop``."""

    name: str
    grace: timedelta
    """How long a task must have been due before the orchestrator starts it: timers do it first."""

    @property
    def stopping_takes_s(self) -> float:
        """How long ``stop`` may take."""

    def start(self) -> None:
        """Start what the plan wants running all the time: its watchers."""

    def keep_up(self, now: datetime) -> Sequence[Event]:
        """Look what has happened, restart what is due for it, and report both."""

    def check_freshness(self, now: datetime) -> Sequence[Event]:
        """Find watchers that are alive and do nothing, and end them, so that they are restarted."""

    def watchers(self) -> Sequence[WatcherStatus]:
        """How each watcher of the plan is."""

    def busy_with(self) -> str | None:
        """The task that this engine is running or has waiting; None when it could start one."""

    def start_task(self, name: str) -> None:
        """Start ``aiemp trigger NAME --scheduled``. OSError when it cannot be started."""

    def apply(self, plan: Plan) -> None:
        """Take up an edited plan: stop what left it, restart what changed, start what is new."""

    def unpause(self) -> None:
        """Start the watchers again that were given up: somebody asked for it (SIGHUP)."""

    def restart_watchers(self, now: datetime) -> None:
        """End every watcher, so that each is started again: their locks were deleted under them."""

    def wait(self, seconds: float) -> None:
        """Return when something happened (a child's end, a signal), or after ``seconds``."""

    def stop(self) -> None:
        """End everything this engine started, gracefully, then by force. Nothing is left running."""
