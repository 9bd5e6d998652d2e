"""The state file itself: read whatever it may hold, changed as a whole under a lock.

Only :mod:`aiemp.ledger` uses it; what stands in it is described there.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiemp.durable import remove_leftovers, replace_file
from aiemp.inside import open_folder, open_in
from aiemp.ledger_format import read_moment
from aiemp.locks import short_lock
from aiemp.places import Places

Signature = tuple[int, int, int]

log = logging.getLogger("aiemp.ledger")

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NO_STATE = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO)
"""What stands in the place of the file is a link, or no file."""

LAST_RUNS = "schedule_last_run"

RESERVE_BYTES = 64 * 1024
"""Room on the disk that is kept from the start of a run until its end is written down."""

LARGEST_STATE_BYTES = 16 * 1024 * 1024
"""A state file larger than this was not written by us; reading it would cost more than it can tell."""


class StateFile:
    """One vault's state file. ``last_runs`` finds the last runs elsewhere, should the file be unreadable."""

    def __init__(self, places: Places, last_runs: Callable[[], Mapping[str, str]]) -> None:
        self.places = places
        self._last_runs = last_runs
        self._is_tidy = False

    def read(self) -> dict[str, Any]:
        """The content; empty when there is no file. OSError when it is there and cannot be read."""
        document = self._read()
        if document is None:
            with short_lock(self.places.ledger_lock):
                document = self._read_or_set_aside()
        self._complete(document)
        return document

    def signature(self) -> Signature | None:
        """What tells one version of the file from every other: it is always replaced by a new one."""
        try:
            status = self.places.ledger.lstat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def change(self, change: Callable[[dict[str, Any]], None], *, spend_reserve: bool = False) -> None:
        """Read, ``change`` and replace the file, under its lock. OSError: nothing was changed.

        ``spend_reserve``: on a full disk, use the room of :meth:`keep_reserve`.
        """
        with short_lock(self.places.ledger_lock):
            if not self._is_tidy:  # each run is a process of its own: once in each is often enough
                remove_leftovers(self.places.ledger)
                self._is_tidy = True
            document = self._read_or_set_aside()
            for told in [*self._complete(document), *_mend(document)]:
                log.error("%s", told)
            change(document)
            data = json.dumps(document, indent=2).encode() + b"\n"
            try:
                replace_file(self.places.ledger, data, beneath=self.places.vault)
            except OSError as error:
                if not (spend_reserve and error.errno in DISK_FULL and self._spend_reserve()):
                    raise
                replace_file(self.places.ledger, data, beneath=self.places.vault)

    def keep_reserve(self) -> None:
        """Hold some room for the end of the run: a disk that fills up meanwhile must not make it forgotten,
        or it would count as interrupted and be done twice."""
        path = self.places.reserve
        if path.exists():
            return
        with short_lock(self.places.ledger_lock):
            if not path.exists():
                remove_leftovers(path)
                replace_file(path, b"\0" * RESERVE_BYTES, beneath=self.places.vault)

    def _spend_reserve(self) -> bool:
        with contextlib.suppress(OSError):
            self.places.reserve.unlink()
            log.error("the disk is full; the room reserved for the end of a run is used now")
            return True
        return False

    def _read(self) -> dict[str, Any] | None:
        """The state file's content, None when it is no state. When there is none (a fresh start, or a state
        that was cleaned away) it is what the history knows: a restart must repeat nothing."""
        path = self.places.ledger
        for patience_s in (0.05, 0.2, None):
            try:
                document = self._parsed(path)
            except FileNotFoundError:
                return self._from_history()
            except (ValueError, RecursionError):
                document = None
            if isinstance(document, dict):
                return document
            if patience_s is not None:  # an older orchestrator writes the file in place: it may be half done
                time.sleep(patience_s)
        return None

    def _parsed(self, path: Path) -> object:
        folder = open_folder(path.parent, self.places.vault)
        try:
            descriptor = open_in(folder, path, os.O_RDONLY)
        except OSError as error:
            if error.errno not in NO_STATE:
                raise
            return None
        finally:
            os.close(folder)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(LARGEST_STATE_BYTES + 1)
        return json.loads(data) if len(data) <= LARGEST_STATE_BYTES else None

    def _from_history(self) -> dict[str, Any]:
        last_runs = dict(self._last_runs())
        return {LAST_RUNS: last_runs} if last_runs else {}

    def _complete(self, document: dict[str, Any]) -> list[str]:
        """Take from the history what ``schedule_last_run`` does not say, or not in words that can be read: a task must
        not run again because of that. Returns what was wrong with it."""
        last_runs = document.get(LAST_RUNS)
        if not isinstance(last_runs, dict):
            told = [f"the state file's {LAST_RUNS!r} is no table; it is made anew from the history"]
            was_there = LAST_RUNS in document
            document.pop(LAST_RUNS, None)
            document.update(self._from_history())
            return told if was_there else []
        unreadable = [task for task, value in last_runs.items() if read_moment(value) is None]
        if unreadable:
            known = self._last_runs()
            for task in unreadable:
                del last_runs[task]
                if task in known:
                    last_runs[task] = known[task]
        return [
            f"the state file's last run of {task} is no time; it is taken from the history"
            for task in unreadable
        ]

    def _read_or_set_aside(self) -> dict[str, Any]:
        """:meth:`_read`; a file that is no state is kept under another name, as it may still tell its
        owner something, and made anew with the last runs known elsewhere. The caller holds the lock."""
        document = self._read()
        if document is None:
            path = self.places.ledger
            kept = path.with_name(f"{path.name}.corrupt-{time.time_ns()}")
            document = self._from_history()
            folder = open_folder(path.parent, self.places.vault)
            try:
                os.rename(path.name, kept.name, src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                os.close(folder)
            data = json.dumps(document, indent=2).encode() + b"\n"
            replace_file(path, data, beneath=self.places.vault)
            log.error(
                "%s is not a state file (torn or edited); it is kept as %s and made anew from the history",
                path,
                kept.name,
            )
        return document


def _mend(document: dict[str, Any]) -> list[str]:
    """Remove values of a wrong type, so that writing cannot fail on what somebody typed into the file. Returns what
    was wrong."""
    told = []
    if not isinstance(document.get("aiemp", {}), dict):
        told = ["the state file's 'aiemp' is no table; it is made anew"]
        del document["aiemp"]
    tasks = document.get("aiemp", {}).get("tasks", {})
    if not isinstance(tasks, dict):
        del document["aiemp"]["tasks"]
    return told
