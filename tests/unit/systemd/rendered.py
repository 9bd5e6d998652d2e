"""A plan and two installations, and the units of them."""

from __future__ import annotations

from pathlib import Path

from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Origin, Plan, ScheduledTask, Watcher
from aiemp.systemd.installation import Installation
from aiemp.systemd.scope import Scope
from aiemp.systemd.units import render
from aiemp.watchers.registry import BUILT_IN

HOME = Path("/home/me")

USER = Installation(Scope.USER, Path("/opt/python"), "/opt/bin:/usr/bin", HOME, HOME / "units", 252)

SYSTEM = replace(USER, scope=Scope.SYSTEM, run_as="me", config_file=Path("/etc/aiemp/aiemp.toml"))

MAIL = Watcher("mail", "", Origin.CONFIGURED, ("/opt/mail",), stop_signal="SIGINT", stop_timeout_s=2.5)

PLAN = Plan(Path("/srv/vault"), SCHEDULE_REGISTRY, (*BUILT_IN, MAIL))


def units(plan: Plan = PLAN, installation: Installation = USER) -> dict[str, str]:
    """The texts of the units by name."""
    return {unit.name: unit.content for unit in render(plan, installation)}


def values(text: str, key: str) -> list[str]:
    """What a unit says for ``key``, line by line."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def plan_with(task: ScheduledTask) -> Plan:
    return replace(PLAN, tasks=(task,))
