"""The only writer of Dashboard.md.

Its owner, Claude and other scripts write the same file without any lock (vault-facts), so an update

1. reads the file once it stands still, and applies its edits,
2. puts the result in the place of exactly what it read (:mod:`aiemp.dashboard.swap`),
3. then watches for a moment: a write into the file that lost its name, or one that was based on the text
   before ours and took our rows away, is noticed, and both are brought together.

How long it watches depends on whether somebody else wrote lately: on a quiet dashboard it is 10 ms.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit
from aiemp.dashboard.merge import merged
from aiemp.dashboard.snapshot import SIZE_LIMIT, STEP_S, DashboardError, Snapshot, take_snapshot
from aiemp.dashboard.swap import put
from aiemp.locks import short_lock
from aiemp.places import Places

__all__ = ["Dashboard", "DashboardError", "open_dashboard", "update"]

UPDATE_PATIENCE_S = 10.0
QUIET_WATCH_S = 0.01
BUSY_WATCH_S = 0.25  # longer than a script takes from its read to its write
BUSY_WITHIN_S = 10.0
REFUSALS = 2
"""So often a result is thrown away because the file changed meanwhile; then the names are exchanged anyway
and the two texts brought together afterwards: a script in a loop would else never let us in."""
VALUE_REPAIRS = 3
"""So often a value that somebody else set anew is set back to ours. A row that is gone is always added."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_REMEDIES = {
    errno.ENOSPC: "make room on that disk",
    errno.EDQUOT: "make room within the quota",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.EACCES: "check owner and mode of the file and its folder",
    errno.EPERM: "check owner and mode of the file and its folder",
}


@runtime_checkable
class Adding(Protocol):
    """An edit that adds a row, and can say how often it is there."""

    def __call__(self, document: Document) -> Document: ...

    def count(self, document: Document) -> int: ...


def update(vault: Path, *edits: Edit) -> bool:
    """Apply ``edits`` to the vault's Dashboard.md, creating it when it is missing. False: nothing to change.

    Waits for other updates, and up to 10 s for others who keep rewriting the file. Raises DashboardError,
    which says what to do, and then their text is what is left.
    """
    with open_dashboard(vault) as dashboard:
        return dashboard.update(*edits)


@contextlib.contextmanager
def open_dashboard(vault: Path) -> Iterator[Dashboard]:
    """The dashboard, under its lock: no other part of aiemp writes it meanwhile."""
    path = _path(vault)
    lock = Places(vault).dashboard_lock
    try:
        with short_lock(lock):
            yield Dashboard(path, lock)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "look at the file and its folder")
        where = f" ({error.filename})" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        raise DashboardError(f"{path} was not updated: {reason}; {remedy}") from error


class Dashboard:
    """One vault's Dashboard.md, to be had from :func:`open_dashboard`."""

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._lock = lock

    def read(self) -> Document:
        """What it says now; the template's text when it is missing or empty."""
        snapshot = take_snapshot(self.path)
        snapshot.close()
        return _document(snapshot.data)

    def update(self, *edits: Edit) -> bool:
        """See :func:`update`."""
        run = _Update(self.path, edits, BUSY_WATCH_S if self._is_busy() else QUIET_WATCH_S)
        try:
            changed = run.until_settled()
        finally:
            run.close()
        if changed:
            self._remember_our_write()
        return changed

    def _is_busy(self) -> bool:
        """Whether somebody else wrote the file lately. Our own last write is known by its time."""
        try:
            written = self.path.stat()
            ours = self._lock.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        return written.st_mtime_ns != ours and abs(time.time() - written.st_mtime) < BUSY_WITHIN_S

    def _remember_our_write(self) -> None:
        with contextlib.suppress(OSError):  # then the next update watches a little longer
            written = self.path.stat().st_mtime_ns
            os.utime(self._lock, ns=(written, written))


class _Update:
    """One update under way: what we wrote, and the files that lost their name to it."""

    def __init__(self, path: Path, edits: Sequence[Edit], watch_s: float) -> None:
        self.path = path
        self.edits = edits
        self.watch_s = watch_s
        self.ours: bytes | None = None
        self.expected: list[int] = []
        self.refusals = 0
        self.repairs = 0
        self.displaced: list[Snapshot] = []

    def until_settled(self) -> bool:
        """Write until our edits are there and nobody's text is lost. Whether anything was written."""
        deadline = time.monotonic() + UPDATE_PATIENCE_S
        watch_until = 0.0
        while time.monotonic() < deadline:
            current = take_snapshot(self.path)
            theirs, data = self._unseen_write()
            new = self._new_data(current.data, theirs, data)
            if new != current.data:
                if not self._put(new, current):
                    continue
                watch_until = time.monotonic() + self.watch_s
                self.watch_s = BUSY_WATCH_S  # a second time means that somebody else is writing
            else:
                current.close()
                if theirs is None and time.monotonic() >= watch_until:
                    return self.ours is not None
            if theirs is not None:
                theirs.data = data
            self._wait_for_others(watch_until, new)
        raise DashboardError(
            f"{self.path} was rewritten by another program again and again for {UPDATE_PATIENCE_S:.0f} s, so "
            "that our rows did not stay in it: its own text was left as it is; stop that program, or let it "
            "keep what others write"
        )

    def close(self) -> None:
        for snapshot in self.displaced:
            snapshot.close()

    def _unseen_write(self) -> tuple[Snapshot | None, bytes]:
        """A file that lost its name to ours and was written into nevertheless, and what it holds now."""
        for snapshot in self.displaced:
            data = snapshot.changed_data()
            if data is not None:
                return snapshot, data
        return None, b""

    def _new_data(self, current: bytes, theirs: Snapshot | None, data: bytes) -> bytes:
        """What the file is to hold: our edits, on top of everybody's text."""
        if theirs is not None and (current != self.ours or theirs is not self.displaced[-1]):
            base, ours, other = (_document(text).lines for text in (theirs.data, current, data))
            document = self._repaired(Document.parse("".join(merged(base, ours, other))))
        elif theirs is not None or self.ours is None:
            document = self._edited(_document(current if theirs is None else data))
        else:
            document = self._repaired(_document(current))
        new = document.text.encode("utf-8", "surrogateescape")
        if len(new) > SIZE_LIMIT:
            raise DashboardError(f"{self.path} is full: shorten it to below {SIZE_LIMIT // 1024**2} MB")
        return new

    def _edited(self, document: Document) -> Document:
        for edit in self.edits:
            document = edit(document)
        self.expected = [_count(edit, document) for edit in self.edits]
        return document

    def _repaired(self, document: Document) -> Document:
        """The document with those of our edits that somebody's write took away."""
        before = document
        if self.repairs < VALUE_REPAIRS:
            for edit in self.edits:
                document = document if isinstance(edit, Adding) else edit(document)
        self.repairs += document != before
        for edit, expected in zip(self.edits, self.expected, strict=True):
            while isinstance(edit, Adding) and edit.count(document) < expected:
                document = edit(document)
        return document

    def _put(self, new: bytes, current: Snapshot) -> bool:
        displaced = put(self.path, new, current, insist=self.refusals >= REFUSALS)
        if displaced is None:
            self.refusals += 1
            current.close()
            return False
        self.displaced.append(displaced)
        self.ours = new
        return True

    def _wait_for_others(self, until: float, known: bytes) -> None:
        """Wait to the end of the watch, or until something happens to the file or to those it replaced."""
        while time.monotonic() < until:
            time.sleep(STEP_S)
            snapshot = take_snapshot(self.path)
            snapshot.close()
            if snapshot.data != known or any(other.has_changed() for other in self.displaced):
                return


def _count(edit: Edit, document: Document) -> int:
    return edit.count(document) if isinstance(edit, Adding) else 0


def _document(data: bytes) -> Document:
    if data.startswith(_UTF16_MARKS):
        raise DashboardError("Dashboard.md is UTF-16 text: save it as UTF-8")
    if not data:
        from aiemp.vault.dashboard_template import dashboard_template  # noqa: PLC0415 - only for a new one

        return Document.parse(dashboard_template())
    return Document.parse(data.decode("utf-8", "surrogateescape"))


def _path(vault: Path) -> Path:
    """Where the dashboard really is: a symbolic link is followed inside the vault only."""
    if not vault.is_dir():
        raise DashboardError(f"the vault {vault} is not there: mount or restore it, or name another one")
    path = Places(vault).dashboard
    if not path.is_symlink():
        return path
    try:
        target, root = path.resolve(), vault.resolve()
    except (OSError, RuntimeError) as error:  # a link to itself; which of the two depends on the Python
        raise DashboardError(f"{path} is a symbolic link that leads nowhere: remove it") from error
    if not target.is_relative_to(root):
        raise DashboardError(
            f"{path} is a symbolic link to {target}, outside the vault: put the file there itself"
        )
    return target
