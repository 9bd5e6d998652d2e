"""``aiemp render``: the systemd units of the plan, to look at or to carry elsewhere. Installs nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.systemd.units import UnitFile

WITHOUT_SYSTEMD = 252
"""The version that units are rendered for where there is no systemd to ask."""


@frozen
class RenderedUnits:
    """The units, and the folder they were written to, if they were."""

    scope: str
    units: tuple[UnitFile, ...]
    folder: Path | None = None
    exit_code: int = 0
    is_file: bool = True

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
    from aiemp.cli.installing import environment_of, find_installation, load_installed_plan
    from aiemp.errors import UsageError
    from aiemp.systemd.units import render as render_units

    if user and run_as:
        raise UsageError("--run-as belongs to --system; your own systemd runs everything as you")
    if not user and run_as is None:
        run_as = _who_asks()
    environ = environment_of(run_as)
    plan = load_installed_plan(invocation, environ, user=user, run_as=run_as)
    installation = find_installation(
        environ, user=user, run_as=run_as, config_file=plan.config_file, version=_systemd_version(environ)
    )
    units = render_units(plan, installation)
    if output is not None:
        _write(units, output)
    return RenderedUnits(installation.scope.value, units, output)


def _who_asks() -> str:
    import getpass

    return os.environ.get("SUDO_USER") or getpass.getuser()


def _systemd_version(environ: Mapping[str, str]) -> int:
    from aiemp.systemd.systemctl import NoSystemd
    from aiemp.systemd.verify import systemd_version

    try:
        return systemd_version(environ)
    except NoSystemd:
        return WITHOUT_SYSTEMD


def _write(units: tuple[UnitFile, ...], folder: Path) -> None:
    """Write the files. AiempError before anything is written when one would replace somebody else's."""
    from aiemp.durable import make_folders, replace_file
    from aiemp.errors import AiempError
    from aiemp.systemd.changes import is_generated

    make_folders(folder)
    for unit in units:
        path = folder / unit.name
        if path.exists() and not is_generated(path.read_text(encoding="utf-8", errors="replace")):
            raise AiempError(f"{path} was not made by aiemp, and stays; name another folder with --output")
    for unit in units:
        replace_file(folder / unit.name, unit.content.encode("utf-8", "surrogateescape"), mode=0o644)
