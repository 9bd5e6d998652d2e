"""What can be done to a dashboard: each function returns an :data:`Edit`. Pure.

An edit is a function from document to document, so that the writer can apply it again when somebody else
changed the file meanwhile. Every edit but :func:`add_activity` makes no difference the second time.
What is not recognised as the edit's own section, table or line keeps its bytes
(semantics, "Dashboard.md belongs to its owner").

Each imports what it needs when it is asked for: a scheduled run writes one row, and is a fresh process.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from aiemp.dashboard.document import Document
from aiemp.dashboard.rows import HealthRow

if TYPE_CHECKING:
    from aiemp.dashboard.run_chart import RunBar

__all__ = [
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
]

Edit = Callable[[Document], Document]


def set_health(rows: Sequence[HealthRow], at: datetime) -> Edit:
    """Show how components are, under System Health. Missing rows are added, others are left alone."""
    from aiemp.dashboard.health import with_health

    rows = tuple(rows)
    return lambda document: with_health(document, rows, at)


def add_activity(at: datetime, action: str, details: str, result: str) -> Edit:
    """Add a row to Today's Activity Log. ``details`` is cut to 80 characters."""
    from aiemp.dashboard.logs import ActivityRow

    return ActivityRow(at, action, details, result)


def add_error(at: datetime, component: str, error: str, resolution: str) -> Edit:
    """Show an error under Recent Errors, once; rows older than 7 days drop."""
    from aiemp.dashboard.logs import ErrorRow

    return ErrorRow(at, component, error, resolution)


def resolve_error(component: str, error: str, resolution: str) -> Edit:
    """Set the resolution of an error that is shown; nothing when it is not."""
    from aiemp.dashboard.logs import with_resolution

    return lambda document: with_resolution(document, component, error, resolution)


def remove_error(component: str, error: str) -> Edit:
    """Take an error's row away, as another one takes its place."""
    from aiemp.dashboard.logs import without_error

    return lambda document: without_error(document, component, error)


def set_counts(counts: Mapping[str, int]) -> Edit:
    """Show how many items folders hold, in Queue Summary: ``{"Needs_Action": 3, "Done (today)": 1}``."""
    from aiemp.dashboard.counts import with_counts

    counts = dict(counts)
    return lambda document: with_counts(document, counts)


def reset_daily_counters() -> Edit:
    """Set to 0 what Queue Summary counts per day."""
    from aiemp.dashboard.counts import with_daily_counters_reset

    return with_daily_counters_reset


def set_weekly_stats(rows: Mapping[str, tuple[str, str]]) -> Edit:
    """Show metrics in Weekly Stats: ``{"Tasks Completed": (this_week, last_week)}``."""
    from aiemp.dashboard.counts import with_weekly_stats

    rows = dict(rows)
    return lambda document: with_weekly_stats(document, rows)


def set_run_chart(bars: Sequence[RunBar], now: datetime, zone: tzinfo) -> Edit:
    """Show the runs of the day before ``now`` as a chart, in a section of its own that is added when missing."""
    from aiemp.dashboard.run_chart import with_run_chart

    bars = tuple(bars)
    return lambda document: with_run_chart(document, bars, now, zone)


def touch(at: datetime) -> Edit:
    """Set "Last Updated", in whatever form the dashboard has it."""
    from aiemp.dashboard.header import touched

    return lambda document: touched(document, at)


def set_system_status(text: str) -> Edit:
    """Set ``> **System Status:** …`` where the dashboard has it."""
    from aiemp.dashboard.header import with_system_status

    return lambda document: with_system_status(document, text)
