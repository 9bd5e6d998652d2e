"""A task of the user's own that is a prompt for Claude Code, with the skills it needs."""

from __future__ import annotations

from aiemp.plan import ScheduledTask
from aiemp.triggers.claude_call import ask_claude, duration_text
from aiemp.triggers.context import RunContext
from aiemp.triggers.results import failed, last_line, reports_failures, succeeded


@reports_failures
def run_prompt(context: RunContext, dry_run: bool) -> dict[str, object]:
    """Run Claude Code on the task's prompt; its answer is ``output``. May raise Blocked."""
    answer = ask_claude(context, full_prompt(context.task), dry_run)
    values = {**answer, "duration": duration_text(answer)}
    del values["success"], values["error"]
    if not answer["success"]:
        return failed(str(answer["error"]), **values)
    if dry_run:
        return succeeded("Claude Code was not called", **values)
    return succeeded(last_line(answer["output"]), **values)


def full_prompt(task: ScheduledTask) -> str:
    """The prompt, after the skills in the form that the seed's own prompts have."""
    if not task.skills:
        return task.prompt
    skills = " ".join(f"@.claude/skills/{name}/SKILL.md" for name in task.skills)
    return f"Load skills: {skills} {task.prompt}"
