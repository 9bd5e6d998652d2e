"""What ``OnFailure=aiemp-alert@%n.service`` does: find out what a failed unit means, and tell the owner.

The runner and the orchestrator report what they can themselves. This is for what they cannot: a process that
was killed (out of memory, time limit), could not even start, or was ended by the watchdog. Raised under the
same key, so that nothing is told twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from aiemp.alerts import Alert, raise_alert
from aiemp.ledger import Ledger
from aiemp.plan import Plan
from aiemp.run_report import publish_interrupted
from aiemp.systemd.names import ORCHESTRATOR, task_of, watcher_of

log = logging.getLogger("aiemp.alerts")

WORDS = {
    "timeout": "was ended by systemd at its time limit",
    "watchdog": "gave no sign of life and was restarted by systemd's watchdog",
    "oom-kill": "ran out of memory and was killed",
    "signal": "was killed by a signal",
    "core-dump": "crashed",
    "exit-code": "ended with an error",
    "start-limit-hit": "was restarted too often and given up",
    "protocol": "ended before it was ready",
    "resources": "could not be started",
}


def report_failed_unit(plan: Plan, unit: str, now: datetime, environ: Mapping[str, str]) -> str:
    """Tell the owner about ``unit``, if nobody has, and return what was done, in words.

    ``environ`` may hold MONITOR_SERVICE_RESULT and MONITOR_EXIT_STATUS, which systemd 251 and later set for
    units started by OnFailure= (systemd.exec(5)).
    """
    result = environ.get("MONITOR_SERVICE_RESULT", "")
    status = environ.get("MONITOR_EXIT_STATUS", "")
    how = WORDS.get(result, "failed") + (f" ({status})" if status else "")
    task = task_of(unit)
    if task is not None:
        return _report_task(plan, task, unit, how, now, environ)
    watcher = watcher_of(unit)
    if watcher is not None:
        alert = Alert(
            f"watcher-{watcher}",
            f"watcher_{watcher}",
            f"Watcher {watcher} is paused",
            f"{unit} {how}",
            f"See `aiemp logs {watcher}`, mend the cause, then: systemctl restart {unit}",
        )
    else:
        name = "orchestrator" if unit == ORCHESTRATOR else unit
        alert = Alert(name, name, f"{name} failed", f"{unit} {how}", f"See: journalctl -u {unit}")
    raise_alert(plan, alert, now, environ)
    return f"{unit} {how}: alerted"


def _report_task(
    plan: Plan, task: str, unit: str, how: str, now: datetime, environ: Mapping[str, str]
) -> str:
    """A task's run that could not write down its own end is closed here, so that it is due again."""
    ledger = Ledger(plan.vault)
    recovered = ledger.recover_if_idle(plan, now)
    for run, exhausted in recovered:
        publish_interrupted(plan, run, exhausted, now, environ)
    if recovered:
        return f"{unit} {how}: its run is written down as interrupted"
    record = ledger.read().record(task)
    if record.last is not None and (now - record.last.finished).total_seconds() < RECENT_S:
        return f"{unit} {how}: the run itself has reported that"
    alert = Alert(
        f"task-{task}",
        task,
        f"Task {task} could not be run",
        f"{unit} {how}",
        f"See `aiemp logs {task}`, mend the cause, then run: aiemp trigger {task}",
    )
    raise_alert(plan, alert, now, environ)
    return f"{unit} {how}: alerted"


RECENT_S = 120.0
"""An end that was written down within this time is the one that the unit failed with."""
