"""``aiemp pm2-config``: what PM2 has to be told, for a Mac or wherever there is no systemd."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

USUAL_NAME = "ecosystem.config.js"
ENDINGS = (".config.js", ".config.cjs", ".config.mjs")


@frozen
class Pm2Config:
    """The configuration, and the file that it is in, if it was to be written. ``written``: it was not before."""

    content: str
    file: Path | None = None
    written: bool = False
    exit_code: int = 0
    is_file: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.file) if self.file else None,
            "written": self.written,
            "content": self.content,
        }

    def as_text(self, _screen: Screen) -> str:
        if self.file is None:
            return self.content.removesuffix("\n")
        return f"{visible(str(self.file))} {'written' if self.written else 'is unchanged'}"


@command("pm2-config")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it into FILE; its name ends in .config.js, .config.cjs, or .config.mjs (Node 20.19 or newer).",
)
def pm2_config(invocation: Invocation, output: Path | None) -> Pm2Config:
    """Show PM2's configuration, ecosystem.config.js.

    It has this machine's absolute paths, and lets PM2 keep `aiemp run` alive where there is no systemd. Write
    it again after a change of the vault's path, of dry_run or of a watcher's stop_timeout_seconds.
    """
    from aiemp.pm2 import Machine, render
    from aiemp.systemd.installation import OLDEST_SYSTEMD, user_installation

    if output is not None:
        output = Path.cwd() / output
        _check_name(output)
    plan = invocation.load_plan()
    here = user_installation(os.environ, OLDEST_SYSTEMD)
    is_module = output is not None and output.suffix == ".mjs"
    content = render(plan, Machine(here.python, here.home, here.path_variable), is_module=is_module)
    if output is None:
        invocation.note(f"aiemp: write it with `aiemp pm2-config --output {USUAL_NAME}`")
        return Pm2Config(content)
    written = _write(output, content)
    file = visible(shlex.quote(str(output)))
    invocation.note(f"aiemp: next: pm2 start {file} && pm2 save\n       back after a reboot: pm2 startup")
    return Pm2Config(content, output, written)


def _check_name(file: Path) -> None:
    """Refuse a name by which PM2, or the Node that loads it, would take the file for something else."""
    from aiemp.errors import UsageError

    if not file.name.endswith(ENDINGS):
        raise UsageError(
            f"{file.name} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}: "
            "PM2 starts any other file as a program"
        )
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}; make it first")
    package = next((path for path in _packages(file) if path.is_file()), None)
    if file.name.endswith(".js") and package is not None and _is_module(package):
        raise UsageError(
            f'{package} says "type": "module", so Node would not load {file.name}; '
            f"use --output {shlex.quote(str(file.with_suffix('.cjs')))}"
        )


def _packages(file: Path) -> Iterator[Path]:
    """Where Node looks for what kind of file this is; the nearest counts."""
    return (folder / "package.json" for folder in file.resolve().parents)


def _is_module(package: Path) -> bool:
    import json

    try:
        settings = json.loads(package.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get("type") == "module"


def _write(file: Path, content: str) -> bool:
    """Write the file. False when it is as it should be; AiempError when it is somebody else's."""
    from aiemp.durable import replace_file
    from aiemp.errors import AiempError
    from aiemp.pm2 import is_generated

    if os.path.lexists(file):
        try:
            present = file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise AiempError(f"{file} cannot be replaced: {error.strerror}; name another file") from error
        if present == content:
            return False
        if not is_generated(present):
            raise AiempError(f"{file} was not made by `aiemp pm2-config`, and stays; name another file")
    replace_file(file, content.encode(), mode=0o644)
    return True
