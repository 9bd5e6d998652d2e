"""Listing a folder of the vault with everything below it, without what is unfinished or not for people."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

DEEPEST_FOLDER = 32
UNFINISHED_SUFFIXES = (
    *(".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".aria2"),
    *(".tmp", ".temp", ".swp", "~"),
)
UNFINISHED_PREFIXES = (".", "~$", "~lock")
NOT_FOR_PEOPLE = ("thumbs.db", "desktop.ini", "icon\r")


class ListedFile:
    """A regular file; ``relative`` is its path below the listed folder. Times as stat(2) gives them."""

    __slots__ = ("_path", "changed_s", "mtime_ns", "relative", "size")

    def __init__(self, path: str, relative: str, state: os.stat_result) -> None:
        self._path = path
        self.relative = relative
        self.size = state.st_size
        self.mtime_ns = state.st_mtime_ns
        self.changed_s = state.st_ctime

    @property
    def path(self) -> Path:
        from pathlib import Path  # noqa: PLC0415 - only for a file that is new

        return Path(self._path)

    @property
    def version(self) -> str:
        """Tells this file from what was there before, without reading it."""
        return f"{self.relative}|{self.size}|{self.mtime_ns}"


class Listing:
    """Files by relative path, in order, and the folders they are in (path: device and inode).

    ``complete`` is False when a part could not be read.
    """

    __slots__ = ("complete", "files", "folders", "problems")

    def __init__(self) -> None:
        self.files: dict[str, ListedFile] = {}
        self.folders: dict[str, tuple[int, int]] = {}
        self.problems: dict[str, str] = {}
        self.complete = True


def list_files(folder: Path | str) -> Listing:
    """List ``folder`` and its subfolders. Symbolic links are not followed: they may lead out of the vault."""
    listing = Listing()
    _list_into(listing, os.fspath(folder), "", DEEPEST_FOLDER)
    return listing


def is_unfinished(name: str, names_beside: frozenset[str] = frozenset()) -> bool:
    """Whether ``name`` is a hidden, temporary or half-downloaded file, going by the names in its folder."""
    lower = name.lower()
    return (
        lower.startswith(UNFINISHED_PREFIXES)
        or lower.endswith(UNFINISHED_SUFFIXES)
        or lower in NOT_FOR_PEOPLE
        # Firefox keeps NAME empty while NAME.part grows; others do the same with their suffix.
        or any(name + suffix in names_beside for suffix in (".part", ".partial", ".crdownload", ".aria2"))
    )


def _list_into(listing: Listing, folder: str, prefix: str, levels: int) -> None:
    try:
        state = os.lstat(folder)
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        listing.complete = False
        listing.problems[folder] = f"{folder!r} cannot be read: {error.strerror}"
        return
    listing.folders[folder] = (state.st_dev, state.st_ino)
    names = frozenset(entry.name for entry in found)
    for entry in found:
        if is_unfinished(entry.name, names):
            continue
        relative = prefix + entry.name
        try:
            state = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            listing.complete = False
            listing.problems[entry.path] = f"{entry.path!r} cannot be looked at: {error.strerror}"
            continue
        if stat.S_ISREG(state.st_mode):
            listing.files[relative] = ListedFile(entry.path, relative, state)
        elif stat.S_ISDIR(state.st_mode) and levels > 0:
            _list_into(listing, entry.path, relative + "/", levels - 1)
        elif stat.S_ISLNK(state.st_mode):
            listing.problems[entry.path] = f"{entry.path!r} is a symbolic link, and is not followed"
        else:
            listing.problems[entry.path] = f"{entry.path!r} is no file, and is passed over"
