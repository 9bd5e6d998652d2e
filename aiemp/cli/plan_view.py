"""The plan as text for people (``aiemp config show``). Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.config.show import host_alone
from aiemp.plan import Plan, ScheduledTask, Watcher
from aiemp.schedule_words import schedule_in_words


def plan_lines(plan: Plan, servers: Sequence[Mapping[str, Any]], screen: Screen) -> list[str]:
    """The plan, section by section. ``servers`` is :func:`aiemp.config.show.plan_as_dict`'s view of the MCP
    servers, which leaves out what may be secret in their addresses."""
    lines = table(_general(plan), screen)
    for title, headers, rows in (
        ("TASKS", ("NAME", "SCHEDULE", "ENABLED", "AT MOST", "DOES"), [_task(task) for task in plan.tasks]),
        (
            "WATCHERS",
            ("NAME", "FROM", "ENABLED", "EVERY", "RUNS"),
            [_watcher(each) for each in plan.watchers],
        ),
        ("MCP SERVERS", ("NAME", "RUNS"), [_server(server) for server in servers]),
    ):
        if rows:
            lines += ["", screen.paint(title, "strong"), *table(rows, screen, headers, indent="  ")]
    if plan.warnings:
        lines += ["", screen.paint("WARNINGS", "strong"), *(f"  {warning}" for warning in plan.warnings)]
    return lines


def _general(plan: Plan) -> list[list[str]]:
    limits, claude = plan.limits, plan.claude
    budget = [
        f"{claude.runs_per_day} runs a day" if claude.runs_per_day else "",
        f"{claude.minutes_per_day} min a day" if claude.minutes_per_day else "",
        f"${claude.cost_per_day:g} a day" if claude.cost_per_day else "",
    ]
    return [
        ["vault", str(plan.vault)],
        ["configuration", str(plan.config_file) if plan.config_file else "none: all defaults"],
        ["time zone", plan.zone_name or f"{plan.zone} (the machine's)"],
        ["mode", f"{'dry run' if plan.dry_run.active else 'live'} (decided by: {plan.dry_run.decided_by})"],
        ["Claude", shlex.join((claude.command, *claude.args))],
        ["Claude's budget", ", ".join(filter(None, budget)) or "no limit"],
        ["alert command", shlex.join(plan.alert_command) or "none"],
        ["pings", ", ".join(_pings(plan)) or "none"],
        ["restarts", f"{limits.restarts} in {limits.restart_window_s / 60:g} min, then paused"],
        ["approvals", f"stale after {limits.stale_after_hours:g} h"],
        ["Done", f"archived after {limits.done_archive_days} days"],
        ["activity log", f"{limits.activity_rows} rows"],
    ]


def _pings(plan: Plan) -> list[str]:
    ticks, runs = host_alone(plan.pings.tick_url), host_alone(plan.pings.run_url)
    return [*([f"{ticks} while all is well"] if ticks else []), *([f"{runs} for each run"] if runs else [])]


def _task(task: ScheduledTask) -> list[Cell | str]:
    return [
        task.name,
        schedule_in_words(task),
        _yes_or_no(task.enabled),
        f"{task.timeout_minutes} min",
        task.description or shlex.join(task.command) or task.prompt or task.trigger_fn,
    ]


def _watcher(watcher: Watcher) -> list[Cell | str]:
    return [
        watcher.name,
        watcher.origin.value,
        _yes_or_no(watcher.enabled),
        f"{watcher.interval_s} s",
        shlex.join(watcher.command) or watcher.description,
    ]


def _server(server: Mapping[str, Any]) -> list[Cell | str]:
    return [server["name"], shlex.join(server["command"]) or server["url"] or ""]


def _yes_or_no(enabled: bool) -> Cell:
    return Cell("yes") if enabled else Cell("no", "faint")
