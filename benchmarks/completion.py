"""How long a person waits after the tab key.

Promise: at most 150 ms, or three times what a Python pays that has imported click, of the same
venv, by the clock; whichever is larger. The shell's own part is not in it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import figures
from benchmarks.figures import Figure, paired
from benchmarks.trigger import CLICK, timed_ms

TITLE = "Completion"
ROUNDS = 15
LIMIT_MS = 150.0
TIMES_CLICK = 3.0
LINES = {
    "commands": "aiemp ",
    "names of tasks": "aiemp trigger ",
    "names of tasks and watchers": "aiemp logs ",
    "names of checks": "aiemp doctor ",
}


def completion_environment(home: Path, line: str) -> dict[str, str]:
    """What bash's script sets for ``line``, with the cursor at its end."""
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "_AIEMP_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split())),
    }


def table() -> str:
    """The figures as a Markdown table."""
    aiemp = [sys.executable, "-m", "aiemp"]
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        plain = {"HOME": folder, "PATH": "/usr/bin:/bin"}
        timed_ms([*aiemp, "init", str(home / "vault")], plain)
        for what, line in LINES.items():
            environ = completion_environment(home, line)
            timed_ms(aiemp, environ)  # the first one may compile
            pairs = [(timed_ms(aiemp, environ), timed_ms(CLICK, plain)) for _ in range(ROUNDS)]
            measured, click = paired(pairs)
            limit = max(LIMIT_MS, TIMES_CLICK * click)
            found.append(Figure(what, measured, limit, "ms", click, "`import click`"))
    return figures.table(found)
