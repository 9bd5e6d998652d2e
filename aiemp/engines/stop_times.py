"""How long a graceful stop of the local engine takes at most. Pure: whoever stops us has to know it beforehand."""

from __future__ import annotations

from aiemp.plan import Plan

LAST_PATIENCE_S = 5.0
"""How long a killed process may take to be gone (it may hang in the kernel) before stopping goes on."""

TASK_STOP_GRACE_S = 20.0
"""A stopped task has to end Claude (10 s grace) and write down that it was interrupted."""

BEFORE_AND_AFTER_S = 30.0
"""To end the tick that is under way, and to save state and dashboard, on a slow disk."""


def stopping_takes_s(plan: Plan) -> float:
    """The longest that stopping everything in ``plan`` takes: its slowest watcher, then a running task."""
    slowest_s = max((watcher.stop_timeout_s for watcher in plan.watchers), default=0.0)
    return slowest_s + LAST_PATIENCE_S + TASK_STOP_GRACE_S + BEFORE_AND_AFTER_S
