"""One Claude run for a task, with the task's limits and the plan's settings."""

from __future__ import annotations

from aiemp.claude import invoke_claude
from aiemp.claude.budget import Spent, in_words, spent_today, why_blocked
from aiemp.claude.pause import read_pause
from aiemp.errors import Blocked
from aiemp.triggers.context import RunContext

LONGEST_SUMMARY = 160


def ask_claude(context: RunContext, prompt: str, dry_run: bool) -> dict[str, object]:
    """What :func:`aiemp.claude.invoke_claude` returns for ``prompt``, in the run's vault.

    Raises Blocked, also when Claude is paused or the budget of the day is used up. That is asked here, where
    Claude would be called: a triage that has nothing to do is no matter of the budget. Neither names a moment
    to wait for, so that `aiemp resume` and a raised limit hold at the next look. A dry run tells both.
    """
    if not dry_run:
        require_leave(context)
    answer = invoke_claude(
        prompt,
        context.plan.vault,
        context.task.timeout_minutes,
        dry_run,
        settings=context.plan.claude,
        environ=context.environ,
        log_file=context.log_file,
        on_output=context.on_output,
    )
    if dry_run:
        return {**answer, "output": f"{answer['output']}\n{leave_in_words(context)}"}
    if answer["duration_seconds"]:
        answer.setdefault("claude_s", answer["duration_seconds"])
    return answer


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


def duration_text(answer: dict[str, object]) -> str:
    """How long Claude worked, as the seed's ``duration``: ``45 s``."""
    return f"{answer['duration_seconds']:.0f} s"


def last_line(text: object) -> str:
    """The last line of an answer, where Claude sums up; shortened, "" when there is none."""
    lines = str(text).strip().splitlines()
    line = " ".join(lines[-1].split()) if lines else ""
    return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1] + "…"
