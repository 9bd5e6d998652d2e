"""What a task says a run must leave (``expect``): a run that ended well without it has failed.

An exit status of 0 is Claude Code's word that it has printed an answer, not that the work is done. A file that
was written again counts, also with the same content: the work may well lead to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aiemp.triggers.context import RunContext
from aiemp.vault.matching import Signature, listed, matching_files, new_or_changed

Trigger = Callable[[RunContext, bool], dict[str, object]]

BOOKKEEPING = ("logs/aiemp/", "logs/claude/", ".state/")
"""Below these aiemp writes with every run (:class:`aiemp.places.Places`): no proof that work was done."""


def expecting(trigger: Trigger, pattern: str, *, only_where_claude_was_asked: bool) -> Trigger:
    """``trigger``, whose success needs a new or rewritten file that matches ``pattern`` below the vault, and is not
    one of aiemp's own.

    Such files are named in ``appeared``. A dry run is not judged; nor, on request, is a run that did not ask
    Claude, having found nothing to do.
    """

    def judged(context: RunContext, dry_run: bool) -> dict[str, object]:
        if dry_run:
            return trigger(context, dry_run)
        vault = context.plan.vault
        before = _files(vault, pattern)
        result = trigger(context, dry_run)
        if only_where_claude_was_asked and "claude_s" not in result:
            return result
        appeared = new_or_changed(before, _files(vault, pattern))
        result = {**result, "appeared": listed(appeared)}
        if appeared or result.get("success") is not True:
            return result
        error = f"it ended well, but no new or changed file matches {pattern!r}"
        return {**result, "success": False, "summary": "", "error": error}

    return judged


def _files(vault: Path, pattern: str) -> dict[str, Signature]:
    found = matching_files(vault, pattern)
    return {path: each for path, each in found.items() if not path.casefold().startswith(BOOKKEEPING)}
