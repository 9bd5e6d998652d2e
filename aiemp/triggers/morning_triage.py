"""Morning triage: Claude Code works through everything in Needs_Action (seed 2D)."""

from __future__ import annotations

from pathlib import Path

from aiemp.triggers.claude_call import ask_claude, duration_text
from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import failed, reports_failures, succeeded
from aiemp.vault.items import action_items
from aiemp.vault.matching import Signature, listed, signature_of

PROMPT = (
    "You are the AI Employee performing morning triage. "
    "Load skills: @.claude/skills/email-triage/SKILL.md "
    "@.claude/skills/task-planner/SKILL.md "
    "@.claude/skills/hitl-handler/SKILL.md "
    "Process all items in /Needs_Action/. "
    "For each item: triage, plan, create approval requests as needed. "
    "Update Dashboard when done."
)

NOT_WORK = ("alerts",)
"""Our own notes to the owner. A triage that failed leaves one there; counted as work, it would keep the next
triage, and every later one, from finding nothing to do."""


@reports_failures
def trigger_morning_triage(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Have Claude Code process all pending items; without any there is no Claude run.

    Returns ``items_before``, ``items_after``, ``items_processed`` (of those before, how many were moved
    away or changed), the names of those ``moved``, ``changed`` and ``arrived``, and ``duration``. That Claude
    ended well and did nothing is told, but is no failure: when all that is left waits for the owner, doing
    nothing is right, and a second run would not help.
    Dry run: counts, and says what would be run. Raises Blocked.
    """
    context = context or default_context(vault_path, "trigger_morning_triage", dry_run)
    before = _items(vault_path)
    waiting = _counted(len(before))
    if not before:
        return succeeded("No pending items", items_before=0, items_after=0, items_processed=0, duration="0 s")
    answer = ask_claude(context, PROMPT, dry_run)
    if dry_run:
        return succeeded(
            f"{waiting} pending; Claude Code was not called",
            items_before=len(before),
            items_after=len(before),
            items_processed=0,
            duration="0 s",
            output=answer["output"],
        )
    after = _items(vault_path)
    moved = sorted(path.name for path in before if path not in after)
    changed = sorted(path.name for path in before if path in after and after[path] != before[path])
    processed = len(moved) + len(changed)
    values = {
        **answer,
        "items_before": len(before),
        "items_after": len(after),
        "items_processed": processed,
        "moved": listed(moved),
        "changed": listed(changed),
        "arrived": listed(sorted(path.name for path in after if path not in before)),
        "duration": duration_text(answer),
    }
    if not answer["success"]:
        del values["success"], values["error"]
        return failed(f"{answer['error']} ({processed} of {waiting} processed)", **values)
    return {
        **succeeded(
            f"{processed} of {waiting} processed, {len(after)} pending now"
            if processed
            else f"Claude Code ended well, but moved or changed none of {waiting}"
        ),
        **values,
    }


def _items(vault: Path) -> dict[Path, Signature]:
    """The pending items, and of each what changes when somebody writes to it."""
    seen = ((path, signature_of(path)) for path in action_items(vault, skip=NOT_WORK))
    return {path: signature for path, signature in seen if signature is not None}  # None: taken away since


def _counted(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"
