"""Takes from a Python process what only Linux has, so that aiemp does as it does on a Mac. Put on PYTHONPATH.

This is the one place that says what is switched off, and how:

* **pidfd**: ``os.pidfd_open`` and ``signal.pidfd_send_signal`` are not there.
* **prctl** (the child subreaper, the death signal): ``prctl`` cannot be found in the C library.
* **/proc**: the folders of processes cannot be opened, listed or seen; each is as if it were not there.
* **inotify**: the system has none (ENOSYS), and watchfiles' native part cannot be imported. (On a Mac that would use
  FSEvents. Here there is nothing, which is the case that is harder.)
* **renameat2** (exchanging two names), **file leases** (``fcntl.F_SETLEASE``): not there. A Mac has renamex_np for
  the first; here it has nothing, as above.
* **waitid**: not there, as on a Mac before Python 3.13.

``sys.platform`` stays ``linux``: the standard library would look for Apple's frameworks, and every use of ours that
goes by it finds one of the above missing.
"""

import ctypes
import errno
import fcntl
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

for module, names in (
    (os, ("pidfd_open", "waitid", "P_PIDFD", "P_PID", "P_ALL", "P_PGID")),
    (signal, ("pidfd_send_signal",)),
    (fcntl, ("F_SETLEASE", "F_GETLEASE")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)

sys.modules["watchfiles._rust_notify"] = None  # type: ignore[assignment]  # importing it now fails


def _no_inotify(*_arguments: object) -> int:
    ctypes.set_errno(errno.ENOSYS)
    return -1


class _CDLL(ctypes.CDLL):
    def __getattr__(self, name: str) -> Any:
        if name in ("prctl", "renameat2"):
            raise AttributeError(f"{name}: symbol not found")
        if name == "inotify_init1":
            return _no_inotify
        return super().__getattr__(name)


ctypes.CDLL = _CDLL  # type: ignore[misc]


def _without_proc(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        path = arguments[0] if arguments else None
        if isinstance(path, str | bytes | os.PathLike):
            text = os.fsdecode(path)
            if text == "/proc" or text.startswith("/proc/"):
                raise FileNotFoundError(2, "No such file or directory", text)
        return function(*arguments, **options)

    return call


for name in ("open", "stat", "lstat", "listdir", "scandir", "readlink", "access"):
    setattr(os, name, _without_proc(getattr(os, name)))
io.open = _without_proc(io.open)
