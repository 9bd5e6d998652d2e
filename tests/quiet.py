"""A configuration in which no task runs by itself, so that a test sees its own alone."""

from __future__ import annotations

BUILT_IN = (
    "morning_triage",
    "linkedin_post",
    "stale_approval_check",
    "daily_rollover",
    "health_dashboard_update",
    "done_archive",
)
"""Without the weekly one, which is not due in a new vault but on its day."""

QUIET = "".join(f"[tasks.{name}]\nenabled = false\n" for name in BUILT_IN)
"""Of what is built in only the watchers are left."""
