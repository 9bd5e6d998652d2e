"""What a tick costs: which of N tasks are due, and when is the next one? Beside it, the same question to the peers.

The baseline is a loop over the same tasks that compares one field with the clock: no scheduler can do less.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiemp.agenda import Agenda
from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.plan import SCHEDULE_REGISTRY, Plan, ScheduledTask
from aiemp.runs import TaskRecord
from aiemp.schedules import get_due_tasks
from benchmarks import peer_packages
from benchmarks.findings import Curve, Figure, Findings, Plot, Table
from benchmarks.samples import growth, median_cpu_ms

SIZES = (10, 100, 1_000, 10_000)
ROUNDS = 15
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")

PEERS = """
import json, sys, time
from datetime import datetime, timedelta, timezone
from statistics import median
import schedule
from apscheduler.schedulers.background import BackgroundScheduler
def median_ms(call, rounds=15):
    call()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(20): call()
        times.append((time.process_time() - began) * 50)
    return median(times)
found = {"APScheduler": [], "schedule": []}
for count in json.loads(sys.argv[1]):
    aps = BackgroundScheduler(timezone="UTC")
    for n in range(count):
        aps.add_job(print, "cron", hour=n % 24, id=str(n))
    aps.start(paused=True)
    aps.state = 1
    found["APScheduler"].append(median_ms(aps._process_jobs))
    aps.shutdown(wait=False)
    schedule.clear()
    for n in range(count):
        schedule.every().day.at(f"{n % 24:02}:00").do(print)
    jobs = schedule.default_scheduler
    found["schedule"].append(median_ms(lambda: (jobs.run_pending(), jobs.idle_seconds)))
print(json.dumps(found))
"""


def measure() -> Findings:
    costs: dict[str, list[float]] = {}
    for count in SIZES:
        for name, call in _calls(count).items():
            costs.setdefault(name, []).append(median_cpu_ms(call, ROUNDS))
    costs |= _peers()
    ours = costs["aiemp: a tick"]
    names = list(costs)
    rows = [
        [name, *costs[name], costs[name][-1] * 1000 / SIZES[-1], growth(SIZES[1:], costs[name][1:])]
        for name in names
    ]
    columns = ("processor ms, for so many tasks", *(f"{size:,}" for size in SIZES), "µs a task", "growth")
    curves = [Curve(name, SIZES, costs[name]) for name in names if "look" not in name]
    return Findings(
        figures=[
            Figure("tick", ours[-1] * 1000 / SIZES[-1]),
            Figure("tick_growth", growth(SIZES[1:], ours[1:]), "from 100 to 10,000 tasks"),
        ],
        tables=[Table("", columns, rows)],
        plots=[Plot("tick", "A tick with nothing due", "tasks", "ms", curves)],
        notes=[
            "A tick asks whether the clock was set back, whether a run has died, and what is due. The first look, "
            "after a start or an edit of the plan, works out each task's next slot; the following ones ask whether it "
            "has come. APScheduler keeps its jobs sorted and looks at the first alone; aiemp's records can be edited "
            "by others, and the clock can be set back, so it looks at all."
        ],
    )


def tasks(count: int) -> tuple[ScheduledTask, ...]:
    """The built-in tasks over and over, all enabled, most of them not due."""
    return tuple(
        replace(SCHEDULE_REGISTRY[n % 7], name=f"task_{n}", enabled=True, last_run=NOW - timedelta(minutes=5))
        for n in range(count)
    )


def _calls(count: int) -> dict[str, Callable[[], object]]:
    registry = tasks(count)
    plan = Plan(Path("/vault"), tasks=registry, zone=ZONE)
    records = {task.name: TaskRecord(last_run=task.last_run) for task in registry}
    agenda = Agenda(timedelta(minutes=1))
    ledger = _ledger_with(registry)

    def tick() -> None:
        """What the orchestrator asks on each tick (``Orchestrator._start_due``)."""
        assert not ledger.clamp_future(plan, NOW)
        assert not ledger.recover_if_idle(plan, NOW)
        agenda.look(plan, ledger.read().records, NOW)

    return {
        "aiemp: a tick": tick,
        "aiemp: a tick's look at the agenda": lambda: agenda.look(plan, ledger.read().records, NOW),
        "aiemp: the first look": lambda: Agenda(timedelta(minutes=1)).look(plan, records, NOW),
        "aiemp: `get_due_tasks`": lambda: get_due_tasks(registry, NOW, ZONE),
        "bare loop": lambda: [task for task in registry if task.last_run == NOW],
    }


def _ledger_with(registry: tuple[ScheduledTask, ...]) -> Ledger:
    vault = Path(tempfile.mkdtemp(dir=peer_packages.scratch()))
    (vault / ".state").mkdir()
    ran = {task.name: task.last_run.isoformat() for task in registry if task.last_run}
    state = vault / ".state/orchestrator_state.json"
    state.write_text(json.dumps({"schedule_last_run": ran}), encoding="utf-8")
    return Ledger(vault)


def _peers() -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", PEERS, json.dumps(SIZES)],
        env={"PYTHONPATH": str(peer_packages.libraries())},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found
