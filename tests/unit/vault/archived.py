"""Moments around the limit of age, and what lies in a folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 2, 27, 1, 0, tzinfo=UTC)

OLD = NOW - timedelta(days=7, seconds=1)


def tree(folder: Path) -> list[str]:
    """Every file and link below ``folder``, by its path from there."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def age(link: Path, moment: datetime = OLD) -> None:
    os.utime(link, (moment.timestamp(), moment.timestamp()), follow_symlinks=False)
