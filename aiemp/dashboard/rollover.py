"""The daily rollover of the dashboard: old activity rows go to an archive, the day's counters to 0.

Seed 2D ``trigger_daily_rollover``; semantics "Tasks". Rows leave the dashboard only after they are on disk in
the archive. What is about to move is written down first, so that a rollover that was cut off anywhere is
finished by the next one, on whatever day, without a row lost or archived twice.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit, reset_daily_counters, touch
from aiemp.dashboard.logs import activity_rows, row_text, row_values, without_activity
from aiemp.dashboard.writer import Dashboard, DashboardError, open_dashboard
from aiemp.durable import make_private_folder, replace_file
from aiemp.inside import read_file
from aiemp.places import Places

log = logging.getLogger("aiemp.dashboard")

KEEP_ROWS = 50
LARGEST_ARCHIVE_BYTES = 64 * 1024 * 1024


def rollover(vault: Path, now: datetime, keep: int = KEEP_ROWS) -> int:
    """Archive the activity rows beyond the newest ``keep``, reset the daily counters, set "Last Updated".

    The archive is ``Logs/dashboard_archive_<date of now>.json``, an array of one object for each row.
    Returns how many rows left the dashboard. Raises DashboardError when that cannot be done now.
    """
    places = Places(vault)
    with open_dashboard(vault) as dashboard:
        moved = _finish(places, dashboard, now, keep)
        document = dashboard.read()
        rows = activity_rows(document, now)
        if len(rows) > keep:
            leaving = rows[: len(rows) - keep]
            archive = places.activity_archive(now.date())
            intent = {
                "archive": archive.name,
                "behind": len(_archived(archive)),
                "lines": [row_text(row) for row in leaving],
                "rows": row_values(document, leaving),
            }
            replace_file(places.rollover, _json(intent), beneath=vault)
            moved += _finish(places, dashboard, now, keep)
        dashboard.update(reset_daily_counters(), touch(now))
    return moved


def _finish(places: Places, dashboard: Dashboard, now: datetime, keep: int) -> int:
    """Do what the written intent says, from wherever it was left. Returns how many rows were taken away."""
    intent = _read_intent(places)
    if intent is None:
        return 0
    archive = places.vault / "Logs" / intent["archive"]
    rows, behind = intent["rows"], intent["behind"]
    archived = _archived(archive)
    if archived[behind : behind + len(rows)] != rows:
        archived[behind:behind] = rows
        make_private_folder(archive.parent, levels=1)
        replace_file(archive, _json(archived), beneath=places.vault)
    before = len(activity_rows(dashboard.read(), now))
    dashboard.update(_without(intent["lines"], keep, now))
    dashboard.forget_rows()
    after = len(activity_rows(dashboard.read(), now))
    places.rollover.unlink(missing_ok=True)
    return max(0, before - after)


def _without(lines: list[str], keep: int, now: datetime) -> Edit:
    def edit(document: Document) -> Document:
        return without_activity(document, lines, keep, now)

    return edit


def _archived(path: Path) -> list[Any]:
    """The rows in an archive. One that is not ours to read is set aside under another name and told of."""
    if path.parent.is_symlink() and not path.parent.resolve().is_relative_to(path.parent.parent.resolve()):
        raise DashboardError(f"{path.parent} is a symbolic link out of the vault: put a folder there itself")
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_ARCHIVE_BYTES:
            rows = None
        else:
            rows = json.loads(read_file(path, LARGEST_ARCHIVE_BYTES, path.parents[1]))
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError):
        rows = None
    if isinstance(rows, list):
        return rows
    kept = path.with_name(f"{path.name}.corrupt-{time.time_ns()}")
    path.rename(kept)
    log.error("%s is no archive of ours (torn, edited or a link); it is kept as %s", path, kept.name)
    return []


def _read_intent(places: Places) -> dict[str, Any] | None:
    path = places.rollover
    try:
        intent = json.loads(read_file(path, LARGEST_ARCHIVE_BYTES, places.vault))
        if not isinstance(intent["rows"], list) or not isinstance(intent["behind"], int):
            raise ValueError("not an intent")
        if Path(intent["archive"]).name != intent["archive"] or intent["behind"] < 0:
            raise ValueError("not a file in Logs")
        if not all(isinstance(line, str) for line in intent["lines"]):
            raise ValueError("no lines")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log.error("%s is unreadable (%s): a rollover that was cut off is forgotten", path, error)
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f"{path.name}.corrupt-{time.time_ns()}"))
        return None
    return dict(intent)


def _json(value: object) -> bytes:
    # Bytes that were not UTF-8 in the dashboard are lone surrogates here; JSON can keep them as escapes.
    return json.dumps(value, ensure_ascii=True, indent=2).encode() + b"\n"
