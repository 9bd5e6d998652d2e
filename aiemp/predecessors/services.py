"""Services of systemd that somebody has written for a vault himself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from aiemp.predecessors import Predecessor, names_vault, spellings
from aiemp.systemd.changes import is_generated
from aiemp.systemd.command_lines import systemctl_line
from aiemp.systemd.installation import SYSTEM_UNITS, user_installation
from aiemp.systemd.scope import Scope

LARGEST = 64 * 1024
STARTS = ("ExecStart=", "WorkingDirectory=")


def own_services(
    vault: Path, environ: Mapping[str, str], system_units: Path = SYSTEM_UNITS
) -> Iterator[Predecessor]:
    """Those that run something in the vault; a timer of the same name goes with its service."""
    names = (*spellings(vault, environ), *_by_specifier(vault, environ))
    for scope, folder in ((Scope.USER, _user_units(environ)), (Scope.SYSTEM, system_units)):
        for file in _services(folder):
            line = _line_of(file, names)
            if line:
                timer = file.with_suffix(".timer")
                unit = timer.name if timer.exists() else file.name
                off = systemctl_line(scope, "disable", "--now", unit)
                yield Predecessor("systemd", str(file), line, off)


def _by_specifier(vault: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """With ``%h`` for the home (systemd.unit(5))."""
    home = environ.get("HOME", "")
    if home and vault.is_relative_to(home):
        yield f"%h/{vault.relative_to(home)}"


def _user_units(environ: Mapping[str, str]) -> Path:
    return user_installation(environ, 0).unit_folder


def _services(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix == ".service" and not path.is_symlink()
        )
    except OSError:
        return []


def _line_of(file: Path, names: tuple[str, ...]) -> str:
    """The line that names the vault; "" when none does, or the file is ours."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
    if is_generated(text):
        return ""
    lines = (line.strip() for line in text.split("\n"))
    return next((line for line in lines if line.startswith(STARTS) and names_vault(line, names)), "")
