"""Runs and their ends, as these tests write them down."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from aiemp.plan import Frequency, ScheduledTask
from aiemp.runs import Ended, Result, Run

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

TRIAGE = ScheduledTask("triage", "", Frequency.DAILY, time_of_day=time(8, 0))

HEALTH = ScheduledTask("health", "", Frequency.EVERY_N_MINUTES, interval_minutes=15)


def a_run(task: str = "triage", *, attempt: int = 1, started: datetime = NOW) -> Run:
    return Run(task, NOW, attempt, started, os.getpid())


def an_end(result: Result = Result.SUCCEEDED, error: str = "") -> Ended:
    return Ended(result, NOW + timedelta(minutes=1), 60.0, error)


def state_file(vault: Path) -> Path:
    return vault / ".state" / "orchestrator_state.json"
