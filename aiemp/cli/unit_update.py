"""Bringing the installed units up to date after an edit of aiemp.toml, without being asked for it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiemp.cli.installing import asked_systemd_version, environment_of, systemctl_of
from aiemp.cli.screen import Screen, visible
from aiemp.errors import AiempError
from aiemp.frozen import frozen, replace

if TYPE_CHECKING:
    from aiemp.plan import Plan
    from aiemp.systemd.install import Prepared
    from aiemp.systemd.installed import InstalledUnits


@frozen
class UnitUpdate:
    """What became of the units. ``scope`` is None when none are installed; ``problem`` says why they are as
    they were, and what to do."""

    scope: str | None = None
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "written": list(self.written),
            "removed": list(self.removed),
            "problem": self.problem,
        }

    def as_text(self, screen: Screen) -> str:
        """One line, or none where there is no systemd to speak of."""
        if self.problem:
            return screen.paint(f"systemd: not changed: {visible(self.problem)}", "bad")
        if self.scope is None:
            return ""
        parts = [
            f"{verb} {', '.join(names)}"
            for verb, names in (("removed", self.removed), ("wrote", self.written))
            if names
        ]
        return f"systemd: {'; '.join(parts) or 'nothing to change'}"


def check_right(plan: Plan, config_file: Path, words: tuple[str, ...]) -> None:
    """Refuse, with the command that works, what only root may change: the machine's configuration."""
    from aiemp.systemd.installed import installed_for

    if os.geteuid() == 0 or not config_file.exists() or os.access(config_file, os.W_OK):
        return
    units = installed_for(plan.vault, os.environ)
    if units is not None and units.is_system:
        line = shlex.join(["sudo", _program(os.environ), "--config", str(config_file), *words])
        raise AiempError(f"{config_file} and the units are the machine's; run: {line}")


def update_units(plan: Plan, config_file: Path, adopting: Collection[str]) -> UnitUpdate:
    """Have the installed units of ``plan.vault``, or of ``config_file``, follow that file, which was just edited.

    ``adopting`` are watchers of the vault that the user has named. What cannot be done is the result's
    ``problem``, never an exception: the edit itself was done.
    """
    units = _units_of(plan, config_file)
    if units is None:
        return UnitUpdate()
    scope = units.scope.value
    try:
        prepared = _bring_up_to_date(units, config_file, adopting)
    except AiempError as error:
        return UnitUpdate(scope, problem=str(error))
    return UnitUpdate(scope, tuple(unit.name for unit in prepared.changes.write), prepared.changes.remove)


def outdated_units(plan: Plan, config_file: Path) -> tuple[tuple[str, ...], str] | None:
    """The installed units of ``plan.vault`` or ``config_file`` that are no longer what that file asks for, and the
    command that brings them up to date; None when none are installed. AiempError when that cannot be told."""
    from aiemp.systemd.drift import find_drift

    units = _units_of(plan, config_file)
    if units is None:
        return None
    environ = environment_of(units.run_as)
    names = find_drift(units, environ, asked_systemd_version(environ)).names
    return names, _install_line(units, environ)


def _units_of(plan: Plan, config_file: Path) -> InstalledUnits | None:
    from aiemp.systemd.installed import find_installed

    return next(
        (
            found
            for found in find_installed(os.environ)
            if found.are_for(plan.vault) or _goes_by(found, config_file)
        ),
        None,
    )


def _bring_up_to_date(units: InstalledUnits, config_file: Path, adopting: Collection[str]) -> Prepared:
    from aiemp.config.load import load_plan
    from aiemp.systemd.drift import adopted, installation_of
    from aiemp.systemd.install import carry_out, prepare_install
    from aiemp.systemd.installation import user_entry
    from aiemp.systemd.installed import is_booted

    _check_reach(units, config_file)
    if not is_booted():
        raise AiempError("units are installed, but systemd does not run this machine")
    environ = environment_of(units.run_as)
    owner = user_entry(units.run_as).pw_uid if units.run_as else None
    edited = load_plan(
        config=config_file, vault=units.vault, environ=environ, system=units.is_system, owner=owner
    )
    installation = installation_of(units, edited.config_file, environ, asked_systemd_version(environ))
    systemctl = systemctl_of(environ, user=not units.is_system)
    try:
        prepared = prepare_install(adopted(edited, units, adopting), installation, systemctl, environ)
        # Whether the target starts at boot is not what was asked, so that stays as it is.
        carry_out(replace(prepared, enabled=True), systemctl)
    except AiempError as error:
        raise AiempError(f"{error}; mend that, then run: {_install_line(units, environ)}") from error
    return prepared


def _check_reach(units: InstalledUnits, config_file: Path) -> None:
    """Refuse to change units that go by another file, or that only root may change."""
    if units.config_file is not None and not _goes_by(units, config_file):
        raise AiempError(
            f"the installed units go by {units.config_file}, so name that one: --config {units.config_file}"
        )
    if units.is_system and os.geteuid() != 0:
        raise AiempError(f"the units are the machine's; run: {_install_line(units, os.environ)}")


def _install_line(units: InstalledUnits, environ: Mapping[str, str]) -> str:
    from aiemp.systemd.command_lines import install_line

    return install_line(units, _program(environ))


def _program(environ: Mapping[str, str]) -> str:
    """Where ``aiemp`` is, for sudo, which does not look into a home."""
    from aiemp.process import find_program

    return str(find_program("aiemp", environ) or "aiemp")


def _goes_by(units: InstalledUnits, config_file: Path) -> bool:
    named = units.config_file
    return named is not None and os.path.realpath(named) == os.path.realpath(config_file)
