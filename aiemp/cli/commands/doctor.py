"""``aiemp doctor``: every precondition, and for each that does not hold what to do about it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click

from aiemp.call import Call
from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import suggestion
from aiemp.cli.screen import Screen, visible
from aiemp.clock import utc_now
from aiemp.doctor.tilde import with_tilde
from aiemp.errors import UsageError
from aiemp.frozen import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    from aiemp.doctor.examination import Examination
    from aiemp.doctor.findings import Finding
    from aiemp.doctor.fixing import Fixed

UNHEALTHY = 3
STYLES = {"ok": "good", "warn": "warn", "fail": "bad", "skip": "faint"}
LEVEL_WIDTH = 6
LOOKS_AGAIN, LOOK_PAUSE_S = 8, 0.7
LEAST_ROOM = 20
MOST_SKIPPED = 6
"""One cause that keeps more checks than this from being made takes one line: what it is stands above."""


@frozen
class Diagnosis:
    """What the doctor found; ``fixed`` is what was run before. ``home`` is shown as ``~``. ``call``: what
    the options of this call named."""

    examination: Examination
    fixed: tuple[Fixed, ...] = ()
    home: str = ""
    call: Call = field(default_factory=Call)

    @property
    def exit_code(self) -> int:
        return UNHEALTHY if self.examination.has_failed else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "healthy": not self.examination.has_failed,
            "checks": [
                {
                    "check": name,
                    "level": each.level.value,
                    "what": each.what,
                    "remedy": self._remedy(each),
                    "fixable": bool(each.fix),
                }
                for name, found in self.examination.findings.items()
                for each in found
            ],
            "left_out": list(self.examination.left_out),
            "because": dict(self.examination.because),
            "fixed": [
                {
                    "command": with_tilde(self.call.pasted(each.command), self.home),
                    "done": each.done,
                    "said": with_tilde(each.said, self.home),
                }
                for each in self.fixed
            ],
        }

    def as_text(self, screen: Screen) -> str:
        examination = self.examination
        names = [*examination.findings, *examination.left_out]
        width = max(map(len, names), default=0) + 2
        lines = [line for each in self.fixed for line in _fixed_lines(each, self.home, self.call, screen)]
        lines += [""] if lines else []
        lines += [
            line
            for name, found in examination.findings.items()
            for finding in found
            for line in _lines(name.ljust(width), finding, self._remedy(finding), screen)
        ]
        head = screen.paint("skip", STYLES["skip"]) + " " * (LEVEL_WIDTH - len("skip"))
        for cause in dict.fromkeys(examination.because.values()):
            names = [name for name, why in examination.because.items() if why == cause]
            if len(names) > MOST_SKIPPED:
                names = [f"{len(names)} checks"]
            lines += [
                f"{head}{name.ljust(max(width, len(name) + 2))}skipped: because {cause} fails"
                for name in names
            ]
        return "\n".join([*lines, "", *self._summary(screen)])

    def _remedy(self, finding: Finding) -> str:
        """As it is to be pasted; a vault that was named may lie below the home, too."""
        return with_tilde(self.call.pasted(finding.remedy), self.home)

    def _summary(self, screen: Screen) -> Iterator[str]:
        from aiemp.doctor.findings import Level, counted

        failures, warnings = (self.examination.count(level) for level in (Level.FAIL, Level.WARN))
        told = [counted(failures, "failure")] if failures else []
        told += [counted(warnings, "warning")] if warnings else []
        if not told:
            yield screen.paint("All is well.", "good")
            return
        fixable = sum(bool(each.fix) for found in self.examination.findings.values() for each in found)
        if fixable and not self.fixed:
            line = with_tilde(self.call.pasted("aiemp doctor --fix"), self.home)
            yield f"{fixable} of these can be mended by: {line}"
        yield screen.paint(", ".join(told), "bad" if failures else "warn")


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from aiemp.cli.summaries import CHECKS  # the checks themselves take too long to import

    return [CompletionItem(name, help=about) for name, about in CHECKS.items() if name.startswith(incomplete)]


@command("doctor")
@click.argument("checks", nargs=-1, metavar="[CHECK]...", shell_complete=_complete)
@click.option("--fix", "mend", is_flag=True, help="Run the remedies that are safe, then look again.")
def doctor(invocation: Invocation, checks: tuple[str, ...], mend: bool) -> Diagnosis:
    """Check every precondition.

    Shows what is well, what is not, and the remedy; changes nothing without --fix. CHECK names the only checks to
    make, by the names that are shown; `mcp` starts each MCP server to see that it answers. Exit status 3 when
    something fails.
    """
    from aiemp.doctor.checks import CHECKS

    known = [check.name for check in CHECKS]
    for name in checks:
        if name not in known:
            raise UsageError(f"there is no check {name!r}{suggestion(name, known)}")
    examination = _examine(invocation, checks)
    fixed: tuple[Fixed, ...] = ()
    if mend:
        fixed = _mend(invocation, examination)
        examination = _look_again(invocation, checks, fixed) if fixed else examination
    return Diagnosis(examination, fixed, os.environ.get("HOME", ""), invocation.call)


def _look_again(invocation: Invocation, checks: tuple[str, ...], fixed: tuple[Fixed, ...]) -> Examination:
    """After the remedies. One that only asks somebody else (systemd, the running aiemp) may take a moment to show."""
    from aiemp.doctor.fixing import safe_lines

    done = {each.command for each in fixed if each.done}
    for _ in range(LOOKS_AGAIN):
        examination = _examine(invocation, checks)
        wanted = safe_lines(finding for found in examination.findings.values() for finding in found)
        if not done.intersection(wanted):
            break
        time.sleep(LOOK_PAUSE_S)
    return examination


def _examine(invocation: Invocation, checks: tuple[str, ...]) -> Examination:
    from aiemp.doctor.examination import examine
    from aiemp.doctor.observers.scene import Scene

    return examine(Scene(os.environ, utc_now(), invocation.config, invocation.vault, checks), checks)


def _mend(invocation: Invocation, examination: Examination) -> tuple[Fixed, ...]:
    """Run the remedies that are safe."""
    from aiemp.doctor.fixing import fix, safe_lines

    options = [f"--config={invocation.config}"] if invocation.config is not None else []
    options += [f"--vault={invocation.vault}"] if invocation.vault is not None else []
    lines = safe_lines(finding for found in examination.findings.values() for finding in found)
    home = os.environ.get("HOME", "")
    tell = lambda line: invocation.note(f"running: {with_tilde(invocation.call.pasted(line), home)}")  # noqa: E731
    return tuple(fix(lines, os.environ, options, tell))


def _fixed_lines(fixed: Fixed, home: str, call: Call, screen: Screen) -> Iterator[str]:
    head = screen.paint("ran", "good") if fixed.done else screen.paint("failed", "bad")
    said = f": {fixed.said}" if fixed.said else ""
    indent = " " * len("failed  ")
    text = _wrapped(visible(with_tilde(f"{call.pasted(fixed.command)}{said}", home)), len(indent), screen)
    yield head + indent[len("ran" if fixed.done else "failed") :] + text[0]
    yield from (indent + line for line in text[1:])


def _lines(name: str, finding: Finding, remedy: str, screen: Screen) -> Iterator[str]:
    level = finding.level.value
    head = screen.paint(level, STYLES[level]) + " " * (LEVEL_WIDTH - len(level)) + name
    indent = " " * (LEVEL_WIDTH + len(name))
    what = _wrapped(visible(finding.what), len(indent), screen)
    yield head + what[0]
    yield from (indent + line for line in what[1:])
    if remedy:
        for number, line in enumerate(_wrapped(visible(remedy), len(indent) + 3, screen)):
            yield indent + screen.paint(("-> " if number == 0 else "   ") + line, "strong")


def _wrapped(text: str, indent: int, screen: Screen) -> list[str]:
    """``text`` in lines that fit behind an indent; whole where there is no terminal, or hardly one."""
    room = (screen.width or 0) - indent
    if room < LEAST_ROOM:
        return [text]
    from aiemp.cli.wrapping import wrapped

    return wrapped(text, room)
