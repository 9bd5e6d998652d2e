"""Daily rollover: yesterday leaves the dashboard (seed 2D)."""

from __future__ import annotations

from pathlib import Path

from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import reports_failures, succeeded


@reports_failures
def trigger_daily_rollover(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Archive the activity rows beyond the newest 50, count the queues afresh, set "Last Updated".

    Returns ``archived``, the number of rows. What the owner counts per day starts at 0 again; "Done (today)"
    by being counted on a new date. Dry run: says so, and changes nothing.
    """
    context = context or default_context(vault_path, "trigger_daily_rollover", dry_run)
    keep = context.plan.limits.activity_rows
    if dry_run:
        return succeeded(f"Activity rows beyond {keep} would be archived, and the counters reset", archived=0)
    from aiemp.dashboard import set_counts, update  # noqa: PLC0415 - a dry run has no need of it
    from aiemp.dashboard.rollover import rollover  # noqa: PLC0415
    from aiemp.vault.items import queue_counts  # noqa: PLC0415

    archived = rollover(vault_path, context.local_now, keep)  # sets "Last Updated", too
    update(vault_path, set_counts(queue_counts(vault_path, context.today, context.plan.zone)))
    rows = "1 activity row" if archived == 1 else f"{archived} activity rows"
    return succeeded(f"{rows} archived, counters reset", archived=archived)
