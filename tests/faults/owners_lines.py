"""A dashboard full of its owner's lines, and what of them is lost."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from aiemp.places import Places

NOW = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)

OWNERS_LINES = [f"A line of the owner's, number {n}, with | and ü.\n" for n in range(20)]

DASHBOARD = (
    "# AI Employee Dashboard\n\n> **Last Updated:** 2026-11-22 08:00:00\n\n## Today's Activity Log\n\n"
    "| Time | Action | Details | Result |\n|---|---|---|---|\n| 07:00 | before | — | ok |\n\n"
    + "".join(OWNERS_LINES)
)

QUIET_S = 1_700_000_000.0
"""A modification time so long ago that nobody counts as writing the dashboard just now."""


def put_dashboard(vault: Path, text: str = DASHBOARD) -> None:
    path = Places(vault).dashboard
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    os.utime(path, (QUIET_S, QUIET_S))


def owners_loss(text: str, lines: list[str] = OWNERS_LINES) -> list[str]:
    """What of the owner's is not in the text as often as he wrote it."""
    found = Counter(text.splitlines(keepends=True))
    lost = [line for line in lines if found[line] < 1]
    doubled = [line for line in lines if found[line] > 1]
    return [
        *([f"lost: {len(lost)} lines of the owner's"] if lost else []),
        *([f"doubled: {len(doubled)} lines of the owner's"] if doubled else []),
    ]
