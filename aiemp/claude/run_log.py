"""``Logs/claude/YYYY-MM-DD/TASK-HHMMSS.log``: everything that one Claude run printed, for people and for machines.

The ``.log`` is to be read: what was asked, each step with its time, what Claude said, how it ended. The events
themselves, as Claude Code printed them, are in the ``.jsonl`` beside it. What is no event is in the ``.log``
alone, as it came. So nothing is written twice, and nothing is lost, but the parts of a message that follow
whole.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from aiemp.durable import make_private_folder, write_all
from aiemp.file_signature import file_signature
from aiemp.inside import open_file, open_folder, open_in
from aiemp.log_files import redact_again
from aiemp.places import Places
from aiemp.redaction import in_force, redactor_of_dotenv

log = logging.getLogger("aiemp.claude")

APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MOST_IN_A_SECOND = 100
INDENT = b"         "
_OUR_FOLDER = re.compile(r"\d{4}-\d\d-\d\d")
_OUR_FILE = re.compile(r".+-\d{6}(-\d+)?\.(log|jsonl)")


def new_log(places: Places, task: str, now: datetime, keep_days: int) -> Path | None:
    """Make a fresh, private log for a run of ``task``, and remove those that are older than ``keep_days``.

    ``now`` is in the plan's zone, whose date and time the names bear. None, with a warning, when the log
    cannot be made: a full disk does not keep Claude from working.
    """
    folder = places.claude_logs / f"{now:%Y-%m-%d}"
    try:
        make_private_folder(folder, levels=3)  # Logs/claude/DATE
        path = _create(folder, f"{task}-{now:%H%M%S}")
    except OSError as error:
        log.warning("%s cannot be written, so this run has no log: %s", folder, error)
        return None
    remove_old(places.claude_logs, now.date() - timedelta(days=keep_days))
    return path


def _create(folder: Path, name: str) -> Path:
    for number in range(1, MOST_IN_A_SECOND):
        path = folder / (f"{name}.log" if number == 1 else f"{name}-{number}.log")
        with contextlib.suppress(FileExistsError):
            os.close(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, path.parents[3]))
            return path
    raise FileExistsError(f"{MOST_IN_A_SECOND} logs of {name}")


def remove_old(folder: Path, first_kept: date) -> None:
    """Remove our own files in the dated folders of ``VAULT/Logs/claude`` before ``first_kept``, and the folders that
    are empty then.

    Links are not followed, also where one is put at the same moment, and what is not ours stays, with its folder.
    """
    try:
        way = open_folder(folder, folder.parents[1])
        try:
            logs = os.open(".", _LISTED, dir_fd=way)
        finally:
            os.close(way)
    except OSError:
        return
    try:
        for name in os.listdir(logs):  # noqa: PTH208 - of what was opened, whatever its name means by now
            if _OUR_FOLDER.fullmatch(name) and name < first_kept.isoformat():
                try:
                    _empty(logs, name)
                except OSError as error:
                    log.warning("%s: old logs cannot be removed: %s", folder / name, error)
    finally:
        os.close(logs)


def _empty(logs: int, folder: str) -> None:
    try:
        descriptor = os.open(folder, _LISTED, dir_fd=logs)
    except OSError:
        return  # a link or a file: not ours
    try:
        names = os.listdir(descriptor)  # noqa: PTH208 - as above
        for name in filter(_OUR_FILE.fullmatch, names):
            if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(OSError):  # something of somebody else's lies there
        os.rmdir(folder, dir_fd=logs)


class RunLog:
    """The two files of one run, open. Without ``path``, or where they cannot be opened, it writes nothing.

    ``clock`` gives the local time.
    """

    def __init__(self, path: Path | None, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._folder = self._text = self._events = -1
        self._path = path
        self._has_events = False
        self._at_line_start = True
        if path is not None:
            self._dotenv = file_signature(path.parents[3] / ".env")
            self._open(path)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._events >= 0 and not self._has_events and self._path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path.with_suffix(".jsonl").name, dir_fd=self._folder)
        for descriptor in (self._text, self._events, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        if self._path is not None:
            self._redact_again(self._path)

    def _redact_again(self, path: Path) -> None:
        """A token that Claude wrote into ``.env`` meanwhile was no known secret when it was printed."""
        vault = path.parents[3]
        if file_signature(vault / ".env") == self._dotenv:
            return
        redactor = redactor_of_dotenv(vault)
        for each in (path, path.with_suffix(".jsonl")):
            redact_again(each, vault, redactor)

    def step(self, *lines: str) -> None:
        """Write what happened now: its time, then the lines, the further ones below the first."""
        if not lines:
            return
        stamp = f"{self._clock():%H:%M:%S} "
        text = "\n".join(line for each in lines for line in each.splitlines() or [""])
        text = in_force().text(text)  # it was put together here, from what came in pieces and in escapes
        data = (stamp + text).encode("utf-8", "backslashreplace").replace(b"\n", b"\n" + INDENT)
        self.text((b"" if self._at_line_start else b"\n") + data + b"\n")

    def text(self, data: bytes) -> None:
        """Write output as it came."""
        if data and self._text >= 0:
            self._text = self._write(self._text, data)
            self._at_line_start = data.endswith(b"\n")

    def event(self, data: bytes) -> None:
        """Write an event as it came."""
        if data and self._events >= 0:
            self._has_events = True
            self._events = self._write(self._events, data)

    def _open(self, path: Path) -> None:
        try:
            # Both now, and by this descriptor: a link that Claude puts in the folder's place leads us nowhere.
            self._folder = open_folder(path.parent, path.parents[3])  # VAULT/Logs/claude/DATE
            self._text = open_in(self._folder, path, APPENDING)
            self._events = open_in(self._folder, path.with_suffix(".jsonl"), APPENDING)
        except OSError as error:
            log.warning("%s: the output is not written down: %s", path, error)

    def _write(self, descriptor: int, data: bytes) -> int:
        try:
            write_all(descriptor, data)
        except OSError as error:  # a full disk must not end the run, whose work is done elsewhere
            log.warning("%s: the output is no longer written down: %s", self._path, error)
            os.close(descriptor)
            return -1
        return descriptor
