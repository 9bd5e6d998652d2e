"""What a tick costs: which of N tasks are due, and when is the next one?

Promise (issue Foundation): 10,000 tasks in one tick within 50 ms. The baseline is a loop over the same tasks
that compares one field with the clock: no scheduler can do less.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from aiemp.agenda import Agenda
from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Plan, ScheduledTask
from aiemp.runs import TaskRecord
from aiemp.schedules import get_due_tasks, next_due

TITLE = "Cost of a tick"
SIZES = (10, 100, 1_000, 10_000)
ROUNDS = 7
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def tasks(count: int) -> tuple[ScheduledTask, ...]:
    """The built-in tasks over and over, all enabled, most of them not due."""
    last_run = NOW - timedelta(minutes=5)
    return tuple(
        replace(SCHEDULE_REGISTRY[n % 7], name=f"task_{n}", enabled=True, last_run=last_run)
        for n in range(count)
    )


def measured_ms(call: Callable[[], object]) -> float:
    """The median of some rounds, in milliseconds."""
    call()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def row(count: int) -> list[float]:
    """The figures for ``count`` tasks."""
    registry = tasks(count)
    plan = Plan(Path("/vault"), tasks=registry, zone=ZONE)
    records = {task.name: TaskRecord(last_run=task.last_run) for task in registry}
    agenda = Agenda(timedelta(minutes=1))
    return [
        measured_ms(lambda: [task for task in registry if task.last_run == NOW]),
        measured_ms(lambda: get_due_tasks(registry, NOW, ZONE)),
        measured_ms(lambda: [next_due(task, NOW, ZONE) for task in registry]),
        measured_ms(lambda: Agenda(timedelta(minutes=1)).look(plan, records, NOW)),
        measured_ms(lambda: agenda.look(plan, records, NOW)),
    ]


def table() -> str:
    """The figures as a Markdown table."""
    head = ["tasks", "bare loop", "get_due_tasks", "next_due", "first tick", "every tick", "µs a task"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    for count in SIZES:
        figures = row(count)
        cells = [
            f"{count:,}",
            *(f"{figure:.2f} ms" for figure in figures),
            f"{figures[-1] * 1000 / count:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
