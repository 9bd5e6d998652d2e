"""The only writer of Dashboard.md.

Its owner, Claude and other scripts write the same file without any lock (vault-facts), so an update

1. reads the file once it stands still, and applies its edits,
2. puts the result in the place of exactly what it read (:mod:`aiemp.dashboard.swap`),
3. then watches for a moment: a write into the file that lost its name, or one that was based on the text
   before ours and took our rows away, is noticed, and both are brought together
   (:mod:`aiemp.dashboard.rewrite`).

What happens to a row later than that is seen by the next update (:mod:`aiemp.dashboard.kept_rows`).

How long it watches depends on whether somebody else wrote lately: on a quiet dashboard it is 10 ms.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit
from aiemp.dashboard.kept_rows import KeptRows
from aiemp.dashboard.rewrite import BUSY_WATCH_S, Rewrite, parsed
from aiemp.dashboard.snapshot import DashboardError, Snapshot, open_regular, read_all, take_snapshot
from aiemp.dashboard.swap import exchanged_name
from aiemp.durable import replace_file
from aiemp.locks import short_lock
from aiemp.places import Places

__all__ = ["Dashboard", "DashboardError", "open_dashboard", "update"]

log = logging.getLogger("aiemp.dashboard")

QUIET_WATCH_S = 0.01
BUSY_WITHIN_S = 10.0
_REMEDIES = {
    errno.ENOSPC: "make room on that disk",
    errno.EDQUOT: "make room within the quota",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.EACCES: "check owner and mode of the file and its folder",
    errno.EPERM: "check owner and mode of the file and its folder",
}


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
            yield Dashboard(path, Places(vault))
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "look at the file and its folder")
        where = f" ({error.filename})" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        raise DashboardError(f"{path} was not updated: {reason}; {remedy}") from error


class Dashboard:
    """One vault's Dashboard.md, to be had from :func:`open_dashboard`."""

    def __init__(self, path: Path, places: Places) -> None:
        self.path = path
        self._lock = places.dashboard_lock
        self._places = places
        self._kept = KeptRows(places.dashboard_rows, places.vault)

    def read(self) -> Document:
        """What it says now; the template's text when it is missing or empty."""
        snapshot = take_snapshot(self.path)
        snapshot.close()
        return parsed(snapshot.data)

    def update(self, *edits: Edit) -> bool:
        """See :func:`update`. Rows of late that others undid are put back with it."""
        self._rescue_leftover()
        watch_s = BUSY_WATCH_S if self._is_busy() else QUIET_WATCH_S
        rewrite = Rewrite(self.path, edits, watch_s, self._kept.put_back())

        def note(left: Document) -> None:
            if rewrite.found is not None:
                self._kept.note(edits, rewrite.found, left, rewrite.rescued_lines())

        try:
            changed = rewrite.until_settled(note)
            if not changed or rewrite.met_others:
                note(rewrite.left)
        except OSError:
            self._kept.note_owed(edits)
            raise
        except DashboardError as error:
            self._kept.note_owed(edits)
            kept = [str(self._keep(text)) for text in rewrite.unseen_writes()]
            if kept:
                raise DashboardError(
                    f"{error}. What was written last is kept as {', '.join(kept)}"
                ) from error
            raise
        finally:
            rewrite.close()
        if changed and not rewrite.met_others:
            self._remember_our_write()
        return changed

    def forget_rows(self) -> None:
        """Rows were taken away on purpose: none is to be put back."""
        self._kept.forget()

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
            if self._lock.lstat().st_nlink == 1:  # a second name may lie outside of the vault
                os.utime(self._lock, ns=(written, written), follow_symlinks=False)

    def _keep(self, text: bytes) -> Path:
        kept = self._places.rescued_text(time.time_ns())
        replace_file(kept, text, beneath=self._places.vault)
        return kept

    def _rescue_leftover(self) -> None:
        """An update that was killed with somebody else's text in its hands has left that here: what of it is not in
        the file by now is kept beside it."""
        leftover = exchanged_name(self.path)
        try:
            snapshot = Snapshot(open_regular(leftover), b"")
        except (FileNotFoundError, DashboardError):
            return
        try:
            text = read_all(snapshot.descriptor)
        finally:
            snapshot.close()
        lost = set(parsed(text).lines) - set(self.read().lines)
        if any(line.strip() for line in lost):
            log.warning("an update was killed; the text that it had replaced is kept as %s", self._keep(text))
        leftover.unlink(missing_ok=True)


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
