"""Waking up when something changes in some folders: inotify or FSEvents through watchfiles, or not at all.

Not at all means that the folders are only looked at each interval. That is always done as well: events get
lost (a full queue, a network share), a look does not.

Each folder is watched by itself. A recursive watch would follow symbolic links, and one that somebody puts
into ``Drop/`` could make it watch the whole machine.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

    from aiemp.watchers.loop import Stop

    FolderIds = dict[str, tuple[int, int]]

STEP_MS = 250
"""How often watchfiles looks whether there were events (or a signal): four short wake-ups a second."""
DEBOUNCE_MS = 1000
TRY_AGAIN_S = 300.0
MOST_FOLDERS = 1000


class Changes:
    """Sleeps until something changes. ``problem`` says why it only sleeps, when it cannot know."""

    def __init__(self) -> None:
        self.problem = ""
        self._notify: RustNotify | None = None
        self._watched: FolderIds = {}
        self._try_at = 0.0

    def wait(self, folders: FolderIds, timeout_s: float, stop: Stop) -> bool:
        """Sleep, at most ``timeout_s``. True when something changed, or may have changed unnoticed.

        ``folders``: device and inode by path, so that a folder that was replaced is watched anew.
        """
        if folders != self._watched and time.monotonic() >= self._try_at:
            self._watch(folders)
            if self._notify is not None:
                return True
        if self._notify is None:
            stop.wait(timeout_s)
            return False
        # To watchfiles, 0 would mean that there is no limit.
        try:
            found = self._notify.watch(DEBOUNCE_MS, STEP_MS, max(1, int(timeout_s * 1000)), stop)
        except RuntimeError as error:  # a name that is not UTF-8 is too much for it
            self.close()
            self.problem = f"dropped files are seen only at each interval: {error}"
            self._try_at = time.monotonic() + TRY_AGAIN_S
            return True
        return isinstance(found, set)

    def close(self) -> None:
        if self._notify is not None:
            self._notify.close()
        self._notify, self._watched = None, {}

    def _watch(self, folders: FolderIds) -> None:
        self.close()
        self.problem = ""
        if not folders:
            return
        try:
            if os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "0", "false", "disable"):
                raise OSError("WATCHFILES_FORCE_POLLING is set")
            # Loaded here: it brings asyncio with it, and the first look should not wait for that.
            from watchfiles._rust_notify import RustNotify  # noqa: PLC0415

            paths = list(folders)[:MOST_FOLDERS]
            self._notify = RustNotify(paths, False, False, 300, False, True)
        except (ImportError, OSError, RuntimeError) as error:
            self.problem = f"dropped files are seen only at each interval: {error}"
            self._try_at = time.monotonic() + TRY_AGAIN_S
            return
        self._watched = dict(folders)
