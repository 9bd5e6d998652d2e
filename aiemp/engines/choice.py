"""Choosing an engine: how each is made. Only the chosen one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from aiemp.engines import Engine
from aiemp.engines.wakeup import Wakeup
from aiemp.ledger import LedgerState
from aiemp.plan import Plan

EngineMaker: TypeAlias = Callable[[Plan, Wakeup, LedgerState], Engine]
"""Makes an engine for a plan; the wake-up and the last orchestrator's state are the orchestrator's."""


def systemd_engine(system: bool, environ: Mapping[str, str]) -> EngineMaker:
    """Makes the engine that looks after the units of the user's manager, or of the machine's."""

    def make(plan: Plan, wakeup: Wakeup, _state: LedgerState) -> Engine:
        from aiemp.engines.systemd import SystemdEngine  # noqa: PLC0415 - not loaded elsewhere
        from aiemp.systemd.scope import Scope  # noqa: PLC0415
        from aiemp.systemd.systemctl import Systemctl  # noqa: PLC0415

        scope = Scope.SYSTEM if system else Scope.USER
        return SystemdEngine(plan, Systemctl(scope, environ), wakeup=wakeup)

    return make


def local_engine(with_watchers: bool, environ: Mapping[str, str]) -> EngineMaker:
    """Makes the pure-Python engine, with or without watchers."""

    def make(plan: Plan, wakeup: Wakeup, state: LedgerState) -> Engine:
        from aiemp.engines.local import LocalEngine  # noqa: PLC0415 - not loaded under systemd

        return LocalEngine(
            plan,
            environ,
            wakeup=wakeup,
            with_watchers=with_watchers,
            restart_counts=state.watcher_restart_counts,
        )

    return make
