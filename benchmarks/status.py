"""What a look at everything costs: ``aiemp status`` of a new vault, and of one that is full.

Promises (issue People): plain output of a default installation in at most 3 times what a Python pays that has
imported click, of the same venv; and of a vault with 100,000 files in Done and 5,000 in Needs_Action at most 1.5 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import figures
from benchmarks.figures import Figure, paired

TITLE = "A look at everything"
ROUNDS = 21
ROUNDS_OF_A_FULL_VAULT = 7
CLICK = [sys.executable, "-c", "import click"]
STATUS = [sys.executable, "-m", "aiemp", "status"]
NOT_WELL = 3
IN_DONE, IN_NEEDS_ACTION = 100_000, 5_000


def timed_ms(argv: list[str], environ: dict[str, str]) -> float:
    """How long a command takes, in milliseconds. Nothing runs in these vaults, so the status is 3."""
    started = time.perf_counter()
    done = subprocess.run(
        argv, env=environ, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    took_ms = (time.perf_counter() - started) * 1000
    assert done.returncode in (0, NOT_WELL), done
    return took_ms


def new_vault(home: Path) -> dict[str, str]:
    """A vault as ``aiemp init`` makes it, and the environment in which that is the one."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [sys.executable, "-m", "aiemp", "-q", "init", str(home / "vault")],
        env=environ,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    timed_ms(STATUS, environ)  # compiles what is imported
    return environ


def fill(vault: Path) -> None:
    """Years of work, as it lies in the folders of a vault that nobody archives."""
    for folder, count in (("Done", IN_DONE), ("Needs_Action/email", IN_NEEDS_ACTION)):
        (vault / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            os.close(os.open(vault / folder / f"EMAIL_{number:06}.md", os.O_CREAT | os.O_WRONLY, 0o600))


def figure_of_a_new_vault(home: Path) -> Figure:
    environ = new_vault(home)
    rounds = [(timed_ms(STATUS, environ), timed_ms(CLICK, environ)) for _ in range(ROUNDS)]
    measured, click = paired(rounds)
    return Figure(
        "`aiemp status` of a new vault", measured, 3, "ms", click, "`import click`", of_baseline=True
    )


def figure_of_a_full_vault(home: Path) -> Figure:
    environ = new_vault(home)
    fill(home / "vault")
    rounds = [
        (timed_ms(STATUS, environ), timed_ms(CLICK, environ)) for _ in range(ROUNDS_OF_A_FULL_VAULT)
    ]
    measured, click = paired(rounds)
    name = f"`aiemp status` with {IN_DONE:,} files in Done, {IN_NEEDS_ACTION:,} in Needs_Action"
    return Figure(name, measured, 1500, "ms", click, "`import click`")


def table() -> str:
    """The figures as a Markdown table."""
    with tempfile.TemporaryDirectory() as new, tempfile.TemporaryDirectory() as full:
        return figures.table([figure_of_a_new_vault(Path(new)), figure_of_a_full_vault(Path(full))])
