"""What the owner sees of a run: a row in the activity log, a row under Recent Errors, an alert.

Best effort: the ledger has the truth by then, so a dashboard that cannot be written is logged and no more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from aiemp.errors import AiempError
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import Plan, ScheduledTask
from aiemp.runs import Ended, Result, Run, is_exhausted

log = logging.getLogger("aiemp.runner")

RESULT_WORDS = {
    Result.SUCCEEDED: "✅ Success",
    Result.FAILED: "❌ Failed",
    Result.INTERRUPTED: "⏸ Interrupted",
    Result.BLOCKED: "⛔ Blocked",
}


def publish_end(
    plan: Plan, run: Run, end: Ended, details: Mapping[str, object], environ: Mapping[str, str]
) -> None:
    """Show how a run ended. A routine run (``details["routine"]``) that succeeded leaves no activity row: the
    health update of every quarter of an hour would push everything else out of the log."""
    if end.result is Result.SUCCEEDED:
        _clear_alert(plan, run.task)
        if details.get("routine") is True:
            return
    _add_activity(plan, run, end)
    if end.result is Result.FAILED:
        _publish_error(plan, run, end, _what_is_next(run, plan.task(run.task)), environ)


def publish_recovered(plan: Plan, run: Run, end: Ended, environ: Mapping[str, str]) -> None:
    """Show a run whose process died without a word, once another process has found out."""
    if end.result is Result.FAILED:  # it was over its time limit
        publish_end(plan, run, end, {}, environ)
        return
    end = replace(end, error=f"the run {run.name} was cut off (power cut or kill)")
    what_next = "It is done again"
    if run.manual:
        what_next = "It was started by hand: run it again if it is still wanted"
    log.warning("%s", end.error)
    _publish_error(plan, run, end, what_next, environ)


def _what_is_next(run: Run, task: ScheduledTask | None) -> str:
    if run.manual:
        return "Run by hand"
    minutes = task.retry_delay_minutes if task else 0
    return f"It is tried again in {minutes} min" if minutes else "It is tried again at once"


def _publish_error(plan: Plan, run: Run, end: Ended, what_next: str, environ: Mapping[str, str]) -> None:
    """One row for what went wrong: the attempt's, or in its place the alert's once all attempts are used up."""
    if is_exhausted(run, end, plan.task(run.task)):
        if run.attempt > 1:
            _remove_error(plan, run.task, end.error)
        raise_task_alert(plan, run, end, environ)
        return
    _add_error(plan, run.task, end.finished, end.error, what_next)


def publish_blocked(plan: Plan, run: Run, end: Ended) -> None:
    """Show why a task cannot run now. The caller asks for this once per slot."""
    what_next = "Waiting; it runs when the cause is gone"
    if end.until is not None:
        what_next = f"Waiting until {end.until.astimezone(plan.zone):%a %Y-%m-%d %H:%M}"
    _add_error(plan, run.task, end.finished, end.error, what_next)


def raise_task_alert(plan: Plan, run: Run, end: Ended, environ: Mapping[str, str]) -> None:
    """Alert the owner that a slot's last attempt is used up."""
    from aiemp.alerts import Alert, raise_alert  # noqa: PLC0415 - alerts are rare

    alert = Alert(
        key=f"task-{run.task}",
        component=run.task,
        title=f"Task {run.task} failed",
        detail=f"{end.error} ({run.name}, attempt {run.attempt})",
        remedy=f"Mend the cause, then run: aiemp trigger {run.task}",
    )
    raise_alert(plan, alert, end.finished, environ)


def _clear_alert(plan: Plan, task: str) -> None:
    if not any(Places(plan.vault).alerts.glob("*")):
        return  # as nearly always, and that is known without loading what alerts need
    from aiemp.alerts import clear_alert  # noqa: PLC0415 - see above

    clear_alert(plan, f"task-{task}")


def _add_activity(plan: Plan, run: Run, end: Ended) -> None:
    from aiemp.dashboard import add_activity, touch  # noqa: PLC0415 - a quiet run has no row

    at = end.finished.astimezone(plan.zone)
    details = end.summary if end.result is Result.SUCCEEDED else end.error
    _update(plan, add_activity(at, run.task, details, RESULT_WORDS[end.result]), touch(at))


def _add_error(plan: Plan, component: str, at: datetime, error: str, resolution: str) -> None:
    from aiemp.dashboard import add_error  # noqa: PLC0415 - errors are rare

    _update(plan, add_error(at.astimezone(plan.zone), component, error, resolution))


def _remove_error(plan: Plan, component: str, error: str) -> None:
    from aiemp.dashboard import remove_error  # noqa: PLC0415 - errors are rare

    _update(plan, remove_error(component, error))


def _update(plan: Plan, *edits: object) -> None:
    from aiemp.dashboard import update  # noqa: PLC0415 - see above

    try:
        update(plan.vault, *edits)  # type: ignore[arg-type]
    except (OSError, AiempError) as error:
        log.error("the dashboard was not updated: %s", error)
