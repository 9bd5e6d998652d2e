"""How long a person waits after the tab key. The shell's own part is not in it."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.findings import Figure, Findings, Table
from benchmarks.samples import command_took, interleaved, ratio_of, wall_ms
from benchmarks.trigger import CLICK

ROUNDS = 15
LINES = {
    "commands": "aiemp ",
    "names of tasks": "aiemp trigger ",
    "names of tasks and watchers": "aiemp logs ",
    "names of checks": "aiemp doctor ",
}


def measure() -> Findings:
    aiemp = [sys.executable, "-m", "aiemp"]
    with tempfile.TemporaryDirectory() as folder:
        plain = {"HOME": folder, "PATH": "/usr/bin:/bin"}
        command_took([*aiemp, "init", str(Path(folder, "vault"))], plain)
        calls = {
            what: partial(command_took, aiemp, {**plain, **completion_variables(line)}, check=False)
            for what, line in LINES.items()
        }
        calls[CLICK] = partial(command_took, [sys.executable, "-c", "import click"], plain)
        runs = interleaved(calls, ROUNDS)
    rows = [[what, wall_ms(took), ratio_of(took, runs[CLICK])] for what, took in runs.items()]
    slowest = max((what for what in LINES), key=lambda what: wall_ms(runs[what]))
    return Findings(
        figures=[Figure("completion", ratio_of(runs[slowest], runs[CLICK]), slowest)],
        tables=[Table("", ("completing", "ms", "× `import click`"), rows)],
    )


def completion_variables(line: str) -> dict[str, str]:
    """What bash's script sets for ``line``, with the cursor at its end."""
    return {
        "_AIEMP_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split())),
    }
