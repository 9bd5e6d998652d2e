"""``claude-path``, ``node-path``, ``uv-path``, ``commands``: programs that are found. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from aiemp.doctor.findings import Finding, fail, ok, warn, with_remedy
from aiemp.frozen import frozen

_NODE = "install Node.js (https://nodejs.org)"
_UV = "install uv (https://docs.astral.sh/uv)"
SOURCES = {"node": _NODE, "npx": _NODE, "npm": _NODE, "uv": _UV, "uvx": _UV}


@frozen
class Search:
    """Where a program is looked for. Where there are units theirs is the PATH that counts, and
    ``install_line`` writes this shell's into them."""

    install_line: str | None = None

    @property
    def where(self) -> str:
        return "this shell's PATH" if self.install_line is None else "the PATH of the units"


@frozen
class ClaudeSeen:
    """``found`` is Claude Code on the PATH that counts, or None with the ``problem``; ``here`` is the one on
    this shell's PATH. ``version`` is what it says itself, None when it says nothing."""

    search: Search
    found: Path | None
    problem: str = ""
    here: Path | None = None
    version: str | None = None


@frozen
class ProgramSeen:
    """One program, and who starts it. ``found`` and ``here`` as in :class:`ClaudeSeen`."""

    name: str
    wanted_by: tuple[str, ...]
    found: Path | None
    here: Path | None = None


def judge_claude(seen: ClaudeSeen | None) -> list[Finding]:
    """Nothing where no task needs Claude."""
    if seen is None:
        return []
    if seen.found is not None:
        if seen.version is None:
            what = f"{seen.found}, on {seen.search.where}, does not say which version it is"
            return [warn(what, f"look at what it says: {shlex.quote(str(seen.found))} --version")]
        return [ok(f"{seen.found} {seen.version}, on {seen.search.where}")]
    if seen.here is not None and seen.search.install_line is not None:
        install = seen.search.install_line
        return [fail(f"Claude Code is {seen.here}, but not on the PATH of the units", install, (install,))]
    return [fail(*with_remedy(seen.problem))]


def judge_programs(search: Search, programs: Sequence[ProgramSeen]) -> list[Finding]:
    """A finding for each program that is missing; nothing where none is wanted."""
    missing = [_missing(search, program) for program in programs if program.found is None]
    if missing or not programs:
        return missing
    return [ok(", ".join(str(program.found) for program in programs))]


def _missing(search: Search, program: ProgramSeen) -> Finding:
    by = ", ".join(program.wanted_by)
    if program.here is not None and search.install_line is not None:
        what = f"`{program.name}`, needed by {by}, is {program.here}, but not on {search.where}"
        return fail(what, search.install_line, (search.install_line,))
    if "/" in program.name:
        remedy = f"correct its name, or: chmod +x {shlex.quote(program.name)}"
        return fail(f"`{program.name}`, needed by {by}, cannot be executed", remedy)
    source = SOURCES.get(program.name, "install it, or name its full path")
    then = f", then: {search.install_line}" if search.install_line is not None else ""
    return fail(f"`{program.name}`, needed by {by}, is not on {search.where}", f"{source}{then}")
