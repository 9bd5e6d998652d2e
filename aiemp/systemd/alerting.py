"""What ``OnFailure=aiemp-alert@%n.service`` does: find out what a failed unit means, and tell the owner.

The runner and the orchestrator report what they can themselves. This is for what they cannot: a process that
was killed (out of memory, time limit), could not even start, or was ended by the watchdog. Raised under the
same key, so that nothing is told twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from aiemp.alerts import Alert, raise_alert
from aiemp.errors import AiempError
from aiemp.ledger import Ledger
from aiemp.plan import Plan
from aiemp.run_report import publish_recovered
from aiemp.systemd.failures import START_LIMIT_HIT, TIMED_OUT, failure_words, watcher_remedy
from aiemp.systemd.names import ORCHESTRATOR, task_of, watcher_of
from aiemp.systemd.overrun import RECENT, close_overrun
from aiemp.systemd.scope import Scope
from aiemp.systemd.systemctl import Systemctl

log = logging.getLogger("aiemp.alerts")

NEVER_BEGAN = ("resources", START_LIMIT_HIT)
"""How a unit fails whose command was not executed at all."""


def report_failed_unit(
    plan: Plan, unit: str, now: datetime, environ: Mapping[str, str], *, config_problem: str = ""
) -> str:
    """Tell the owner about ``unit``, if nobody has, and return what was done, in words.

    ``environ`` may hold MONITOR_SERVICE_RESULT, which systemd 251 and later set for units started by
    OnFailure=, or SERVICE_RESULT, in an ExecStopPost= (systemd.exec(5)). ``config_problem``: the configuration
    cannot be read, which is then the reason; ``plan`` knows the vault and no more.
    """
    result = environ.get("MONITOR_SERVICE_RESULT") or environ.get("SERVICE_RESULT", "")
    said = failure_words(unit, result)
    task, watcher = task_of(unit), watcher_of(unit)
    if watcher is not None and result == TIMED_OUT:
        # With Restart=always nothing but a *stop* ends so: somebody wanted it, and it had to be killed.
        return f"{said}, when it was stopped: no alert"
    if task is not None and not config_problem and not plan.dry_run.active:
        ended = _close_run(plan, task, unit, result, now, environ)
        if ended:
            return f"{said}: {ended}"
    if task is not None:
        key = f"task-{task}"
        title = f"Task {task} could not be run"
        remedy = f"See `aiemp logs {task}`, mend the cause, then run: aiemp trigger {task}"
    elif watcher is not None:
        key = f"watcher-{watcher}"
        title = f"Watcher {watcher} is paused"
        remedy = watcher_remedy(_scope(environ), watcher)
    else:
        key = "orchestrator" if unit == ORCHESTRATOR else unit
        title = f"{key} failed"
        remedy = f"See: journalctl {'--user ' if _scope(environ) is Scope.USER else ''}-u {unit}"
    component = task or (f"watcher_{watcher}" if watcher else key)
    if config_problem:
        said = f"{said}: {config_problem}"
        remedy = "Correct aiemp.toml; `aiemp config validate` shows every mistake"
    raise_alert(plan, Alert(key, component, title, said, remedy), now, environ)
    return f"{said}: alerted"


def _close_run(
    plan: Plan, task: str, unit: str, result: str, now: datetime, environ: Mapping[str, str]
) -> str:
    """Write down the end of a run that could not do it itself. What was done; empty when there was no run."""
    if result == TIMED_OUT and close_overrun(plan, task, now, environ):
        return "its run is written down as failed"
    ledger = Ledger(plan.vault)
    recovered = ledger.recover_if_idle(plan, now)
    for run, end in recovered:
        publish_recovered(plan, run, end, environ)
    if any(run.task == task for run, _ in recovered):
        return "its run is written down as interrupted"
    last = ledger.read().record(task).last
    if last is None or result in NEVER_BEGAN:
        return ""
    started = _started(unit, now, environ) or now - RECENT
    return "the run itself has reported that" if last.finished >= started else ""


def _started(unit: str, now: datetime, environ: Mapping[str, str]) -> datetime | None:
    """When systemd began the start of ``unit`` that failed: what ended before was another run. None when it cannot
    say, because it has started the unit again since (the next attempt may begin while this is still on its way)."""
    name = "InactiveExitTimestampMonotonic"
    try:
        shown = Systemctl(_scope(environ), environ).show([unit], [name, "InvocationID"])[unit]
        microseconds = int(shown[name])
    except (AiempError, KeyError, ValueError):
        return None
    failed = environ.get("MONITOR_INVOCATION_ID")  # systemd.exec(5), of 251 and later
    if failed and shown.get("InvocationID", failed) != failed:
        return None
    ago = time.monotonic() - microseconds / 1e6
    return now - timedelta(seconds=ago) if microseconds and ago >= 0 else None


def _scope(environ: Mapping[str, str]) -> Scope:
    """Which manager started this: a user's tells its children its pid (systemd.exec(5), "$MANAGERPID")."""
    return Scope.USER if "MANAGERPID" in environ else Scope.SYSTEM
