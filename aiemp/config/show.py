"""The plan as ``aiemp config show`` prints it: everything but secrets. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from aiemp.config.keys import WEEKDAYS
from aiemp.plan import McpServer, Plan, ScheduledTask, Watcher

_SECRET_PARTS = re.compile(r"(?<=://)[^/?#]*@|[?#].*", re.DOTALL)


def plan_as_dict(plan: Plan) -> dict[str, object]:
    """``plan`` as values that JSON can hold.

    Environment variables of watchers and MCP servers are shown by name only, and an address without the
    parts where tokens are written.
    """
    return {
        "vault": str(plan.vault),
        "config_file": str(plan.config_file) if plan.config_file else None,
        "timezone": {
            "name": plan.zone_name or str(plan.zone),
            "from": "config" if plan.zone_name else "machine",
        },
        "dry_run": {"active": plan.dry_run.active, "decided_by": plan.dry_run.decided_by},
        "claude": {
            "command": plan.claude.command,
            "args": list(plan.claude.args),
            "runs_per_day": plan.claude.runs_per_day,
            "minutes_per_day": plan.claude.minutes_per_day,
            "cost_per_day": plan.claude.cost_per_day,
            "silent_minutes": plan.claude.silent_minutes,
            "keep_logs_days": plan.claude.keep_logs_days,
        },
        "alerts": {
            "command": list(plan.alert_command),
            "tell_resolved": plan.tell_resolved,
            "ping_url": host_alone(plan.pings.tick_url),
            "run_ping_url": host_alone(plan.pings.run_url),
        },
        "dashboard": {"timeline": plan.timeline},
        "limits": {
            "restarts": plan.limits.restarts,
            "restart_window_minutes": plan.limits.restart_window_s / 60,
            "stale_after_hours": plan.limits.stale_after_hours,
            "done_archive_days": plan.limits.done_archive_days,
            "activity_rows": plan.limits.activity_rows,
        },
        "tasks": [_task(task) for task in plan.tasks],
        "watchers": [_watcher(watcher) for watcher in plan.watchers],
        "mcp_servers": [_server(server) for server in plan.mcp_servers],
        "warnings": list(plan.warnings),
    }


def _task(task: ScheduledTask) -> dict[str, object]:
    return {
        "name": task.name,
        "description": task.description,
        "enabled": task.enabled,
        "frequency": task.frequency.value,
        "time": task.time_of_day.isoformat() if task.time_of_day else None,
        "day": WEEKDAYS[task.day_of_week] if task.day_of_week is not None else None,
        "interval_minutes": task.interval_minutes,
        "calendar": task.calendar,
        "prompt": task.prompt or None,
        "skills": list(task.skills),
        "command": list(task.command),
        "function": task.trigger_fn or None,
        "requires_claude": task.requires_claude,
        "expect": task.expect or None,
        "timeout_minutes": task.timeout_minutes,
        "priority": task.priority,
        "catch_up": age_in_words(task.catch_up) if isinstance(task.catch_up, timedelta) else task.catch_up,
        "max_attempts": task.max_attempts,
        "retry_delay_minutes": task.retry_delay_minutes,
    }


def _watcher(watcher: Watcher) -> dict[str, object]:
    return {
        "name": watcher.name,
        "description": watcher.description,
        "origin": watcher.origin.value,
        "enabled": watcher.enabled,
        "command": list(watcher.command),
        "cwd": str(watcher.cwd) if watcher.cwd else None,
        "env": [name for name, _ in watcher.env],
        "interval_seconds": watcher.interval_s,
        "requires_env": list(watcher.requires_env),
        "stop_signal": watcher.stop_signal,
        "stop_timeout_seconds": watcher.stop_timeout_s,
        "fresh_within_minutes": None if watcher.fresh_within_s is None else watcher.fresh_within_s / 60,
        "dry_run": watcher.dry_run.value,
    }


def _server(server: McpServer) -> dict[str, object]:
    return {
        "name": server.name,
        "command": list(server.command),
        "url": None if server.url is None else _SECRET_PARTS.sub("", server.url),
        "cwd": str(server.cwd) if server.cwd else None,
        "env": [name for name, _ in server.env],
        "entry": str(server.entry) if server.entry else None,
        "probe": server.probe,
    }


def host_alone(url: str | None) -> str | None:
    """Whom an address calls. The rest lets anybody call it, so it is not shown."""
    return None if url is None else "/".join([*re.split("[/?]", url)[:3], "..."])


def age_in_words(age: timedelta) -> str:
    """A ``catch_up`` age the way aiemp.toml writes it: ``2d``, ``12h``, ``90m``."""
    minutes = int(age.total_seconds() // 60)
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
