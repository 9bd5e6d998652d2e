"""``aiemp doctor``: every precondition, and for each that does not hold what to do about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import suggestion
from aiemp.cli.screen import Screen, visible
from aiemp.clock import utc_now
from aiemp.errors import UsageError
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    from aiemp.doctor.examination import Examination
    from aiemp.doctor.findings import Finding

UNHEALTHY = 3
STYLES = {"ok": "good", "warn": "warn", "fail": "bad"}
LEVEL_WIDTH = 6
LEAST_ROOM = 20


@frozen
class Diagnosis:
    """What the doctor found."""

    examination: Examination

    @property
    def exit_code(self) -> int:
        return UNHEALTHY if self.examination.has_failed else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "healthy": not self.examination.has_failed,
            "checks": [
                {"check": name, "level": each.level.value, "what": each.what, "remedy": each.remedy}
                for name, found in self.examination.findings.items()
                for each in found
            ],
            "left_out": list(self.examination.left_out),
        }

    def as_text(self, screen: Screen) -> str:
        examination = self.examination
        width = max((len(name) for name in examination.findings), default=0) + 2
        lines = [
            line
            for name, found in examination.findings.items()
            for finding in found
            for line in _lines(name.ljust(width), finding, screen)
        ]
        if examination.left_out:
            lines += ["", f"Not looked at before that is mended: {', '.join(examination.left_out)}"]
        return "\n".join([*lines, "", self._summary(screen)])

    def _summary(self, screen: Screen) -> str:
        from aiemp.doctor.findings import Level, counted

        failures, warnings = (self.examination.count(level) for level in (Level.FAIL, Level.WARN))
        told = [counted(failures, "failure")] if failures else []
        told += [counted(warnings, "warning")] if warnings else []
        if not told:
            return screen.paint("All is well.", "good")
        return screen.paint(", ".join(told), "bad" if failures else "warn")


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from aiemp.cli.summaries import CHECKS  # the checks themselves take too long to import

    return [CompletionItem(name, help=about) for name, about in CHECKS.items() if name.startswith(incomplete)]


@command("doctor")
@click.argument("checks", nargs=-1, metavar="[CHECK]...", shell_complete=_complete)
def doctor(invocation: Invocation, checks: tuple[str, ...]) -> Diagnosis:
    """Check every precondition.

    Shows what is well, what is not, and the remedy; changes nothing. CHECK names the only checks to make, by
    the names that are shown; `mcp` starts each MCP server to see that it answers. Exit status 3 when
    something fails.
    """
    from aiemp.doctor.checks import CHECKS
    from aiemp.doctor.examination import examine
    from aiemp.doctor.observers.scene import Scene

    known = [check.name for check in CHECKS]
    for name in checks:
        if name not in known:
            raise UsageError(f"there is no check {name!r}{suggestion(name, known)}")
    scene = Scene(os.environ, utc_now(), invocation.config, invocation.vault, checks)
    return Diagnosis(examine(scene, checks))


def _lines(name: str, finding: Finding, screen: Screen) -> Iterator[str]:
    level = finding.level.value
    head = screen.paint(level, STYLES[level]) + " " * (LEVEL_WIDTH - len(level)) + name
    indent = " " * (LEVEL_WIDTH + len(name))
    what = _wrapped(visible(finding.what), len(indent), screen)
    yield head + what[0]
    yield from (indent + line for line in what[1:])
    if finding.remedy:
        for number, line in enumerate(_wrapped(visible(finding.remedy), len(indent) + 3, screen)):
            yield indent + screen.paint(("-> " if number == 0 else "   ") + line, "strong")


def _wrapped(text: str, indent: int, screen: Screen) -> list[str]:
    """``text`` in lines that fit behind an indent; whole where there is no terminal, or hardly one."""
    room = (screen.width or 0) - indent
    if room < LEAST_ROOM:
        return [text]
    from textwrap import wrap

    # A command must not be broken inside a word: it is there to be copied.
    return wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
