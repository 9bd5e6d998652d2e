"""All that ``aiemp.toml`` says, read and checked, before the vault is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path

from aiemp.config.alert_settings import AlertSettings, read_alerts
from aiemp.config.document import Document, shown
from aiemp.config.mcp_settings import McpSettings, read_mcp
from aiemp.config.table import Table
from aiemp.config.tasks import read_tasks
from aiemp.config.watcher_settings import WatcherSettings, read_watchers
from aiemp.config.zones import named_zone, suggested_zone
from aiemp.frozen import field, frozen
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Limits, ScheduledTask


@frozen
class Settings:
    """The contents of one file. None: the file does not say.

    ``vault`` is absolute, and ``zone`` the one that ``timezone`` names.
    """

    vault: Path | None = None
    zone: tzinfo | None = None
    timezone: str | None = None
    dry_run: bool | None = None
    limits: Limits = field(default_factory=Limits)
    claude: ClaudeSettings = field(default_factory=ClaudeSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    timeline: bool = False
    tasks: tuple[ScheduledTask, ...] = SCHEDULE_REGISTRY
    watchers: tuple[WatcherSettings, ...] = ()
    mcp: tuple[McpSettings, ...] = ()


def read_settings(document: Document, values: Mapping[str, object]) -> Settings:
    """What ``values``, the parsed TOML, asks for. Mistakes go to ``document``; what is wrong is left out."""
    root = Table(document, values)
    zone = _zone(root)
    settings = Settings(
        vault=_vault(root),
        zone=zone,
        timezone=None if zone is None else root.one_line("timezone"),
        dry_run=root.flag("dry_run"),
        limits=_limits(root),
        claude=_claude(root),
        alerts=read_alerts(root),
        timeline=_timeline(root),
        tasks=read_tasks(root),
        watchers=read_watchers(root),
        mcp=read_mcp(root),
    )
    root.refuse_unknown_keys()
    return settings


def _vault(root: Table) -> Path | None:
    folder = root.folder("vault")
    return None if folder is None else root.document.folder / folder


def _zone(root: Table) -> tzinfo | None:
    name = root.one_line("timezone")
    if name is None:
        return None
    zone = named_zone(name)
    if zone is None:
        advice = f'write an IANA name like "Europe/Berlin"{suggested_zone(name)}'
        root.mistake(f"is {shown(name)}, no time zone that exists; {advice}", "timezone")
    return zone


def _timeline(root: Table) -> bool:
    table = root.table("dashboard")
    if table is None:
        return False
    timeline = table.flag("timeline")
    table.refuse_unknown_keys()
    return bool(timeline)


def _limits(root: Table) -> Limits:
    table = root.table("limits")
    if table is None:
        return Limits()
    default = Limits()
    restarts = table.whole("restarts")
    window_minutes = table.number("restart_window_minutes")
    stale_after_hours = table.number("stale_after_hours")
    archive_days = table.whole("done_archive_days")
    rows = table.whole("activity_rows")
    table.refuse_unknown_keys()
    return Limits(
        restarts=default.restarts if restarts is None else restarts,
        restart_window_s=default.restart_window_s if window_minutes is None else window_minutes * 60,
        stale_after_hours=default.stale_after_hours if stale_after_hours is None else stale_after_hours,
        done_archive_days=default.done_archive_days if archive_days is None else archive_days,
        activity_rows=default.activity_rows if rows is None else rows,
    )


def _claude(root: Table) -> ClaudeSettings:
    table = root.table("claude")
    if table is None:
        return ClaudeSettings()
    default = ClaudeSettings()
    silent_minutes = table.number("silent_minutes")
    keep_logs_days = table.whole("keep_logs_days")
    settings = ClaudeSettings(
        command=_claude_command(table) or default.command,
        args=table.words("args") or (),
        runs_per_day=table.whole("runs_per_day"),
        minutes_per_day=table.whole("minutes_per_day"),
        cost_per_day=table.number("cost_per_day"),
        silent_minutes=default.silent_minutes if silent_minutes is None else silent_minutes,
        keep_logs_days=default.keep_logs_days if keep_logs_days is None else keep_logs_days,
    )
    table.refuse_unknown_keys()
    return settings


def _claude_command(table: Table) -> str | None:
    command = table.path("command")
    if command is not None and "/" in command and not command.startswith("/"):
        table.mistake(f"is {shown(command)}; write its name alone, or the whole path", "command")
        return None
    return command
