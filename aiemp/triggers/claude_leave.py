"""Whether Claude may be called now: not while it is paused, nor when the day's budget is used up, nor when
nobody could tell afterwards that it was called, so that a budget would hold nothing.

Neither names a moment to wait for, so that `aiemp resume` and a raised limit hold at the next look.
"""

from __future__ import annotations

from aiemp.claude.budget import Spent, has_limit, in_words, spent_today, why_blocked
from aiemp.claude.pause import read_pause
from aiemp.errors import Blocked
from aiemp.ledger import Ledger
from aiemp.places import Places
from aiemp.run_history import History
from aiemp.triggers.context import RunContext


def require_leave(context: RunContext) -> None:
    """Raise Blocked when no run of Claude may begin now. For our own calls, and for a program or function of
    the owner's that he says needs Claude."""
    _require_leave(context, _spent(context))


def _spent(context: RunContext) -> Spent:
    try:
        noted = Ledger(context.plan.vault).read().spent
        return spent_today(context.runs, context.now, context.plan, noted)
    except OSError as error:
        if context.overrides.over_budget or not has_limit(context.plan.claude):
            return Spent()
        file = f"{error.filename}: " if error.filename else ""
        raise Blocked(
            f"Claude's budget cannot be kept: {file}{error.strerror}; make it a file that you can read and write"
        ) from error


def _require_leave(context: RunContext, spent: Spent) -> None:
    plan, overrides = context.plan, context.overrides
    pause = read_pause(plan.vault, context.now)
    if pause is not None and not overrides.while_paused:
        raise Blocked(pause.why_blocked(plan.zone))
    if overrides.over_budget or not has_limit(plan.claude):
        return
    obstacle = History(Places(plan.vault).runs).obstacle(context.now)
    reason = f"Claude's budget cannot be kept: {obstacle}" if obstacle else why_blocked(plan.claude, spent)
    if reason is not None:
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
