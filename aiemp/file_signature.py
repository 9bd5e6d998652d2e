"""What tells one version of a file from every other, for whoever has to notice that it was replaced or edited."""

from __future__ import annotations

from pathlib import Path

FileSignature = tuple[int, int, int, int]


def file_signature(path: Path) -> FileSignature | None:
    """One stat(2): device, inode, size and time of the last change. None when the file cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
