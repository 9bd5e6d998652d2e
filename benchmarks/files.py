"""What files in the vault cost: counting them, the health update that does it, and writing the dashboard.

The baselines are the shell's way of asking the same: ``find``, and for what was done today ``find -newermt``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aiemp.config.load import load_plan
from aiemp.dashboard import HealthRow, set_health, set_system_status, update
from aiemp.triggers.context import RunContext
from aiemp.triggers.health_update import trigger_health_update
from aiemp.vault.items import count_below, count_done_on
from aiemp.vault.scaffold import scaffold
from benchmarks import peer_packages
from benchmarks.findings import Curve, Figure, Findings, Plot, Table
from benchmarks.samples import growth, median_ms

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 5
WRITES = 25
IN_A_FOLDER = 1_000
COUNT, FIND = "counting a folder", "`find Done -name '*.md' \\| wc -l`"
DONE, FIND_NEWER = "counting Done (today)", "`find Done -name '*.md' -newermt DAY \\| wc -l`"
DASHBOARD, HEALTH = "writing the health to the dashboard", "health update"


def measure() -> Findings:
    costs: dict[str, list[float]] = {}
    vault = peer_packages.scratch() / "vault"
    scaffold(vault)
    size = 0
    for wanted in SIZES:
        while size < wanted:
            _fill(vault / "Done" / f"{size // IN_A_FOLDER:03}", size)
            size += IN_A_FOLDER
        for name, call in _calls(vault, size).items():
            costs.setdefault(name, []).append(median_ms(call, WRITES if name == DASHBOARD else ROUNDS))
    shutil.rmtree(vault)
    last = {name: values[-1] for name, values in costs.items()}
    columns = ("in ms, for so many files", *(f"{size:,}" for size in SIZES), "growth")
    rows = [[name, *values, growth(SIZES, values)] for name, values in costs.items()]
    curves = [
        Curve(name.replace("`", "").replace("\\|", "|"), SIZES, values) for name, values in costs.items()
    ]
    return Findings(
        figures=[
            Figure("count", last[COUNT] / last[FIND]),
            Figure("count_done", last[DONE] / last[FIND_NEWER]),
            Figure("dashboard", costs[DASHBOARD][-1] / costs[DASHBOARD][0]),
        ],
        tables=[Table("", columns, rows)],
        plots=[Plot("files", "Files in the vault", "files", "ms", curves)],
        notes=[
            "The files lie in folders of 1,000. Done (today) needs the time of each file; everything else is counted "
            "by names. The health update counts all of it and writes the dashboard."
        ],
    )


def _fill(folder: Path, first: int) -> None:
    folder.mkdir()
    for number in range(first, first + IN_A_FOLDER):
        (folder / f"EMAIL_someone_{number:06}.md").touch()


def _calls(vault: Path, size: int) -> dict[str, Callable[[], object]]:
    plan = load_plan(vault=vault, environ={"HOME": str(vault), "TZ": "UTC"})
    now = datetime.now(UTC)
    task = plan.task("health_dashboard_update")
    assert task is not None
    context = RunContext(plan, task, now, {"PATH": "/usr/bin:/bin"})
    turns = iter(range(10**9))

    def write() -> None:
        # Another word each time, so that there is something to write.
        rows = [HealthRow("Orchestrator", f"🟢 Running {next(turns)}")]
        update(vault, set_health(rows, now), set_system_status("Operational"))

    def count() -> None:
        assert count_below(vault / "Done", vault) == size

    def done() -> None:
        assert count_done_on(vault, context.today, plan.zone) == size

    def find(*words: str) -> Callable[[], object]:
        return lambda: _answer(f"find Done -name '*.md' {' '.join(words)} | wc -l", vault, size)

    return {
        COUNT: count,
        FIND: find(),
        DONE: done,
        FIND_NEWER: find("-newermt", f"{context.today}"),
        DASHBOARD: write,
        HEALTH: lambda: trigger_health_update(vault, context=context),
    }


def _answer(command: str, vault: Path, size: int) -> None:
    done = subprocess.run(command, shell=True, cwd=vault, capture_output=True, text=True, check=True)
    assert int(done.stdout) == size, f"{command}: {done.stdout}"
