"""``aiemp enable`` and ``aiemp disable``: one task or watcher, kept in aiemp.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import all_names, completing, suggestion
from aiemp.cli.screen import Screen, visible
from aiemp.cli.unit_update import UnitUpdate, check_right, update_units
from aiemp.errors import UsageError
from aiemp.frozen import frozen
from aiemp.plan import Plan

Kind = Literal["task", "watcher"]


@frozen
class Switched:
    """What became of one switch."""

    kind: Kind
    name: str
    enabled: bool
    changed: bool
    config_file: Path
    units: UnitUpdate
    tells_commands: bool = True

    @property
    def exit_code(self) -> int:
        return 1 if self.units.problem else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "enabled": self.enabled,
            "changed": self.changed,
            "config_file": str(self.config_file),
            "units": self.units.as_json(),
        }

    def as_text(self, screen: Screen) -> str:
        state = screen.paint("enabled" if self.enabled else "disabled", "strong")
        said = f"{self.kind} {self.name}: {state}"
        said += f" now, in {visible(str(self.config_file))}" if self.changed else " already"
        if self.units.scope is not None:
            return f"{said}\n{self.units.as_text(screen)}"
        return f"{said}\nAn aiemp that runs takes it up at its next tick." if self.changed else said


@command("enable")
@click.argument("name", shell_complete=completing(all_names))
def enable(invocation: Invocation, name: str) -> Switched:
    """Switch a task or watcher on.

    Writes `enabled = true` into the configuration, which is made if there is none; comments stay. Where
    systemd units are installed, they follow at once.
    """
    return _switch(invocation, name, True)


@command("disable")
@click.argument("name", shell_complete=completing(all_names))
def disable(invocation: Invocation, name: str) -> Switched:
    """Switch a task or watcher off.

    Writes `enabled = false` into the configuration, which is made if there is none; comments stay. Where
    systemd units are installed, they follow at once.
    """
    return _switch(invocation, name, False)


def _switch(invocation: Invocation, name: str, enabled: bool) -> Switched:
    from aiemp.config.edit import set_enabled
    from aiemp.config.locate import config_file

    plan = invocation.load_plan()
    file = plan.config_file or config_file(invocation.config, os.environ)
    kind = _kind_of(plan, name)
    check_right(plan, file, ("enable" if enabled else "disable", name))
    changed = set_enabled(file, "tasks" if kind == "task" else "watchers", name, enabled)
    adopting = (name,) if kind == "watcher" and enabled else ()
    return Switched(kind, name, enabled, changed, file, update_units(plan, file, adopting))


def _kind_of(plan: Plan, name: str) -> Kind:
    is_task, is_watcher = plan.task(name) is not None, plan.watcher(name) is not None
    if is_task and is_watcher:
        raise UsageError(
            f"{name!r} is a task and a watcher; write enabled = … into [tasks.{name}] or [watchers.{name}] "
            "of aiemp.toml yourself"
        )
    if is_task:
        return "task"
    if is_watcher:
        return "watcher"
    raise UsageError(f"there is no task or watcher {name!r}{suggestion(name, all_names(plan))}")
