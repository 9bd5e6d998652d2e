"""Done archive: what was finished more than a week ago moves to Done/archive (seed 2D)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import failed, reports_failures, succeeded

log = logging.getLogger("aiemp.triggers")


@reports_failures
def trigger_done_archive(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Archive files of Done that are older than the plan's ``done_archive_days``.

    Returns ``archived`` (in a dry run: that would be), ``kept`` and ``problems``. Files that cannot be moved
    stay and are named; it is a failure only when nothing could be moved.
    """
    from aiemp.vault.archive import archive_done  # noqa: PLC0415 - as the other triggers do

    context = context or default_context(vault_path, "trigger_done_archive", dry_run)
    days = context.plan.limits.done_archive_days
    result = archive_done(
        vault_path,
        context.now,
        days,
        dry_run=dry_run,
        zone=context.plan.zone,
        on_progress=_progress(context),
    )
    for problem in result.problems:
        log.warning("done_archive: %s", problem)
    values = {"archived": result.moved, "kept": result.kept, "problems": list(result.problems)}
    if result.problems and not result.moved:
        return failed(f"nothing could be archived: {result.problems[0]}", **values)
    files = "1 file" if result.moved == 1 else f"{result.moved} files"
    done = f"{files} {'would be ' if dry_run else ''}archived, {result.kept} kept"
    trouble = f"; {len(result.problems)} could not be moved: {result.problems[0]}" if result.problems else ""
    return succeeded(done + trouble, routine=not result.moved and not result.problems, **values)


def _progress(context: RunContext) -> Callable[[int, int], None] | None:
    """Tells the person in front of it how far it is; None when there is none."""
    tell = context.on_output
    if tell is None:
        return None
    return lambda number, total: tell(f"{number} of {total} files\n".encode())
