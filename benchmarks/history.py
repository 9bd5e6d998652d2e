"""A query of the history over 100,000 runs, beside what a shell would do with the same files.

Who looks wants the newest runs; the history is read from its end, and no more of it than is shown. A task that has
not run for long is the hard case: all of it is read.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from aiemp.places import Places
from aiemp.run_history import History
from benchmarks.findings import Curve, Findings, Plot, Table
from benchmarks.samples import Took, command_took, growth, interleaved, median_ms, wall_ms

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 7
BETWEEN = timedelta(minutes=5)
END = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RARE = "weekly_audit_prep"
TASKS = ("morning_triage", "stale_approval_check", "health_dashboard_update", "done_archive")


def measure() -> Findings:
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            for name, cost in _costs(Path(folder) / str(size), size).items():
                costs.setdefault(name, []).append(cost)
    columns = ("in ms, for so many runs", *(f"{size:,}" for size in SIZES), "growth")
    rows = [[name, *values, growth(SIZES, values)] for name, values in costs.items()]
    curves = [Curve(name.replace("`", ""), SIZES, values) for name, values in costs.items()]
    return Findings(
        tables=[Table("", columns, rows)],
        plots=[Plot("history", "A look into the history", "runs in it", "ms", curves)],
        notes=[f"`{RARE}` ran once, at the very beginning: the whole history is read for it."],
    )


def _costs(vault: Path, size: int) -> dict[str, float]:
    runs = Places(vault).runs
    _write(runs, size)
    history = History(runs)
    environ = {"HOME": str(vault), "PATH": "/usr/bin:/bin"}
    aiemp = [sys.executable, "-m", "aiemp", "--vault", str(vault), "history"]
    commands: dict[str, partial[Took]] = {
        "`aiemp history`, the newest 20": partial(command_took, aiemp, environ),
        "`aiemp history done_archive`": partial(command_took, [*aiemp, "done_archive"], environ),
        f"`aiemp history {RARE}`": partial(command_took, [*aiemp, RARE], environ),
        "`cat *.jsonl \\| grep done_archive \\| tail -20`": partial(
            command_took, ["sh", "-c", f"cat '{runs}'/*.jsonl | grep done_archive | tail -20"], environ
        ),
        "`python -m aiemp --version`": partial(
            command_took, [sys.executable, "-m", "aiemp", "--version"], environ
        ),
    }
    found = {name: wall_ms(took) for name, took in interleaved(commands, ROUNDS).items()}
    day = (END - timedelta(days=1), END + timedelta(seconds=1))
    found["the runs of a day, for the budget"] = median_ms(lambda: history.between(*day), ROUNDS)
    return found


def _write(folder: Path, size: int) -> None:
    """A history as aiemp writes it, but at once; 100,000 runs are some ten months of the built-in plan."""
    folder.mkdir(parents=True)
    (folder.parents[2] / "Dashboard.md").write_text("# AI Employee Dashboard\n", encoding="utf-8")
    months: dict[str, list[str]] = {}
    for number in range(size):
        finished = END - BETWEEN * (size - number)
        entry = {
            "task": TASKS[number % len(TASKS)] if number else RARE,
            "slot": finished.isoformat(),
            "attempt": 1,
            "pid": number,
            "started": (finished - timedelta(seconds=1)).isoformat(),
            "finished": finished.isoformat(),
            "result": "succeeded",
            "summary": "12 components, all well",
            "error": "",
            "duration_s": 1.0,
            "details": {"unhealthy": 0},
        }
        months.setdefault(f"{finished:%Y-%m}", []).append(json.dumps(entry, separators=(",", ":")))
    for month, lines in months.items():
        (folder / f"{month}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
