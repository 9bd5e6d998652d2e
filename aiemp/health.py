"""How each part is, as rows of the dashboard's System Health table (seed: ``_update_health``).

The verdicts are pure; :func:`health_rows` observes for whoever is not the orchestrator: locks say what runs,
whatever engine started it, and the ledger holds what the orchestrator last wrote about its watchers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from aiemp.locks import probe
from aiemp.places import Places
from aiemp.plan import McpServer, Plan
from aiemp.watcher_status import WatcherState, WatcherStatus

if TYPE_CHECKING:
    from aiemp.dashboard import HealthRow

UP = "🟢 Running"
DOWN = "🔴 Down"


def watcher_rows(statuses: Iterable[WatcherStatus]) -> list[HealthRow]:
    """A row for each watcher that is meant to run, or that was meant to and lacks something."""
    from aiemp.dashboard import HealthRow  # noqa: PLC0415 - the loop publishes rarely

    return [
        HealthRow(f"{status.name}_watcher", status.sign)
        for status in statuses
        if status.state is not WatcherState.DISABLED
    ]


def mcp_rows(plan: Plan) -> list[HealthRow]:
    """A row for each MCP server, as the last probe found it; none is started for this."""
    from aiemp.dashboard import HealthRow  # noqa: PLC0415 - the loop publishes rarely
    from aiemp.mcp.results import last_verdicts  # noqa: PLC0415 - not every vault has servers

    if not plan.mcp_servers:
        return []
    return [
        HealthRow(name, verdict.shown, verdict.checked.astimezone(plan.zone) if verdict.checked else None)
        for name, verdict in last_verdicts(plan).items()
    ]


def mcp_verdict(server: McpServer) -> str:
    """What can be said of a server by its files alone (seed 3A), in the words of the health table."""
    from aiemp.mcp.files import file_verdict  # noqa: PLC0415 - as above

    return file_verdict(server).shown


def observed_watchers(plan: Plan) -> list[WatcherStatus]:
    """The watchers as anybody can see them: by their locks, and by what the orchestrator last wrote."""
    from aiemp.ledger import Ledger  # noqa: PLC0415 - the orchestrator does not come here
    from aiemp.ledger_format import read_moment  # noqa: PLC0415
    from aiemp.watchers.launch import running  # noqa: PLC0415

    written = Ledger(plan.vault).read().watchers
    orchestrated = probe(Places(plan.vault).orchestrator_lock) is not None
    statuses = []
    for watcher in plan.watchers:
        facts = written.get(watcher.name, {}) if orchestrated else {}
        state = _state_of(facts.get("state")) or WatcherState.DOWN
        holder = running(plan.vault, watcher.name)
        if holder is not None and state is not WatcherState.HUNG:
            state = WatcherState.RUNNING
        elif holder is None and state in (WatcherState.RUNNING, WatcherState.HUNG):
            state = WatcherState.DOWN
        if not watcher.enabled and holder is None:
            state = WatcherState.DISABLED
        pid = (holder.pid or None) if holder else None
        # It changed since that was written: since when is not known.
        is_as_written = state == _state_of(facts.get("state")) and pid == facts.get("pid")
        restarts = facts.get("restarts")
        statuses.append(
            WatcherStatus(
                watcher.name,
                state,
                pid,
                read_moment(facts.get("since")) if is_as_written else None,
                restarts if isinstance(restarts, int) else 0,
                str(facts.get("reason") or ""),
            )
        )
    return statuses


def health_rows(plan: Plan) -> list[HealthRow]:
    """All rows, for the health update task."""
    from aiemp.dashboard import HealthRow  # noqa: PLC0415 - the loop publishes rarely

    orchestrator = UP if probe(Places(plan.vault).orchestrator_lock) is not None else DOWN
    return [
        *watcher_rows(observed_watchers(plan)),
        HealthRow("Orchestrator", orchestrator),
        *mcp_rows(plan),
    ]


def claude_rows(plan: Plan, now: datetime, environ: Mapping[str, str]) -> list[HealthRow]:
    """A row for Claude Code, where a task needs it: whether a run of it may begin now."""
    if not any(task.enabled and task.requires_claude for task in plan.tasks):
        return []
    from aiemp.dashboard import HealthRow  # noqa: PLC0415 - the loop publishes rarely

    return [HealthRow("Claude Code", _claude_verdict(plan, now, environ))]


def _claude_verdict(plan: Plan, now: datetime, environ: Mapping[str, str]) -> str:
    from aiemp.claude import find_claude  # noqa: PLC0415 - the orchestrator does not come here
    from aiemp.claude.budget import spent_today, why_blocked  # noqa: PLC0415
    from aiemp.claude.pause import read_pause  # noqa: PLC0415
    from aiemp.errors import Blocked  # noqa: PLC0415
    from aiemp.ledger import Ledger  # noqa: PLC0415
    from aiemp.run_history import History  # noqa: PLC0415

    pause = read_pause(plan.vault, now)
    if pause is not None:
        words = pause.in_words(plan.zone)
        return f"⏸ {words[0].upper()}{words[1:]}"
    try:
        find_claude(plan.claude, environ)
    except Blocked:
        return "🔴 Not found"
    noted = Ledger(plan.vault).read().spent
    spent = spent_today(History(Places(plan.vault).runs).between, now, plan, noted)
    return "🟢 Ready" if why_blocked(plan.claude, spent) is None else "⏸ Budget of today used up"


def _state_of(value: object) -> WatcherState | None:
    try:
        return WatcherState(value)
    except ValueError:
        return None
