"""What every look begins with: the plan, the installed units, and what systemd says of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

from aiemp.errors import AiempError, ConfigError, UsageError
from aiemp.frozen import frozen
from aiemp.ledger import Ledger, LedgerState
from aiemp.locks import Holder, probe
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.redaction import put_in_force, redactor_of
from aiemp.systemd.command_lines import install_line
from aiemp.systemd.installed import InstalledUnits, find_installed, is_booted
from aiemp.systemd.names import TARGET
from aiemp.systemd.scope import Scope
from aiemp.systemd.systemctl import Systemctl

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "Result",
    "NeedDaemonReload",
    "UnitFileState",
    "Environment",
    "ExecMainStartTimestamp",
)


@frozen
class Scene:
    """One examination. Everything is looked at once, when it is first asked for.

    ``config`` and ``vault`` are what ``--config`` and ``--vault`` name, ``asked`` the checks that were asked
    for by name.
    """

    environ: Mapping[str, str]
    now: datetime
    config: Path | None = None
    vault: Path | None = None
    asked: tuple[str, ...] = ()

    # One look is equal to itself alone, whatever two of them would see.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @cached_property
    def loaded(self) -> Plan | tuple[str, ...]:
        """The plan, whose redactor is then in force, or every mistake in the configuration."""
        from aiemp.config.load import load_plan  # noqa: PLC0415 - nothing else here needs it

        try:
            plan = load_plan(config=self.config, vault=self.vault, environ=self.environ)
        except ConfigError as error:
            return error.mistakes
        except UsageError as error:
            return (str(error),)
        put_in_force(redactor_of(plan, self.environ))
        return plan

    @property
    def plan(self) -> Plan:
        """The plan; only for checks that need a configuration without mistakes."""
        assert isinstance(self.loaded, Plan)
        return self.loaded

    @property
    def places(self) -> Places:
        return Places(self.plan.vault)

    @cached_property
    def user(self) -> str:
        """Who asks. By number where that has no name."""
        import pwd  # noqa: PLC0415 - not on every platform that Python runs on

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())

    @cached_property
    def booted(self) -> bool:
        return is_booted()

    @cached_property
    def all_units(self) -> list[InstalledUnits]:
        """Everything that is installed, for whatever vault."""
        return find_installed(self.environ)

    @cached_property
    def kept_by(self) -> list[InstalledUnits]:
        """The units that keep this vault; without a usable configuration, whatever is installed."""
        if not isinstance(self.loaded, Plan):
            return self.all_units
        return [units for units in self.all_units if units.are_for(self.plan.vault)]

    @property
    def units(self) -> InstalledUnits | None:
        return self.kept_by[0] if self.kept_by else None

    @property
    def has_own_manager(self) -> bool:
        """Whether it is the user's own systemd that runs the units."""
        return self.units is not None and not self.units.is_system

    @cached_property
    def shown(self) -> Mapping[str, Mapping[str, str]]:
        """The properties of all installed units. Raises AiempError when the manager does not answer."""
        if self.units is None:
            return {}
        units = (name for name in self.units.texts if "@." not in name)  # a template itself is no unit
        names = sorted(units, key=lambda name: (name != TARGET, name))
        return Systemctl(self.units.scope, self.environ).show(names, PROPERTIES)

    @cached_property
    def bus_error(self) -> str:
        """Why the manager of the units cannot be asked; empty when it can."""
        try:
            _ = self.shown
        except AiempError as error:
            return str(error)
        return ""

    @property
    def install_line(self) -> str | None:
        """What brings the installed units up to date; None when there are none."""
        if self.units is None:
            return None
        from aiemp.process import find_program  # noqa: PLC0415 - often there are none

        return install_line(self.units, str(find_program("aiemp", self.environ) or "aiemp"))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return tuple(units.scope for units in self.kept_by)

    @cached_property
    def holder(self) -> Holder | None:
        """The orchestrator that runs now."""
        return probe(self.places.orchestrator_lock)

    @cached_property
    def ledger(self) -> LedgerState:
        """What has run. Only after the state was found to be readable: reading a torn one sets it aside."""
        return Ledger(self.plan.vault).read()
