"""The daily rollover: activity rows that are too many leave the dashboard for an archive file.

The archive is written first. A crash in between leaves rows in both places; the next rollover recognises them
in the archive and does not add them again. So no row is lost and none is archived twice.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit, reset_daily_counters, touch
from aiemp.dashboard.logs import activity_rows, row_text, row_values, without_activity
from aiemp.dashboard.writer import Dashboard, open_dashboard
from aiemp.durable import make_private_folder, replace_file
from aiemp.places import Places

log = logging.getLogger("aiemp.dashboard")

LARGEST_ARCHIVE_BYTES = 32 * 1024 * 1024


def rollover(vault: Path, now: datetime, keep: int = 50) -> int:
    """Archive the activity rows beyond the newest ``keep``, reset the daily counters, set "Last Updated".

    ``now`` is aware, in the owner's zone: its date names the archive (Places.activity_archive). Returns how
    many rows were archived. Raises DashboardError; OSError when the archive cannot be written, and then the
    dashboard is as it was.
    """
    with open_dashboard(vault) as dashboard:
        rows = _excess(dashboard, now, keep)
        if rows:
            _add_to_archive(Places(vault).activity_archive(now.date()), [values for _text, values in rows])
        dashboard.update(
            _remove([text for text, _values in rows], keep, now), reset_daily_counters(), touch(now)
        )
    return len(rows)


def _excess(dashboard: Dashboard, now: datetime, keep: int) -> list[tuple[str, dict[str, str]]]:
    """The oldest rows beyond ``keep``: each as the text that identifies it and the values to be archived."""
    document = dashboard.read()
    rows = activity_rows(document, now)
    return [(row_text(row), row_values(document, row)) for row in rows[: max(0, len(rows) - keep)]]


def _remove(archived: Sequence[str], keep: int, now: datetime) -> Edit:
    def edit(document: Document) -> Document:
        return without_activity(document, archived, keep, now)

    return edit


def _add_to_archive(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """Add rows to the day's archive, except those that it has from a rollover that was cut off."""
    make_private_folder(path.parent)
    present = _read_archive(path)
    known = Counter(_identity(row) for row in present)
    wanted = Counter(_identity(row) for row in rows)
    missing = wanted - known
    fresh = []
    for row in rows:
        identity = _identity(row)
        if missing[identity] > 0:
            missing[identity] -= 1
            fresh.append(row)
    text = json.dumps([*present, *fresh], indent=2, ensure_ascii=False)
    replace_file(path, text.encode("utf-8", "surrogateescape") + b"\n")


def _read_archive(path: Path) -> list[object]:
    """What the archive holds; one that is no list of rows is set aside under another name and kept."""
    try:
        if path.stat().st_size <= LARGEST_ARCHIVE_BYTES:
            present = json.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
            if isinstance(present, list):
                return present
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError):
        pass
    kept = path.with_name(f"{path.name}.corrupt-{time.time_ns()}")
    path.rename(kept)
    log.error("%s is not an archive (torn or edited); it is kept as %s", path, kept.name)
    return []


def _identity(row: object) -> str:
    return json.dumps(row, sort_keys=True)
