"""A run that systemd had to kill at its time limit: it failed, and was not just interrupted.

The run's own limit comes earlier and is recorded by the run itself; this is for one that does not hear it any
more. Whoever notices first, the orchestrator or ``aiemp alert``, writes it down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aiemp.errors import LockHeld
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.plan import Plan
from aiemp.run_report import publish_end
from aiemp.runs import Ended, Result, Run
from aiemp.systemd.failures import TIMED_OUT, WORDS


def close_overrun(plan: Plan, task: str, now: datetime, environ: Mapping[str, str]) -> bool:
    """Write down that the run of ``task`` failed, and show it. False when it has no run without an end.

    For after its unit failed with ``Result=timeout``. Raises OSError when the ledger cannot be written.
    """
    ledger = Ledger(plan.vault)
    if ledger.read().record(task).running is None:
        return False
    try:
        lock = acquire(ledger.places.run_lock, Holder(0, f"recovery of {task}"))
    except LockHeld:
        return False  # the run that has it now has closed this one
    with lock:
        run: Run | None = ledger.read().record(task).running
        if run is None:
            return False
        lasted_s = max((now - run.started).total_seconds(), 0.0)
        end = Ended(Result.FAILED, now, lasted_s, error=f"the run {WORDS[TIMED_OUT]}")
        ledger.finish(run, end, plan)
    publish_end(plan, run, end, {}, environ)
    return True
