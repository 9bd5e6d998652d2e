"""Waking up when something changes in some folders: by inotify on Linux, elsewhere through watchfiles, or not at all.

Not at all means that the folders are only looked at each interval. That is always done as well: events get
lost (a full queue, a network share), a look does not.

Each folder is watched by itself. A recursive watch would follow symbolic links, and one that somebody puts
into ``Drop/`` could make it watch the whole machine.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from aiemp.watchers.loop import Stop

    FolderIds = dict[str, tuple[int, int]]

    class Events(Protocol):
        """What the system tells of changes in folders."""

        def wait(self, timeout_s: float, stop: Stop) -> bool:
            """Sleep, at most ``timeout_s``; True when something changed. OSError when it can tell no more."""

        def close(self) -> None:
            """Let go of them."""


STEP_MS = 250
"""How often watchfiles looks whether there were events (or a signal): four short wake-ups a second."""
DEBOUNCE_MS = 1000
TRY_AGAIN_S = 300.0
MOST_FOLDERS = 1000


class Changes:
    """Sleeps until something changes. ``problem`` says why it only sleeps, when it cannot know."""

    def __init__(self) -> None:
        self.problem = ""
        self._events: Events | None = None
        self._watched: FolderIds = {}
        self._try_at = 0.0

    def wait(self, folders: FolderIds, timeout_s: float, stop: Stop) -> bool:
        """Sleep, at most ``timeout_s``. True when something changed, or may have changed unnoticed.

        ``folders``: device and inode by path, so that a folder that was replaced is watched anew.
        """
        if folders != self._watched and time.monotonic() >= self._try_at:
            self._watch(folders)
            if self._events is not None:
                return True
        if self._events is None:
            stop.wait(timeout_s)
            return False
        try:
            return self._events.wait(timeout_s, stop)
        except OSError as error:
            self.close()
            self._do_without(error)
            return True

    def close(self) -> None:
        if self._events is not None:
            self._events.close()
        self._events, self._watched = None, {}

    def _watch(self, folders: FolderIds) -> None:
        self.close()
        self.problem = ""
        if not folders:
            return
        try:
            self._events = _events_of(list(folders)[:MOST_FOLDERS])
        except (ImportError, OSError, RuntimeError) as error:
            self._do_without(error)
            return
        self._watched = dict(folders)

    def _do_without(self, error: Exception) -> None:
        self.problem = f"dropped files are seen only at each interval: {error}"
        self._try_at = time.monotonic() + TRY_AGAIN_S


class Watchfiles:
    """Where there is no inotify: FSEvents and the like, by the library watchfiles."""

    def __init__(self, folders: list[str]) -> None:
        # Loaded here: it brings asyncio with it, and the first look should not wait for that.
        from watchfiles._rust_notify import RustNotify  # noqa: PLC0415

        self._notify = RustNotify(folders, False, False, 300, False, True)

    def wait(self, timeout_s: float, stop: Stop) -> bool:
        # To watchfiles, 0 would mean that there is no limit.
        try:
            found = self._notify.watch(DEBOUNCE_MS, STEP_MS, max(1, int(timeout_s * 1000)), stop)
        except RuntimeError as error:  # a name that is not UTF-8 is too much for it
            raise OSError(str(error)) from error
        return isinstance(found, set)

    def close(self) -> None:
        self._notify.close()


def _events_of(folders: list[str]) -> Events:
    if os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "0", "false", "disable"):
        raise OSError("WATCHFILES_FORCE_POLLING is set")
    if sys.platform.startswith("linux"):
        from aiemp.watchers.inotify import Inotify  # noqa: PLC0415 - after the first look, as above

        return Inotify(folders)
    return Watchfiles(folders)
