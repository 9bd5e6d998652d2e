"""Whether Claude may be called now: not while it is paused, nor when the day's budget is used up.

Neither names a moment to wait for, so that `aiemp resume` and a raised limit hold at the next look.
"""

from __future__ import annotations

from aiemp.claude.budget import Spent, in_words, spent_today, why_blocked
from aiemp.claude.pause import read_pause
from aiemp.errors import Blocked
from aiemp.triggers.context import RunContext


def require_leave(context: RunContext) -> None:
    """Raise Blocked when no run of Claude may begin now. For our own calls, and for a program or function of
    the owner's that he says needs Claude."""
    _require_leave(context, _spent(context))


def _spent(context: RunContext) -> Spent:
    return spent_today(context.runs, context.now, context.plan)


def _require_leave(context: RunContext, spent: Spent) -> None:
    plan, overrides = context.plan, context.overrides
    pause = read_pause(plan.vault, context.now)
    if pause is not None and not overrides.while_paused:
        raise Blocked(pause.why_blocked(plan.zone))
    reason = why_blocked(plan.claude, spent)
    if reason is not None and not overrides.over_budget:
        raise Blocked(reason)


def leave_in_words(context: RunContext) -> str:
    """For a dry run: what is spent of the day's budget, whether Claude is paused, what would be blocked."""
    plan, spent = context.plan, _spent(context)
    pause = read_pause(plan.vault, context.now)
    lines = [
        f"Budget: {in_words(spent, plan.claude)} today",
        f"Pause: {pause.in_words(plan.zone) if pause else 'none'}",
    ]
    try:
        _require_leave(context, spent)
    except Blocked as blocked:
        lines.append(f"It would be blocked: {blocked.reason}")
    return "\n".join(lines)
