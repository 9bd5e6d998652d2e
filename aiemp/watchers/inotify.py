"""Changes in some folders by inotify(7), through ctypes: a descriptor that becomes readable. Linux only.

Whoever waits for it sleeps until something happens; a library that looks again and again would cost a wake-up each
time, and 6 MB for as long as the watcher lives.
"""

from __future__ import annotations

import ctypes
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiemp.watchers.loop import Stop

IN_CLOSE_WRITE = 0x8
IN_MOVED_FROM, IN_MOVED_TO = 0x40, 0x80
IN_CREATE, IN_DELETE = 0x100, 0x200
IN_DELETE_SELF, IN_MOVE_SELF = 0x400, 0x800
IN_ONLYDIR, IN_EXCL_UNLINK = 0x1000000, 0x4000000

CHANGES = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
"""Not IN_MODIFY: a large file would wake us for each block that is written. Whoever sees a file that still grows
looks again by himself."""

HOW = IN_ONLYDIR | IN_EXCL_UNLINK
QUIET_S = 0.1
LONGEST_BURST_S = 1.0


class Inotify:
    """Watches folders, each by itself. OSError when the system has no watch, or no descriptor, to give."""

    def __init__(self, folders: Iterable[str]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise _error("inotify_init1")
        try:
            for folder in folders:
                if libc.inotify_add_watch(self._descriptor, os.fsencode(folder), CHANGES | HOW) < 0:
                    raise _error(folder)
        except BaseException:
            self.close()
            raise

    def wait(self, timeout_s: float, stop: Stop) -> bool:
        """Sleep, at most ``timeout_s``. True when something changed. A burst of changes is let pass first."""
        if not stop.wait(timeout_s, self._descriptor):
            return False
        burst_ends = time.monotonic() + LONGEST_BURST_S
        self._drain()
        while time.monotonic() < burst_ends and stop.wait(QUIET_S, self._descriptor):
            self._drain()
            time.sleep(QUIET_S)  # a thousand files dropped at once are a few looks here, not a thousand
        return True

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _drain(self) -> None:
        """What it was is not asked: the look that follows sees everything."""
        try:
            while os.read(self._descriptor, 65536):
                pass
        except BlockingIOError:
            return


def _error(about: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), about)
