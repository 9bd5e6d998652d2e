"""What it costs to run a task that does nothing: everything around its work.

Promise (issue Claude): at most twice what a Python pays that has imported click, of the same venv, by the clock.
Beside it, in the same rounds: a Python that imports the standard modules which a run needs, and starts the same
child. What lies between that and a run is ours: reading the configuration, lock, ledger, dashboard.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import figures
from benchmarks.figures import Figure, paired

TITLE = "A run that does nothing"
ROUNDS = 15
CLICK = [sys.executable, "-c", "import click"]
MODULES = "ctypes, fcntl, json, logging, pathlib, selectors, shlex, subprocess, tomllib, zoneinfo"
FLOOR = [sys.executable, "-c", f"import {MODULES}; subprocess.run(['true'])"]
TASK = '[tasks.nothing]\nfrequency = "hourly"\ncommand = ["true"]\n'


def timed_ms(argv: list[str], environ: dict[str, str]) -> float:
    """How long a command takes, in milliseconds."""
    started = time.perf_counter()
    subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def rounds(home: Path) -> list[tuple[float, float, float]]:
    """The three commands in turn: a run, the import of click, the floor."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    aiemp = [sys.executable, "-m", "aiemp"]
    timed_ms([*aiemp, "init", str(home / "vault")], environ)
    config = home / ".config/aiemp/aiemp.toml"
    config.write_text(config.read_text(encoding="utf-8") + TASK, encoding="utf-8")
    run = [*aiemp, "trigger", "nothing"]
    timed_ms(run, environ)  # the first one makes folders
    return [
        (timed_ms(run, environ), timed_ms(CLICK, environ), timed_ms(FLOOR, environ)) for _ in range(ROUNDS)
    ]


def table() -> str:
    """The figures as a Markdown table."""
    with tempfile.TemporaryDirectory() as home:
        found = rounds(Path(home))
    measured, click = paired([(run, click) for run, click, _ in found])
    floor, _ = paired([(floor, click) for _, click, floor in found])
    name = "`aiemp trigger` of a command that does nothing"
    figure = Figure(name, measured, 2, "ms", click, "`import click`", of_baseline=True)
    note = f"The standard modules that a run needs and its child alone: {floor / click:.2f} × `import click`."
    return f"{figures.table([figure])}\n\n{note}"
