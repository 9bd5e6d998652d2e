"""What files in the vault tell of what happened there: open alerts, and when each watcher last did something."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from aiemp.cli.status_report import Activity, OpenAlert
from aiemp.ledger_format import read_moment
from aiemp.places import Places

MOST_ALERTS = 50
END_BYTES = 2048
"""The two keys that are looked for stand behind the ids or before them; a list of many thousands is not read."""

# Compiled where they are needed: a new vault has none of these files.
_LAST_UPDATED = rb'"last_updated"\s*:\s*"([^"\\]{1,40})"'
_NO_IDS = rb'"processed_ids"\s*:\s*[\[{]\s*[\]}]'
_KEPT_BY_US = rb'"kept_by"\s*:\s*"aiemp"'


def open_alerts(vault: Path) -> tuple[OpenAlert, ...]:
    """The alerts that are open, the newest first. What cannot be read is no alert."""
    folder = Places(vault).alerts
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith("ALERT_")]
    except OSError:
        return ()
    from aiemp.alert_files import read_alert  # where there are any

    found = []
    for name in sorted(names)[:MOST_ALERTS]:
        file = read_alert(folder / name) if name.endswith(".md") else None
        if file is not None:
            since = file.moment("created")
            text = file.text("shown") or name
            key = name.removeprefix("ALERT_").removesuffix(".md")
            found.append(OpenAlert(key, text, since, max(file.count, 1), str(folder / name)))
    return tuple(
        sorted(found, key=lambda alert: alert.since or datetime.min.replace(tzinfo=UTC), reverse=True)
    )


def watcher_activity(vault: Path, names: Iterable[str]) -> dict[str, Activity]:
    """When each watcher last wrote down what it has dealt with; without those that never did."""
    found = {}
    for name in names:
        activity = _activity(Places(vault).processed(name))
        if activity is not None:
            found[name] = activity
    return found


def _activity(path: Path) -> Activity | None:
    """Ours are written when there was something; those of another program perhaps each time that it looks."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(END_BYTES)
        size = os.fstat(descriptor).st_size
        if size > END_BYTES:
            file.seek(max(size - END_BYTES, END_BYTES))
            data += file.read(END_BYTES)
    told = re.findall(_LAST_UPDATED, data)
    at = read_moment(told[-1].decode("ascii", "replace")) if told else None
    if at is None or re.search(_NO_IDS, data):
        return None
    return Activity(at, re.search(_KEPT_BY_US, data) is not None)
