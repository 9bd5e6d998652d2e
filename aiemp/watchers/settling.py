"""Whether a dropped file is whole: nobody has it open for writing, as far as the system tells, and its size
and mtime have stood still for a while.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from aiemp.watchers.listing import ListedFile

SETTLE_S = 3.0
EMPTY_SETTLE_S = 10.0
"""Browsers first make an empty file of the final name; after this long, it is meant to be empty."""
BLIND_SETTLE_S = 10.0
"""Where it cannot be told whether a writer is there (macOS, files of another user)."""

WHOLE_HASH_BYTES = 64 * 1024 * 1024
HASH_ENDS_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Settling:
    """Remembers since when each file has stood still."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}

    def wait_s(self, file: ListedFile, now_s: float, steady_s: float) -> float:
        """How many seconds to wait before ``file`` can be whole; 0 when it is. OSError: it cannot be read."""
        version, since = self._since.get(file.relative, ("", steady_s))
        if version != file.version:
            since = steady_s
            self._since[file.relative] = (file.version, since)
        still_s = steady_s - since
        writer = has_writer(file.path)
        if writer:
            # Asked less and less often: some programs never close their file.
            return max(1.0, still_s / 4)
        needed_s = BLIND_SETTLE_S if writer is None else SETTLE_S
        if file.size == 0:
            needed_s = EMPTY_SETTLE_S
        if writer is False and now_s - file.mtime_ns / 1e9 > needed_s:
            return 0.0  # it was finished before we looked
        return max(0.0, needed_s - still_s)

    def keep_only(self, relatives: set[str]) -> None:
        """Forget every other file: it is known by now, or gone."""
        self._since = {name: since for name, since in self._since.items() if name in relatives}


def has_writer(path: Path) -> bool | None:
    """Whether any process has ``path`` open for writing; None when the system does not tell.

    Linux grants a read lease only on a file without writers (fcntl(2), "Leases"); it is given back at once.
    Whoever opens the file in that moment makes the kernel send SIGIO, which the watcher ignores.
    """
    descriptor = os.open(path, READ_ONLY)
    try:
        if not hasattr(fcntl, "F_SETLEASE"):
            return None
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(descriptor)
    return False


def content_hash(file: ListedFile) -> str | None:
    """A hash of the content, or None when the file is not what was listed any more.

    Of a file above 64 MiB both ends are read: nobody waits for gigabytes.
    """
    import hashlib  # noqa: PLC0415 - loads OpenSSL; not needed by every start

    descriptor = os.open(file.path, READ_ONLY)
    try:
        digest = hashlib.sha256()
        if file.size <= WHOLE_HASH_BYTES:
            parts = [(0, file.size)]
        else:
            parts = [(0, HASH_ENDS_BYTES), (file.size - HASH_ENDS_BYTES, file.size)]
        for start, end in parts:
            offset = start
            while offset < end:
                chunk = os.pread(descriptor, min(CHUNK_BYTES, end - offset), offset)
                if not chunk:
                    return None
                digest.update(chunk)
                offset += len(chunk)
        state = os.fstat(descriptor)
        unchanged = (state.st_size, state.st_mtime_ns) == (file.size, file.mtime_ns)
        return digest.hexdigest()[:16] if unchanged and stat.S_ISREG(state.st_mode) else None
    finally:
        os.close(descriptor)
