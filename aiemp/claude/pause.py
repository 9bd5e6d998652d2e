"""The pause: as long as it holds, no run of Claude Code begins, whoever starts it.

One small file, ``.state/aiemp/pause.json``: ``{"since", "until", "reason"}``, written by ``aiemp pause`` and
removed by ``aiemp resume`` alone. It ends by itself at ``until``. A file that is there but is no pause (torn,
edited, not ours to read) holds too: somebody wanted Claude to stop, and to go on costs money. So does a folder of
that name; it may hold somebody's work, so it is set aside where a file is removed or replaced.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from aiemp.durable import make_private_folder, replace_file, sync_folder
from aiemp.frozen import frozen
from aiemp.inside import open_folder, read_file
from aiemp.ledger_format import moment_text, read_moment
from aiemp.places import Places

log = logging.getLogger("aiemp.claude")

LARGEST_BYTES = 64 * 1024
LONGEST_REASON = 200
PAUSED = "Claude is paused"
"""How the reason begins for which a task is blocked by a pause."""


@frozen
class Pause:
    """A pause that holds. ``problem``: the file is no pause that can be understood, so it holds as well."""

    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    problem: str = ""

    def in_words(self, zone: tzinfo) -> str:
        """``paused until Tue 2026-11-24 17:00 (holiday)``, in the local time of ``zone``."""
        if self.problem:
            return f"paused ({self.problem})"
        until = f" until {_wall_clock(self.until, zone)}" if self.until else ""
        return f"paused{until}{f' ({self.reason})' if self.reason else ''}"

    def why_blocked(self, zone: tzinfo) -> str:
        """Why no run may begin now, with the remedy."""
        return f"{PAUSED}{self.in_words(zone).removeprefix('paused')}; end that with: aiemp resume"


def read_pause(vault: Path, now: datetime) -> Pause | None:
    """The pause that holds in the vault at ``now``; None when there is none, or it is over."""
    path = Places(vault).pause
    try:
        document = _read(path, vault)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no pause of aiemp"
        return Pause(problem=f"{path} cannot be read: {why}")
    until = document.get("until")
    ends = read_moment(until)
    if until is not None and ends is None:
        return Pause(problem=f"{path} does not say until when")
    if ends is not None and ends <= now:
        return None
    reason = document.get("reason")
    reason = _one_line(reason) if isinstance(reason, str) else ""
    return Pause(read_moment(document.get("since")), ends, reason)


def write_pause(vault: Path, pause: Pause) -> None:
    """Let ``pause`` hold, in place of any other. Raises OSError when it cannot be written down."""
    path = Places(vault).pause
    make_private_folder(path.parent)
    _set_aside_folder(path)
    document = {
        "since": moment_text(pause.since) if pause.since else None,
        "until": moment_text(pause.until) if pause.until else None,
        "reason": _one_line(pause.reason),
    }
    # As root it is given to whom the folder belongs: a pause that the tasks could not read would never end.
    replace_file(path, json.dumps(document, indent=2).encode() + b"\n", beneath=vault)


def remove_pause(vault: Path) -> bool:
    """End the pause, whatever stands in the file. Returns whether there was one. Raises OSError."""
    path = Places(vault).pause
    try:
        folder = open_folder(path.parent, vault)
        try:
            if not _set_aside_folder(path):
                os.unlink(path.name, dir_fd=folder)
        finally:
            os.close(folder)
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def _read(path: Path, vault: Path) -> dict[str, Any]:
    # Not through a link, and not for ever from a FIFO that stands there.
    document = json.loads(read_file(path, LARGEST_BYTES, vault))
    if not isinstance(document, dict):
        raise ValueError("not a table")
    return document


def _set_aside_folder(path: Path) -> bool:
    """Whether it was a folder; then it bears another name now."""
    if path.is_symlink() or not path.is_dir():
        return False
    names = (path.with_name(f"{path.name}.aside-{number}") for number in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    path.rename(aside)
    log.warning("%s was a folder, which is no pause of aiemp; it is kept as %s", path, aside)
    return True


def _wall_clock(moment: datetime, zone: tzinfo) -> str:
    try:
        return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"
    except OverflowError:  # the last day that there is, in an edited file
        return moment.isoformat()


def _one_line(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain[:LONGEST_REASON]
