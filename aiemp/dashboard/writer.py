"""The only writer of Dashboard.md.

Its owner, Claude and other scripts write the same file without any lock (vault-facts), so an update

1. reads the file once it stands still, and applies its edits,
2. puts the result in the place of exactly what it read (:mod:`aiemp.dashboard.swap`),
3. then watches for a moment: a write into the file that lost its name, or one that was based on the text
   before ours and took our rows away, is noticed, and both are brought together
   (:mod:`aiemp.dashboard.rewrite`).

How long it watches depends on whether somebody else wrote lately: on a quiet dashboard it is 10 ms.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit
from aiemp.dashboard.rewrite import BUSY_WATCH_S, Rewrite, parsed
from aiemp.dashboard.snapshot import DashboardError, take_snapshot
from aiemp.durable import replace_file
from aiemp.locks import short_lock
from aiemp.places import Places

__all__ = ["Dashboard", "DashboardError", "open_dashboard", "update"]

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
        return parsed(snapshot.data)

    def update(self, *edits: Edit) -> bool:
        """See :func:`update`."""
        rewrite = Rewrite(self.path, edits, BUSY_WATCH_S if self._is_busy() else QUIET_WATCH_S)
        try:
            changed = rewrite.until_settled()
        except DashboardError as error:
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
        kept = self._lock.with_name(f"dashboard-{time.time_ns()}.md")
        replace_file(kept, text, beneath=self._lock.parents[2])
        return kept


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
