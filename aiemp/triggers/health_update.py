"""Health update: System Health on the dashboard says how each part is now (seed 2D)."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import reports_failures, succeeded

log = logging.getLogger("aiemp.triggers")

BAD = ("🔴", "🟠")


@reports_failures
def trigger_health_update(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Write the state of watchers, orchestrator, MCP servers and Claude Code, the queue counts, and what
    Claude was used for this week and last, to the dashboard.

    MCP servers are started and asked here, and nowhere else unasked; what came of it is kept for those who
    show it.

    Returns ``components`` {name: status} and ``unhealthy``, how many of them need attention. A part that is
    down is no failure of this task, which has reported it. Dry run: looks, starts and writes nothing.
    """
    from aiemp.health import claude_rows, health_rows  # noqa: PLC0415 - looks at locks and the ledger

    context = context or default_context(vault_path, "trigger_health_update", dry_run)
    if not dry_run:
        _probe_servers(context)
    rows = [*health_rows(context.plan), *claude_rows(context.plan, context.now, context.environ)]
    bad = [row.component for row in rows if row.status.startswith(BAD)]
    if not dry_run:
        from aiemp.claude.budget import weekly_stats  # noqa: PLC0415 - as above
        from aiemp.dashboard import (  # noqa: PLC0415
            set_counts,
            set_health,
            set_weekly_stats,
            touch,
            update,
        )
        from aiemp.vault.items import queue_counts  # noqa: PLC0415

        now = context.local_now
        counts = queue_counts(vault_path, context.today, context.plan.zone)
        # Where no task needs Claude, its rows would only be in the way.
        needed = any(task.enabled and task.requires_claude for task in context.plan.tasks)
        stats = weekly_stats(context.runs, context.now, context.plan) if needed else {}
        update(vault_path, set_health(rows, now), set_counts(counts), set_weekly_stats(stats), touch(now))
    need = "needs" if len(bad) == 1 else "need"
    attention = f"{len(bad)} of {len(rows)} components {need} attention: {', '.join(bad)}"
    return succeeded(
        attention if bad else f"{len(rows)} components, all well",
        components={row.component: row.status for row in rows},
        unhealthy=len(bad),
        routine=True,
    )


def _probe_servers(context: RunContext) -> None:
    """Try the MCP servers of the plan, those first whose last trial is the longest ago."""
    plan = context.plan
    if not plan.mcp_servers or plan.dry_run.active:
        return
    from aiemp.mcp.probe import probe_servers  # noqa: PLC0415 - not every vault has servers
    from aiemp.mcp.results import last_verdicts, save  # noqa: PLC0415 - as above

    last = {name: verdict.checked for name, verdict in last_verdicts(plan).items()}
    never = context.now - timedelta(days=10_000)
    servers = sorted(plan.mcp_servers, key=lambda server: last[server.name] or never)
    try:
        save(plan, probe_servers(plan, servers, context.environ, context.now))
    except OSError as error:
        log.warning("what the MCP servers answered cannot be kept: %s", error)
