"""Health update: System Health on the dashboard says how each part is now (seed 2D)."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import reports_failures, succeeded

if TYPE_CHECKING:
    from aiemp.dashboard import Edit

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
        chart = [_run_chart(context)] if context.plan.timeline else []
        update(
            vault_path, set_health(rows, now), set_counts(counts), set_weekly_stats(stats), *chart, touch(now)
        )
    need = "needs" if len(bad) == 1 else "need"
    attention = f"{len(bad)} of {len(rows)} components {need} attention: {', '.join(bad)}"
    return succeeded(
        attention if bad else f"{len(rows)} components, all well",
        components={row.component: row.status for row in rows},
        unhealthy=len(bad),
        routine=True,
    )


def _run_chart(context: RunContext) -> Edit:
    """The runs of the last day, each task where the plan has it."""
    from aiemp.dashboard import set_run_chart  # noqa: PLC0415 - only where it is wanted
    from aiemp.dashboard.run_chart import DAY, RunBar  # noqa: PLC0415
    from aiemp.ledger_format import read_moment  # noqa: PLC0415

    bars = []
    for entry in context.runs(context.now - DAY, context.now + DAY):
        begin, end = read_moment(entry.get("started")), read_moment(entry.get("finished"))
        if begin is not None and end is not None:
            bars.append(RunBar(str(entry.get("task")), begin, max(begin, end), str(entry.get("result"))))
    order = {task.name: number for number, task in enumerate(context.plan.tasks)}
    bars.sort(key=lambda bar: order.get(bar.task, len(order)))
    return set_run_chart(bars, context.now, context.plan.zone)


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
