"""What it costs to run a task that does nothing: everything around its work, by the clock and in processor time.

Beside it, in the same rounds: what a Python pays that has imported click; one that imports the standard modules which
a run needs and starts the same child; and what the peers do for one run by hand.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.findings import Figure, Findings, Table
from benchmarks.samples import Took, command_took, cpu_ms, interleaved, percentile, ratio_of, wall_ms

ROUNDS = 25
MODULES = "ctypes, fcntl, json, logging, pathlib, selectors, shlex, subprocess, tomllib, zoneinfo"
TASK = '[tasks.nothing]\nfrequency = "hourly"\ncommand = ["true"]\n'
OURS, CLICK = "`aiemp trigger nothing`", '`python -c "import click"`'


def measure() -> Findings:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = interleaved(_commands(home), ROUNDS)
    rows = [
        [name, wall_ms(each), percentile([run.wall_ms for run in each], 95), cpu_ms(each)]
        for name, each in runs.items()
    ]
    ratio = ratio_of(runs[OURS], runs[CLICK])
    cpu = cpu_ms(runs[OURS]) / cpu_ms(runs[CLICK])
    return Findings(
        figures=[Figure("trigger", ratio, f"in processor time {cpu:.2f}")],
        tables=[Table(f"{ROUNDS} rounds, in ms", ("", "by the clock", "p95", "processor"), rows)],
        notes=[
            "Our run takes the run lock, asks what is due, keeps records that survive a power cut, and shows itself on "
            "the dashboard. PM2 and supervisord have no such command: what they start keeps its own books."
        ],
    )


def _commands(home: Path) -> dict[str, partial[Took]]:
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    aiemp = [sys.executable, "-m", "aiemp"]
    command_took([*aiemp, "init", str(home / "vault")], environ)
    config = home / ".config/aiemp/aiemp.toml"
    config.write_text(config.read_text(encoding="utf-8") + TASK, encoding="utf-8")
    floor = f"import {MODULES}; subprocess.run(['true'])"
    commands = {
        OURS: [*aiemp, "trigger", "nothing"],
        CLICK: [sys.executable, "-c", "import click"],
        "`python -m aiemp --version`": [*aiemp, "--version"],
        "a Python with the standard modules of a run, and its child": [sys.executable, "-c", floor],
        "`python -c pass`": [sys.executable, "-c", "pass"],
        "`true`": ["true"],
    }
    return {name: partial(command_took, argv, environ) for name, argv in commands.items()}
