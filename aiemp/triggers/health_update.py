"""Health update: System Health on the dashboard says how each part is now (seed 2D)."""

from __future__ import annotations

from pathlib import Path

from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import reports_failures, succeeded

BAD = ("🔴", "🟠")


@reports_failures
def trigger_health_update(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Write the state of watchers, orchestrator and MCP servers, and the queue counts, to the dashboard.

    Returns ``components`` {name: status} and ``unhealthy``, how many of them need attention. A part that is
    down is no failure of this task, which has reported it. Dry run: looks, and writes nothing.
    """
    from aiemp.health import health_rows  # noqa: PLC0415 - looks at locks and the ledger

    context = context or default_context(vault_path, "trigger_health_update", dry_run)
    rows = health_rows(context.plan)
    bad = [row.component for row in rows if row.status.startswith(BAD)]
    if not dry_run:
        from aiemp.dashboard import set_counts, set_health, touch, update  # noqa: PLC0415 - as above
        from aiemp.vault.items import queue_counts  # noqa: PLC0415

        now = context.local_now
        counts = queue_counts(vault_path, context.today, context.plan.zone)
        update(vault_path, set_health(rows, now), set_counts(counts), touch(now))
    need = "needs" if len(bad) == 1 else "need"
    attention = f"{len(bad)} of {len(rows)} components {need} attention: {', '.join(bad)}"
    return succeeded(
        attention if bad else f"{len(rows)} components, all well",
        components={row.component: row.status for row in rows},
        unhealthy=len(bad),
        routine=True,
    )
