"""``aiemp doctor --fix``: runs the command lines that findings call safe, each once, and nothing else."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiemp.asked import ask
from aiemp.doctor.findings import Finding, Level
from aiemp.frozen import frozen

PATIENCE_S = 300.0
"""A unit may take as long to stop as its stop timeout says."""

LONGEST_SAID = 300


@frozen
class Fixed:
    """One command line that was run, or could not be: ``said`` is why, or what it said last."""

    command: str
    done: bool
    said: str = ""


def safe_lines(findings: Iterable[Finding]) -> list[str]:
    """The command lines that may be run, in the order of the findings, none twice."""
    lines = [line for finding in findings if finding.level is not Level.OK for line in finding.fix]
    return list(dict.fromkeys(lines))


def fix(
    lines: Iterable[str], environ: Mapping[str, str], options: Sequence[str], tell: Callable[[str], None]
) -> list[Fixed]:
    """Run each line, telling which before. ``options`` go to those that are calls of aiemp itself."""
    done = []
    for line in lines:
        tell(line)
        done.append(_run(line, environ, options))
    return done


def _run(line: str, environ: Mapping[str, str], options: Sequence[str]) -> Fixed:
    try:
        argv = shlex.split(line)
    except ValueError:
        return Fixed(line, False, "it cannot be understood; run it yourself")
    if argv[0] == "sudo":
        if os.geteuid() != 0:
            return Fixed(line, False, "needs root; run it yourself")
        argv = argv[1:]
    if argv[0] == "aiemp":
        argv = [sys.executable, "-m", "aiemp", *options, *argv[1:]]
    # Not a terminal, so nothing asks.
    answer = ask(argv, environ=_environment(argv, environ), timeout_s=PATIENCE_S)
    if answer.silence:
        return Fixed(line, False, f"{argv[0]} {answer.problem}")
    said = " ".join(answer.err.split())[-LONGEST_SAID:]
    return Fixed(line, answer.code == 0, said if answer.code else "")


def _environment(argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """With the bus of the user's own systemd, where a login would have put it."""
    from aiemp.systemd.scope import Scope  # noqa: PLC0415 - most lines need none
    from aiemp.systemd.systemctl import bus_environment  # noqa: PLC0415 - most lines need none

    environment = {**environ}
    if "--user" in argv:
        environment = {**bus_environment(Scope.USER, environ), "TZ": environ.get("TZ", "")}
    if not environment.get("TZ"):
        environment.pop("TZ", None)
    return environment
