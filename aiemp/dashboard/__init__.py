"""Dashboard.md: what can be done to it (edits), and the one way to write it (update)."""

from aiemp.dashboard.edits import (
    Edit,
    HealthRow,
    add_activity,
    add_error,
    remove_error,
    reset_daily_counters,
    resolve_error,
    set_counts,
    set_health,
    set_run_chart,
    set_system_status,
    set_weekly_stats,
    touch,
)
from aiemp.dashboard.writer import DashboardError, update

__all__ = [
    "DashboardError",
    "Edit",
    "HealthRow",
    "add_activity",
    "add_error",
    "remove_error",
    "reset_daily_counters",
    "resolve_error",
    "set_counts",
    "set_health",
    "set_run_chart",
    "set_system_status",
    "set_weekly_stats",
    "touch",
    "update",
]
