"""What the status learns from files in the vault that others write, too."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp.alerts import Alert, raise_alert
from aiemp.cli.status_report import Activity
from aiemp.cli.vault_signs import open_alerts, watcher_activity
from aiemp.places import Places
from aiemp.plan import Plan

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_open_alerts_are_found(vault: Path) -> None:
    """Each with the key by which a task's or watcher's trouble is known, the newest first; other files are none."""
    plan = Plan(vault)
    raise_alert(plan, Alert("task-tidy", "tidy", "Task tidy failed", "boom", "mend it"), NOW, {})
    later = NOW + timedelta(hours=1)
    raise_alert(plan, Alert("disk", "disk", "The disk is full", "no room", "make room"), later, {})
    raise_alert(plan, Alert("disk", "disk", "The disk is full", "no room", "make room"), later, {})
    (Places(vault).alerts / "ALERT_mine.md").write_text("my own note")
    (Places(vault).alerts / "ALERT_link.md").symlink_to("/etc/passwd")
    assert [(each.key, each.text, each.since, each.count) for each in open_alerts(vault)] == [
        ("disk", "The disk is full: no room", later, 2),
        ("task-tidy", "Task tidy failed: boom", NOW, 1),
    ]


def test_no_alerts_no_folder(vault: Path) -> None:
    """A vault without the folder has no alerts."""
    assert open_alerts(vault) == ()


def test_last_activity_of_a_watcher(vault: Path) -> None:
    """Of ours that is an item; a long list of ids is not read, and one that is empty means that there was none."""
    folder = vault / ".state"
    folder.mkdir()
    ids = [f"Drop/file-{number}.txt|1|2" for number in range(10_000)]
    long = {"kept_by": "aiemp", "processed_ids": ids, "last_updated": "2026-11-23T07:00:00+00:00"}
    (folder / "filesystem_processed.json").write_text(json.dumps(long))
    foreign = {"last_updated": "2026-11-23T06:00:00", "processed_ids": {"a": 1}}
    (folder / "gmail_processed.json").write_text(json.dumps(foreign))
    empty = {"kept_by": "aiemp", "processed_ids": [], "last_updated": "2026-11-23T07:00:00+00:00"}
    (folder / "approval_processed.json").write_text(json.dumps(empty, indent=1))
    (folder / "odd_processed.json").write_text("{")
    os.mkfifo(folder / "pipe_processed.json")
    names = ("filesystem", "gmail", "approval", "odd", "pipe", "none")
    assert watcher_activity(vault, names) == {
        "filesystem": Activity(NOW.replace(hour=7), is_item=True),
        "gmail": Activity(NOW.replace(hour=6), is_item=False),
    }
