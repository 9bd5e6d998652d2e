"""``aiemp render``: the systemd units of the plan, to look at or to carry elsewhere. Installs nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible

if TYPE_CHECKING:
    from aiemp.systemd.installation import Installation
    from aiemp.systemd.units import UnitFile

NEWEST_COMMON_SYSTEMD = 252
"""What units are rendered for where there is no systemd to ask."""


@dataclass(frozen=True, slots=True)
class RenderedUnits:
    """The units, and the folder they were written to, if they were."""

    scope: str
    units: tuple[UnitFile, ...]
    folder: Path | None = None
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "folder": str(self.folder) if self.folder else None,
            "units": [{"name": unit.name, "content": unit.content} for unit in self.units],
        }

    def as_text(self, screen: Screen) -> str:
        if self.folder is not None:
            return f"{len(self.units)} units written to {visible(str(self.folder))}"
        headed = (f"{screen.paint(f'==> {unit.name} <==', 'strong')}\n{unit.content}" for unit in self.units)
        return "\n".join(headed).removesuffix("\n")


@command("render")
@click.option(
    "--user/--system", "user", default=True, help="For your own systemd (default), or the machine's."
)
@click.option("--run-as", metavar="USER", help="With --system: whose employee it is (default: who asks).")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Write the files into DIR.")
def render(invocation: Invocation, user: bool, run_as: str | None, output: Path | None) -> RenderedUnits:
    """Show the systemd units.

    All of them under a header line each, or written into a folder. `aiemp install-units` installs them.
    """
    from aiemp.config.load import load_plan
    from aiemp.systemd.units import render as render_units

    # Units carry no DRY_RUN, so that of this shell must not leave a trace in them.
    environ = {name: value for name, value in os.environ.items() if name != "DRY_RUN"}
    plan = load_plan(config=invocation.config, vault=invocation.vault, environ=environ, system=not user)
    installation = _installation(user, run_as, environ, plan.config_file)
    units = render_units(plan, installation)
    if output is not None:
        _write(units, output)
    return RenderedUnits(installation.scope.value, units, output)


def _installation(
    user: bool, run_as: str | None, environ: dict[str, str], config_file: Path | None
) -> Installation:
    from dataclasses import replace

    from aiemp.errors import UsageError
    from aiemp.systemd.installation import system_installation, user_installation
    from aiemp.systemd.systemctl import NoSystemd
    from aiemp.systemd.verify import systemd_version

    try:
        version = systemd_version(environ)
    except NoSystemd:
        version = NEWEST_COMMON_SYSTEMD
    if user:
        if run_as:
            raise UsageError("--run-as belongs to --system; your own systemd runs everything as you")
        found = user_installation(environ, version)
    else:
        found = system_installation(run_as or _who_asks(environ), environ, version)
    return replace(found, config_file=config_file)


def _who_asks(environ: dict[str, str]) -> str:
    import getpass

    return environ.get("SUDO_USER") or getpass.getuser()


def _write(units: tuple[UnitFile, ...], folder: Path) -> None:
    """Write the files. AiempError before anything is written when one would replace somebody else's."""
    from aiemp.durable import replace_file
    from aiemp.errors import AiempError
    from aiemp.systemd.changes import is_generated

    folder.mkdir(parents=True, exist_ok=True)
    for unit in units:
        path = folder / unit.name
        if path.exists() and not is_generated(path.read_text(encoding="utf-8", errors="replace")):
            raise AiempError(f"{path} was not made by aiemp, and stays; name another folder with --output")
    for unit in units:
        replace_file(folder / unit.name, unit.content.encode("utf-8", "surrogateescape"), mode=0o644)
