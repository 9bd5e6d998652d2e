"""A small real vault, laid out as users have them, and the context of a run in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Plan
from aiemp.triggers.context import RunContext

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 27, 8, 0, tzinfo=ZONE)
"""A Friday."""

FOLDERS = (
    *("Inbox", "Needs_Action/email", "Needs_Action/whatsapp", "Needs_Action/file", "Plans"),
    *("Pending_Approval/email", "Pending_Approval/social", "Approved", "Rejected", "In_Progress"),
    *("Done", "Logs", "Briefings", "Drop", ".state", ".claude/skills"),
)

DASHBOARD = """\
# AI Employee Dashboard

> **Last Updated:** 2026-02-26 23:00:00
> **System Status:** 🟢 Online

My own words stay here.

## Today's Activity Log

| Time | Action | Details | Result |
|------|--------|---------|--------|
| 22:00 | morning_triage | 3 items | ✅ Success |

## Queue Summary

| Folder | Count |
|--------|-------|
| /Needs_Action/ | 99 |
| /Done/ (today) | 17 |

## System Health

| Component | Status | Last Check |
|-----------|--------|------------|
| Gmail Watcher | 🟢 Running | 22:00 |
| Orchestrator | 🟢 Running | 22:00 |
"""


def make_vault(path: Path, dashboard: str = DASHBOARD) -> Path:
    """A vault at ``path`` with its folders, a ``.gitkeep`` in each, and a dashboard."""
    for folder in FOLDERS:
        (path / folder).mkdir(parents=True)
        (path / folder / ".gitkeep").touch()
    (path / "Dashboard.md").write_text(dashboard, encoding="utf-8")
    (path / "Business_Goals.md").write_text("# Goals\n", encoding="utf-8")
    return path


def add(vault: Path, name: str, text: str = "text", *, age: timedelta = timedelta(0)) -> Path:
    """A file in the vault, last changed ``age`` before NOW."""
    path = vault / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    changed = (NOW - age).timestamp()
    os.utime(path, (changed, changed))
    return path


def context_of(
    vault: Path,
    trigger_fn: str,
    environ: Mapping[str, str] | None = None,
    *,
    plan: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    **values: Any,
) -> RunContext:
    """The context of a run at NOW; ``plan`` and ``task`` change fields of those."""
    built_in = next((t for t in SCHEDULE_REGISTRY if t.trigger_fn == trigger_fn), SCHEDULE_REGISTRY[0])
    return RunContext(
        plan=replace(Plan(vault=vault, tasks=SCHEDULE_REGISTRY, zone=ZONE), **(plan or {})),
        task=replace(built_in, **(task or {})),
        now=values.pop("now", NOW.astimezone(UTC)),
        environ=os.environ if environ is None else environ,
        **values,
    )


def snapshot(vault: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the vault with its time and content: equal before and after means nothing was written."""
    return {
        str(path.relative_to(vault)): (path.lstat().st_mtime_ns, path.read_bytes())
        for path in vault.rglob("*")
        if path.is_file()
    }
