"""How far the installed units are from what the plan asks for: what ``aiemp install-units`` would change."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from aiemp.config.load import load_plan
from aiemp.frozen import frozen, replace
from aiemp.plan import Plan
from aiemp.systemd.changes import changes
from aiemp.systemd.installation import Installation, system_installation, user_entry, user_installation
from aiemp.systemd.installed import InstalledUnits
from aiemp.systemd.units import render


@frozen
class Drift:
    """The files that would be written and removed. ``by_version``: none differs in more than its first line,
    which names the aiemp that made it."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    by_version: bool = False

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.written, *self.removed)


def find_drift(units: InstalledUnits, environ: Mapping[str, str], systemd_version: int) -> Drift:
    """Compare ``units`` with what the configuration asks for now; watchers that nobody has adopted are left
    out. Raises AiempError when there can be no such units."""
    plan = installed_plan(units, environ)
    wanted = render(adopted(plan, units), installation_of(units, plan.config_file, environ, systemd_version))
    found = changes(wanted, units.texts)
    by_version = not found.remove and all(
        _body(unit.content) == _body(units.texts.get(unit.name, "")) for unit in found.write
    )
    return Drift(tuple(unit.name for unit in found.write), found.remove, by_version)


def installed_plan(units: InstalledUnits, environ: Mapping[str, str]) -> Plan:
    """The plan as the units see it: from the configuration that they name, and without the DRY_RUN of this
    environment. Raises ConfigError."""
    without = {name: value for name, value in environ.items() if name != "DRY_RUN"}
    return load_plan(
        config=units.config_file,
        vault=units.vault,
        environ=without,
        system=units.is_system,
        owner=user_entry(units.run_as).pw_uid if units.run_as else None,
    )


def adopted(plan: Plan, units: InstalledUnits, also: Collection[str] = ()) -> Plan:
    """``plan`` without watchers that appeared in the vault since the units were installed.

    Claude writes into the vault, so only ``aiemp install-units`` adopts them (semantics, "Where the
    configuration lives"), or being named: ``also``.
    """
    kept = tuple(watcher for watcher in plan.watchers if watcher.name in also or not units.lack(watcher))
    return replace(plan, watchers=kept)


def installation_of(
    units: InstalledUnits, config_file: Path | None, environ: Mapping[str, str], systemd_version: int
) -> Installation:
    """The installation that ``units`` came from, with their PATH, and their Python while that exists.

    A shell's PATH differs from day to day: a unit that changed for that alone would be restarted for nothing,
    and could lose the folder that has ``claude`` in it. Only ``aiemp install-units`` takes the shell's.
    """
    if units.is_system:
        found = system_installation(units.run_as or "root", environ, systemd_version)
    else:
        found = user_installation(environ, systemd_version)
    python = units.python
    return replace(
        found,
        unit_folder=units.folder,
        config_file=config_file,
        path_variable=units.path_variable or found.path_variable,
        python=python if python is not None and os.access(python, os.X_OK) else found.python,
    )


def _body(text: str) -> str:
    return text.partition("\n")[2]
