"""Waking up when something changes in a folder: inotify or FSEvents through watchfiles, or not at all.

Not at all means that the folder is only looked at each interval. That is always done as well: events get
lost (a full queue, a network share), a look does not.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

    from aiemp.watchers.loop import Stop

STEP_MS = 250
"""How often watchfiles looks whether there were events (or a signal): four short wake-ups a second."""
DEBOUNCE_MS = 1000
TRY_AGAIN_S = 300.0


class Changes:
    """Watches one folder with everything below it. ``problem`` says why it cannot, when it cannot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problem = ""
        self._notify: RustNotify | None = None
        self._watched: tuple[int, int] | None = None
        self._try_at = 0.0

    def wait(self, timeout_s: float, stop: Stop) -> bool:
        """Sleep, at most ``timeout_s``. True when something changed, or may have changed unnoticed."""
        if self._arm():
            return True
        if self._notify is None:
            stop.wait(timeout_s)
            return False
        # 0 would mean to watchfiles that there is no limit.
        found = self._notify.watch(DEBOUNCE_MS, STEP_MS, max(1, int(timeout_s * 1000)), stop)
        return isinstance(found, set)

    def close(self) -> None:
        if self._notify is not None:
            self._notify.close()
        self._notify = self._watched = None

    def _arm(self) -> bool:
        """Watch the folder that is there now. Whether it has just begun to."""
        try:
            state = self.folder.stat()
        except OSError:
            self.close()
            return False
        if self._watched == (state.st_dev, state.st_ino) or time.monotonic() < self._try_at:
            return False
        self.close()
        try:
            # Loaded here: it brings asyncio with it, and the first look should not wait for that.
            from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError  # noqa: PLC0415
        except ImportError as error:
            return self._fall_back(error)
        try:
            polling = os.environ.get("WATCHFILES_FORCE_POLLING", "") not in ("", "0", "false")
            if polling:
                raise OSError("WATCHFILES_FORCE_POLLING is set")
            self._notify = RustNotify([str(self.folder)], False, False, 300, True, True)
        except (OSError, WatchfilesRustInternalError) as error:
            return self._fall_back(error)
        self._watched = (state.st_dev, state.st_ino)
        self.problem = ""
        return True

    def _fall_back(self, error: Exception) -> bool:
        self.problem = f"changes in {self.folder} are seen only at each interval: {error}"
        self._try_at = time.monotonic() + TRY_AGAIN_S
        return False
