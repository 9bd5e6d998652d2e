"""The history of runs: append-only JSON lines, one file a month, newest last.

A line is written once a run has ended, under the lock of the caller's run. A line that cannot be read (torn
by a power cut, edited) is passed over; the next append ends it first, so it costs only itself.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from aiemp.durable import append_line, make_private_folder
from aiemp.inside import open_file
from aiemp.ledger_format import ended_as_json, read_moment, run_as_json
from aiemp.locks import short_lock
from aiemp.runs import Ended, Result, Run

log = logging.getLogger("aiemp.history")

LONGEST_ERROR = 2000
BLOCK_BYTES = 64 * 1024
RECENT_LINES = 5000
NEWEST = 20
"""So far back an ended run is looked for that was the newest one when it was written down."""

LONGEST_LINE_BYTES = 1024 * 1024

CLOCK_STEP = timedelta(days=1)
"""Lines stand in the order in which runs ended, but for clocks that were set; no further than this."""


def entry_of(run: Run, end: Ended, details: Mapping[str, object] | None) -> dict[str, Any]:
    """The history's line for one ended run; ``details`` are the plain values that its trigger returned."""
    entry: dict[str, Any] = {"task": run.task, **run_as_json(run), **ended_as_json(end)}
    entry["error"] = end.error[:LONGEST_ERROR]
    kept = {
        key: value
        for key, value in (details or {}).items()
        if isinstance(value, bool | int | float | str) and key not in entry and key != "output"
    }
    if kept:
        entry["details"] = kept
    return entry


class History:
    """The run history in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add one ended run. Raises OSError when it cannot be written; then no part of it is."""
        finished = read_moment(entry["finished"])
        assert finished is not None  # entry_of wrote it
        make_private_folder(self.folder, levels=3)  # Logs/aiemp/runs
        with short_lock(self.folder / ".lock"):
            line = json.dumps(dict(entry), ensure_ascii=False, separators=(",", ":"))
            # A surrogate is a byte of some file name that is not UTF-8.
            path = self.folder / f"{finished:%Y-%m}.jsonl"
            append_line(path, line.encode("utf-8", "backslashreplace"), beneath=self.folder.parents[2])

    def obstacle(self, now: datetime) -> str | None:
        """Why a run that ended ``now`` could not be added, and behind a semicolon what to do; None when it could,
        as far as that can be seen. Looks only."""
        vault = self.folder.parents[2]
        if not vault.is_dir():
            return None  # which is told by whoever needs it
        for path in (*reversed(self.folder.parents[:2]), self.folder):
            if not os.path.lexists(path):
                break
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(vault)):
                return f"{path} is a link that leads out of the vault; put a folder there instead"
            if not path.is_dir():
                return f"{path} is no folder; {_away(path)}"
        found = next(path for path in (self.folder, *self.folder.parents) if os.path.isdir(path))  # noqa: PTH112 - raises nothing
        if not os.access(found, os.W_OK | os.X_OK):
            return f"{found} cannot be written; give yourself the right: {_grant(found)}"
        lock, lines = self.folder / ".lock", self.folder / f"{now.astimezone(UTC):%Y-%m}.jsonl"
        # A lock can be taken on a file that cannot be written (aiemp.locks).
        return _file_obstacle(lock, os.O_RDONLY) or _file_obstacle(lines, os.O_RDWR | os.O_APPEND)

    def newest_first(self, task: str | None = None) -> Iterator[dict[str, Any]]:
        """The ended runs, the newest first, of one task or of all. Reads no more than is asked for."""
        wanted = None if task is None else json.dumps(task).encode()
        for path in sorted(self._files(), reverse=True):
            for line in _lines_backwards(path):
                if wanted is not None and wanted not in line:
                    continue  # cheaper than parsing a hundred thousand lines
                entry = _parse(line, path)
                if entry is not None and (task is None or entry.get("task") == task):
                    yield entry

    def lacks(self, entry: Mapping[str, Any]) -> bool:
        """Whether this ended run is none of the newest. False for what is no entry."""
        if not isinstance(entry.get("task"), str) or read_moment(entry.get("finished")) is None:
            return False
        what = ("run", "pid", "finished", "result")
        newest = islice(self.newest_first(entry["task"]), NEWEST)
        return all(any(each.get(name) != entry.get(name) for name in what) for each in newest)

    def last_runs(self) -> dict[str, str]:
        """When the last concluded run of each task started, from the newest few thousand lines."""
        found: dict[str, str] = {}
        for entry in islice(self.newest_first(), RECENT_LINES):
            task, started = entry.get("task"), entry.get("started")
            concluded = entry.get("result") in (Result.SUCCEEDED.value, Result.FAILED.value)
            if concluded and isinstance(task, str) and isinstance(started, str):
                found.setdefault(task, started)
        return found

    def between(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """The runs that finished in ``start <= t < end``, the oldest first. Reads back no further than it
        must: the budget asks for the day, many times a day."""
        found = []
        first, last = f"{start.astimezone(UTC):%Y-%m}", f"{end.astimezone(UTC):%Y-%m}"
        for path in self._files():
            if not first <= path.stem <= last:
                continue
            for line in _lines_backwards(path):
                entry = _parse(line, path)
                finished = read_moment(entry.get("finished")) if entry else None
                if entry and finished and start <= finished < end:
                    found.append((finished, entry))
                elif finished and finished < start - CLOCK_STEP:
                    break
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*.jsonl") if path.is_file()]


def _file_obstacle(path: Path, access: int) -> str | None:
    try:
        # As append_line does it, but nothing is made, and a FIFO is not waited for.
        descriptor = os.open(path, access | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            return f"{path} is no file; {_away(path)}"
        return f"{path}: {error.strerror}; give yourself the right: {_grant(path)}"
    try:
        return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else f"{path} is no file; {_away(path)}"
    finally:
        os.close(descriptor)


def _away(path: Path) -> str:
    import shlex  # noqa: PLC0415 - for once; the orchestrator holds none of it

    return f"move it away: mv {shlex.quote(str(path))} {shlex.quote(f'{path}.aside')}"


def _grant(path: Path) -> str:
    from aiemp.remedy import own_line  # noqa: PLC0415 - as above

    return own_line(path, "rwX")


def _parse(line: bytes, path: Path) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        log.debug("%s: a line that is not JSON is passed over", path)
        return None
    if not isinstance(entry, dict):
        return None
    # What we did not write may be nested deeper than those can bear who show it.
    kept = _plain(entry)
    if isinstance(details := entry.get("details"), dict):
        kept["details"] = _plain(details)
    return kept


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if not isinstance(value, dict | list)}


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """The non-empty lines of a file, the last first, without reading more of it than is used."""
    try:
        descriptor = open_file(path, os.O_RDONLY, path.parents[3])
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOENT):
            log.debug("%s is passed over: %s", path, error.strerror)
            return  # a link, which may lead out of the vault
        raise
    with os.fdopen(descriptor, "rb") as file:
        position = file.seek(0, 2)
        rest = b""
        while position > 0:
            size = min(BLOCK_BYTES, position)
            position -= size
            file.seek(position)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines.pop(0)
            if len(rest) > LONGEST_LINE_BYTES:
                rest = b""  # no line of ours; without this, reading it would take time squared
            yield from (line for line in reversed(lines) if line.strip())
        if rest.strip():
            yield rest
