"""``aiemp bugreport``: one redacted file for those who are to find out what is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.clock import utc_now
from aiemp.doctor.tilde import with_tilde
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from datetime import datetime

    from aiemp.cli.bugreport.contents import Part
    from aiemp.doctor.observers.scene import Scene


@frozen
class BugReport:
    """Where the report is, and what is in it."""

    file: Path
    parts: tuple[Part, ...]
    home: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "contents": [
                {"name": part.name, "characters": len(part.text)} for part in self.parts if not part.problem
            ],
            "left_out": [{"name": part.name, "why": part.problem} for part in self.parts if part.problem],
        }

    def as_text(self, screen: Screen) -> str:
        rows = [
            [
                part.name,
                Cell(f"left out: {part.problem}", "warn") if part.problem else f"{len(part.text)} characters",
            ]
            for part in self.parts
        ]
        shown = with_tilde(str(self.file), self.home)
        return "\n".join(
            [
                screen.paint(shown, "strong"),
                *table(rows, screen, indent="  "),
                "Secrets, paths, names and what programs printed are taken out. Look through it before you give it",
                f"away: tar -xzOf {shown} | less",
            ]
        )


@command("bugreport")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE, a new one."
)
def bugreport(invocation: Invocation, output: Path | None) -> BugReport:
    """Write a report to give to others.

    What doctor, status and config show, the units, the ends of aiemp's logs and the last runs, without secrets,
    paths, names, and anything that lies in the vault's notes. A tar.gz in the current folder, or FILE.
    """
    from aiemp.cli.bugreport.archive import default_name, pack, write_new
    from aiemp.cli.bugreport.contents import Source, gather
    from aiemp.doctor.observers.scene import Scene

    now = utc_now()
    file = Path.cwd() / (output or default_name(now))
    scene = Scene(os.environ, now, invocation.config, invocation.vault)
    source = Source(scene, lambda: _doctor(scene), lambda: _status(scene, now))
    parts = tuple(gather(source))
    write_new(file, pack(parts, now))
    return BugReport(file, parts, os.environ.get("HOME", ""))


def _doctor(scene: Scene) -> Mapping[str, Any]:
    from aiemp.cli.commands.doctor import Diagnosis
    from aiemp.doctor.examination import examine

    return Diagnosis(examine(scene)).as_json()


def _status(scene: Scene, now: datetime) -> Mapping[str, Any]:
    from aiemp.cli.observation import observe

    return observe(scene.plan, now, os.environ).as_json()
