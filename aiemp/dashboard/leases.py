"""Whether somebody has a file open for writing, where the system can tell.

Linux grants a read lease on a file only when nobody has it open for writing (fcntl(2), "Leases"); asking for
one and giving it back is the question. It needs a file of our own and a local file system.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import signal

_SET_LEASE: int | None = getattr(fcntl, "F_SETLEASE", None)
_SET_SIGNAL: int | None = getattr(fcntl, "F_SETSIG", None)


def is_open_for_writing(descriptor: int) -> bool | None:
    """Whether any process has the file of this read-only descriptor open for writing; None: not known."""
    if _SET_LEASE is None or _SET_SIGNAL is None:
        return None
    try:
        # Who opens the file in the microsecond of the lease makes the kernel send us a signal; by default
        # that is SIGIO, which would end the process, while SIGURG is ignored.
        fcntl.fcntl(descriptor, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(descriptor, _SET_LEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, _SET_LEASE, fcntl.F_UNLCK)
    return False
