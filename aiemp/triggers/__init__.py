"""What each task does: one file for each of the seed's trigger functions (2D), and the user's own tasks.

:func:`resolve` imports no more than the one that is asked for: every run is a fresh process.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from aiemp.errors import AiempError

if TYPE_CHECKING:
    from aiemp.plan import ScheduledTask
    from aiemp.triggers.context import RunContext

BUILT_IN = {
    "trigger_morning_triage": "morning_triage",
    "trigger_linkedin_post": "linkedin_post",
    "trigger_stale_check": "stale_check",
    "trigger_daily_rollover": "daily_rollover",
    "trigger_weekly_audit_prep": "weekly_audit_prep",
    "trigger_health_update": "health_update",
    "trigger_done_archive": "done_archive",
}
"""The seed's functions, and the modules here that hold them."""

Trigger: TypeAlias = "Callable[[RunContext, bool], dict[str, object]]"


def resolve(task: ScheduledTask) -> Trigger:
    """What to call to run ``task``: a function of the run's context and whether it is a dry run; where the
    task says what it must leave, one that looks for that.

    It returns a dict with ``success``, ``summary`` (one line for people), ``error`` (None or text) and what
    the seed lists for it. It raises Blocked; an own function may raise anything that is no mistake of ours.
    Raises AiempError when there is no such trigger function.
    """
    trigger = _trigger_of(task)
    if not task.expect:
        return trigger
    from aiemp.triggers.postcondition import expecting  # noqa: PLC0415 - see above

    return expecting(trigger, task.expect, only_where_claude_was_asked=task.trigger_fn in BUILT_IN)


def _trigger_of(task: ScheduledTask) -> Trigger:
    if task.command:
        from aiemp.triggers.own_command import run_command  # noqa: PLC0415 - see above

        return run_command
    if task.prompt:
        from aiemp.triggers.own_prompt import run_prompt  # noqa: PLC0415 - see above

        return run_prompt
    if ":" in task.trigger_fn:
        from aiemp.triggers.own_function import run_function  # noqa: PLC0415 - see above

        return run_function
    module = BUILT_IN.get(task.trigger_fn)
    if module is None:
        known = ", ".join(sorted(BUILT_IN))
        raise AiempError(
            f"task {task.name}: there is no trigger function {task.trigger_fn!r}; "
            f'name one of {known}, or your own as "module:function"'
        )
    function = getattr(import_module(f"aiemp.triggers.{module}"), task.trigger_fn)

    def run_built_in(context: RunContext, dry_run: bool) -> dict[str, object]:
        result: dict[str, object] = function(context.plan.vault, dry_run=dry_run, context=context)
        return result

    return run_built_in
