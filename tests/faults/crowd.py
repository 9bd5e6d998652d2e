"""Many triggers at once, of the same task and of different ones: each waits its turn, runs once, and is recorded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.processes import DEADLINE_S, Bench, file_problems, own_task, run_problems
from tests.faults.tally import Tally

CROWD = 64


def crowd(folder: Path, size: int = CROWD) -> Tally:
    """Half of ``size`` triggers by hand are of one task, each other is of its own."""
    tally = Tally()
    others = [f"task_{number}" for number in range(size // 2)]
    names = ["same"] * (size - len(others)) + others
    bench = Bench(folder / "crowd", "".join(own_task(name, work_s=0.01) for name in ("same", *others)))
    started = [(name, bench.start("trigger", name)) for name in names]
    for name, process in started:
        code = process.wait(DEADLINE_S * 3)
        problems = [] if code == 0 else [f"lost: it ended with {code}: {bench.said()[-300:]}"]
        tally.note(f"trigger {name}", problems)
    problems = [*run_problems(bench, others), *file_problems(bench)]
    done = Counter(entry["task"] for entry in bench.history())["same"]
    expected = size - len(others)
    if done != expected:
        problems.append(
            f"{'lost' if done < expected else 'doubled'}: {expected} of the same, {done} recorded"
        )
    rows = _rows(bench)
    if rows != size:
        problems.append(f"{'lost' if rows < size else 'doubled'}: the dashboard has {rows} rows of {size}")
    if bench.processes():
        problems.append("left over: processes")
        bench.kill_all()
    tally.conclude("crowd", problems)
    return tally


def _rows(bench: Bench) -> int:
    text = (bench.vault / "Dashboard.md").read_text(encoding="utf-8")
    return sum(line.count("✅ Success") for line in text.splitlines())
