"""Sample dashboards, as owners have them, before and after one series of edits.

``tests/dashboards/NAME.md`` is before, ``tests/dashboards/after/NAME.md`` after. To write the latter anew:
set the environment variable REGENERATE_DASHBOARDS and run this file, then review the difference.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.dashboard import (
    Edit,
    HealthRow,
    add_activity,
    add_error,
    reset_daily_counters,
    set_counts,
    set_health,
    set_system_status,
    set_weekly_stats,
    touch,
)
from aiemp.dashboard.document import Document

SAMPLES = Path(__file__).parents[2] / "dashboards"
NAMES = sorted(path.name for path in SAMPLES.glob("*.md"))
AT = datetime(2026, 2, 27, 10, 30, 5, tzinfo=UTC)
EDITS: list[Edit] = [
    set_health(
        [
            HealthRow("gmail_watcher", "🟢 Running"),
            HealthRow("filesystem_watcher", "🔴 Down"),
            HealthRow("email-mcp", "🟢 Available"),
            HealthRow("orchestrator", "🟢 Running"),
        ],
        AT,
    ),
    add_activity(AT, "morning_triage", "5 items → 2 left | see [[Plans]] <b>", "success"),
    add_error(AT, "gmail_watcher", "crashed", "restarted in 2 s"),
    reset_daily_counters(),
    set_counts({"Needs_Action": 5, "Plans": 2}),
    set_weekly_stats({"Errors": ("2", "1")}),
    set_system_status("🟡 Degraded"),
    touch(AT),
]


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """What the writer would write, each edit applied to the text that the one before left."""
    for edit in edits:
        document = edit(Document.parse(data.decode("utf-8", "surrogateescape")))
        data = document.text.encode("utf-8", "surrogateescape")
    return data


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_changes_as_written_down(name: str) -> None:
    """A dashboard of this form comes out, byte for byte, as the reviewed file beside it."""
    after = SAMPLES / "after" / name
    result = edited((SAMPLES / name).read_bytes(), EDITS)
    if os.environ.get("REGENERATE_DASHBOARDS"):
        after.parent.mkdir(exist_ok=True)
        after.write_bytes(result)
    assert result == after.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_survives_parsing(name: str) -> None:
    """Reading a dashboard and writing it back changes no byte of it."""
    data = (SAMPLES / name).read_bytes()
    assert edited(data, [lambda document: document]) == data


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_settles(name: str) -> None:
    """The same edits again, without the activity row, change nothing more."""
    again = [edit for edit in EDITS if edit is not EDITS[1]]
    once = edited((SAMPLES / name).read_bytes(), EDITS)
    assert edited(once, again) == once


@pytest.mark.parametrize("name", NAMES)
def test_the_owners_own_lines_stay(name: str) -> None:
    """Every line that belongs to no table, list or stamp of ours is still there, in its order."""
    ours = (b"|", b"pdated", b"ystem Status", b"- ", b"* ", b"2026-02-20 08:00:01")
    before = (SAMPLES / name).read_bytes().splitlines()
    kept = [line for line in before if line.strip() and not any(mark in line for mark in ours)]
    after = iter(edited((SAMPLES / name).read_bytes(), EDITS).splitlines())
    assert all(line in after for line in kept)
