"""A run that systemd had to end at its time limit: it failed, and was not just interrupted.

The run's own limit comes earlier and is recorded by the run itself; this is for one that does not hear it any
more, and for a shorter ``RuntimeMaxSec=`` in a drop-in. Whoever notices first, the orchestrator or ``aiemp
alert``, writes it down. If it counted as stopped on request, it would cost no attempt and be done for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiemp.errors import LockHeld
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.plan import Plan
from aiemp.run_report import publish_end
from aiemp.runs import Ended, Result, Run, TaskRecord
from aiemp.systemd.failures import TIMED_OUT, WORDS

RECENT = timedelta(minutes=2)
"""An end that was written down within this time is the one that the unit failed with."""


def close_overrun(plan: Plan, task: str, now: datetime, environ: Mapping[str, str]) -> bool:
    """Write down that the run of ``task`` failed, and show it. False when its end is known already.

    For after its unit failed with ``Result=timeout``. Raises OSError when the ledger cannot be written.
    """
    ledger = Ledger(plan.vault)
    run = _close_open_run(ledger, plan, task, now)
    if run is None:
        run = _cut_off(ledger.read().record(task), task, now)
        if run is None or not ledger.correct(run, _end_of(run, now), plan):
            return False
    publish_end(plan, run, _end_of(run, now), {}, environ)
    return True


def _close_open_run(ledger: Ledger, plan: Plan, task: str, now: datetime) -> Run | None:
    """The run that had no end yet, closed now; None when there is none."""
    if ledger.read().record(task).running is None:
        return None
    try:
        lock = acquire(ledger.places.run_lock, Holder(0, f"recovery of {task}"))
    except LockHeld:
        return None  # whoever has it now has closed this one
    with lock:
        run = ledger.read().record(task).running
        if run is not None:
            ledger.finish(run, _end_of(run, now), plan)
        return run


def _end_of(run: Run, now: datetime) -> Ended:
    lasted_s = max((now - run.started).total_seconds(), 0.0)
    return Ended(Result.FAILED, now, lasted_s, error=f"the run {WORDS[TIMED_OUT]}")


def _cut_off(record: TaskRecord, task: str, now: datetime) -> Run | None:
    """The run that was just written down as interrupted: by itself, since systemd's SIGTERM had stopped it, which
    cost no attempt; or by whoever waited for its lock and did not know why it died, which cost one."""
    last = record.last
    if (
        last is None
        or last.result is not Result.INTERRUPTED
        or record.slot is None
        or now - last.finished > RECENT
    ):
        return None
    started = last.finished - timedelta(seconds=last.duration_s)
    attempt = record.attempts + 1 if last.on_request else record.attempts
    return Run(task, record.slot, max(attempt, 1), started, pid=0)
