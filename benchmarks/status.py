"""What a look at everything costs: ``aiemp status`` of a new vault, and of one that is full, printed plainly.

Beside it, in the same rounds, what a Python of the same venv pays that has imported click.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.findings import Figure, Findings, Table
from benchmarks.samples import Took, command_took, cpu_ms, interleaved, percentile, ratio_of, wall_ms

ROUNDS = 25
IN_DONE, IN_NEEDS_ACTION = 100_000, 5_000
NEW = "`aiemp status` of a new vault"
FULL = f"`aiemp status` with {IN_DONE:,} files in Done and {IN_NEEDS_ACTION:,} in Needs_Action"
CLICK = '`python -c "import click"`'


def measure() -> Findings:
    with tempfile.TemporaryDirectory() as new, tempfile.TemporaryDirectory() as full:
        environ = _new_vault(Path(new))
        environ_of_full = _new_vault(Path(full))
        _fill(Path(full) / "vault")
        status = [sys.executable, "-m", "aiemp", "status"]
        commands = {
            # Nothing runs in these vaults, so the exit status is that of one that is not well.
            NEW: partial(command_took, status, environ, check=False),
            CLICK: partial(command_took, [sys.executable, "-c", "import click"], environ),
            FULL: partial(command_took, status, environ_of_full, check=False),
        }
        runs: dict[str, list[Took]] = interleaved(commands, ROUNDS)
    rows = [
        [name, wall_ms(each), percentile([run.wall_ms for run in each], 95), cpu_ms(each)]
        for name, each in runs.items()
    ]
    cpu = cpu_ms(runs[NEW]) / cpu_ms(runs[CLICK])
    return Findings(
        figures=[
            Figure("status", ratio_of(runs[NEW], runs[CLICK]), f"in processor time {cpu:.2f}"),
            Figure("status_full", wall_ms(runs[FULL])),
        ],
        tables=[Table(f"{ROUNDS} rounds, in ms", ("", "by the clock", "p95", "processor"), rows)],
    )


def _new_vault(home: Path) -> dict[str, str]:
    """A vault as ``aiemp init`` makes it, and the environment in which that is the one."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    command_took([sys.executable, "-m", "aiemp", "init", str(home / "vault")], environ)
    return environ


def _fill(vault: Path) -> None:
    """Years of work, as it lies in the folders of a vault that nobody archives."""
    for folder, count in (("Done", IN_DONE), ("Needs_Action/email", IN_NEEDS_ACTION)):
        (vault / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = vault / folder / f"EMAIL_{number:06}.md"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
