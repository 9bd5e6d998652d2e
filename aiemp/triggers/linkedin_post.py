"""LinkedIn post: Claude Code drafts one, unless there is one already (seed 2D)."""

from __future__ import annotations

from pathlib import Path

from aiemp.triggers.claude_call import ask_claude
from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import failed, reports_failures, succeeded
from aiemp.vault.linkedin import LinkedInPosts, linkedin_posts

PROMPT = (
    "You are the AI Employee drafting a LinkedIn post. "
    "Load skills: @.claude/skills/social-post/SKILL.md "
    "@.claude/skills/hitl-handler/SKILL.md "
    "Read: @Business_Goals.md "
    "Draft one LinkedIn post for today and create an approval request."
)

MOST_PENDING = 1
"""More drafts than this that nobody has looked at, and another one helps nobody."""


@reports_failures
def trigger_linkedin_post(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Have Claude Code draft today's post, unless one was drafted today or more than one waits for approval.

    Returns ``drafted``: whether a new draft is there now, and ``draft``, its path in the vault. Claude ending
    well without one is a failure.
    Dry run: looks, and says what would be run. Raises Blocked.
    """
    context = context or default_context(vault_path, "trigger_linkedin_post", dry_run)
    before = linkedin_posts(vault_path, context.today, context.plan.zone)
    if before.drafted_today:
        return succeeded(f"Already drafted today: {before.drafted_today[0].name}", drafted=False)
    if len(before.pending) > MOST_PENDING:
        return succeeded(f"{len(before.pending)} posts wait for approval already", drafted=False)
    answer = ask_claude(context, PROMPT, dry_run)
    if dry_run:
        return succeeded(
            "A post would be drafted; Claude Code was not called", drafted=False, output=answer["output"]
        )
    after = linkedin_posts(vault_path, context.today, context.plan.zone)
    new = sorted(_all(after) - _all(before))
    draft = new[0].relative_to(vault_path).as_posix() if new else ""
    values = {**answer, "drafted": bool(new), "draft": draft}
    del values["success"], values["error"]
    if not answer["success"]:
        also = f" ({new[0].name} was drafted all the same)" if new else ""
        return failed(f"{answer['error']}{also}", **values)
    if not new:
        return failed("Claude Code ended well, but there is no new LinkedIn draft in the vault", **values)
    return succeeded(f"Drafted {new[0].name}", **values)


def _all(posts: LinkedInPosts) -> set[Path]:
    return {*posts.drafted_today, *posts.pending}
