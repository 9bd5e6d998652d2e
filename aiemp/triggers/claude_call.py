"""One Claude run for a task, with the task's limits and the plan's settings."""

from __future__ import annotations

from aiemp.claude import invoke_claude
from aiemp.triggers.context import RunContext

LONGEST_SUMMARY = 160


def ask_claude(context: RunContext, prompt: str, dry_run: bool) -> dict[str, object]:
    """What :func:`aiemp.claude.invoke_claude` returns for ``prompt``, in the run's vault. Raises Blocked."""
    return invoke_claude(
        prompt,
        context.plan.vault,
        context.task.timeout_minutes,
        dry_run,
        settings=context.plan.claude,
        environ=context.environ,
        log_file=context.log_file,
        on_output=context.on_output,
    )


def duration_text(answer: dict[str, object]) -> str:
    """How long Claude worked, as the seed's ``duration``: ``45 s``."""
    return f"{answer['duration_seconds']:.0f} s"


def last_line(text: object) -> str:
    """The last line of an answer, where Claude sums up; shortened, "" when there is none."""
    lines = str(text).strip().splitlines()
    line = " ".join(lines[-1].split()) if lines else ""
    return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1] + "…"
