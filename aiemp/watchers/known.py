"""The file in which a watcher keeps what it has dealt with: ``.state/<name>_processed.json``.

Its format, ``{processed_ids, last_updated}``, is the one existing vaults use; ids and keys that another
program wrote there are kept. Only the watcher of that name writes it, and its mtime is the heartbeat.
"""

from __future__ import annotations

import json
import os
import time

from aiemp.inside import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    AnyPath = Path | str

    from collections.abc import Callable, Container, Iterable, Iterator

KEPT_BY = "aiemp"
MOST_IDS_OF_GONE = 10_000
LARGEST_FILE_BYTES = 64 * 1024 * 1024


def processed_file(vault: AnyPath, name: str) -> str:
    """``Places.processed``, without loading dataclasses at each start; a test keeps the two the same."""
    return os.path.join(vault, ".state", f"{name}_processed.json")


class Known:
    """The ids a watcher has dealt with, oldest first, and the file that keeps them.

    ``ours`` tells whether the file was read whole and is our own: False on the very first start, after
    another watcher of this name, and after a corrupt file.
    """

    __slots__ = ("_ids", "_other_keys", "ours", "path", "unsaved")

    def __init__(self, path: AnyPath, ids: Iterable[str] = (), *, ours: bool = False) -> None:
        self.path = os.fspath(path)
        self.ours = ours
        self.unsaved = False
        self._ids = dict.fromkeys(ids)
        self._other_keys: dict[str, object] = {}

    def __contains__(self, processed_id: str) -> bool:
        return processed_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, processed_id: str) -> None:
        """Note that this is dealt with; :meth:`save` makes it last."""
        if processed_id not in self._ids:
            self._ids[processed_id] = None
            self.unsaved = True

    def discard(self, processed_id: str) -> None:
        if processed_id in self._ids:
            del self._ids[processed_id]
            self.unsaved = True

    def forget_oldest(self, still_there: Container[str]) -> None:
        """Keep the list bounded: of ids whose subject is gone only the newest 10,000 are kept."""
        gone = [each for each in self._ids if each not in still_there]
        for each in gone[:-MOST_IDS_OF_GONE]:
            self.discard(each)

    def touch(self) -> bool:
        """Refresh the file's mtime. False when there is no file of ours alone: one that has a second name (a hard
        link) is left to that. OSError when it cannot be done."""
        try:
            if os.lstat(self.path).st_nlink > 1:
                return False
            os.utime(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    @property
    def folder(self) -> str:
        """``.state`` of the vault."""
        return os.path.dirname(self.path)

    def make_folder(self) -> None:
        """Make ``.state``, in a vault that has just been seen to be there."""
        from pathlib import Path  # noqa: PLC0415 - not needed at start

        from aiemp.durable import make_private_folder  # noqa: PLC0415

        make_private_folder(Path(self.folder), levels=1)

    def save(self, now_s: float) -> None:
        """Replace the file, all or nothing. OSError when it cannot be written; the ids stay unsaved.

        The folder is not made: when it is gone, so may be the vault.
        """
        from pathlib import Path  # noqa: PLC0415 - not needed at start

        from aiemp.durable import replace_file  # noqa: PLC0415

        content = self._other_keys | {
            "kept_by": KEPT_BY,
            "processed_ids": list(self._ids),
            "last_updated": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now_s)),
        }
        # Plain ASCII: a file name that is no UTF-8 survives as an escape.
        data = json.dumps(content, indent=1).encode("ascii") + b"\n"
        path = Path(self.path)
        replace_file(path, data, beneath=path.parents[1])
        self.unsaved = False
        self.ours = True


def load(path: AnyPath, now_s: float, *, dry_run: bool = False) -> tuple[Known, list[str]]:
    """Read the file, and say what was wrong with it. OSError when it is there and cannot be read.

    A corrupt file is set aside under another name (in a dry run it stays), and the ids that can still be
    made out in it are taken over: a torn file must not make everything happen a second time.
    """
    try:
        descriptor = open_file(path, os.O_RDONLY, os.path.dirname(os.path.dirname(path)))
    except FileNotFoundError:
        return Known(path), []
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(LARGEST_FILE_BYTES + 1)
    try:
        content = json.loads(data if len(data) <= LARGEST_FILE_BYTES else b"")
        ids = content["processed_ids"] if isinstance(content, dict) else None
        if not isinstance(ids, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        known = Known(path, _salvage(data))
        known.unsaved = True
        return known, [_set_aside(path, now_s, len(known), dry_run=dry_run)]
    ours = content.get("kept_by") == KEPT_BY
    known = Known(path, (each for each in ids if isinstance(each, str)), ours=ours)
    known._other_keys = content
    return known, []


def _salvage(data: bytes) -> list[str]:
    """Every whole JSON string in ``data`` that can be an id."""
    import re  # noqa: PLC0415 - only for a corrupt file

    found = []
    for match in re.finditer(rb'"(?:[^"\\\x00-\x1f]|\\.){1,8192}"', data):
        try:
            found.append(json.loads(match.group()))
        except ValueError:
            continue
    return [each for each in found if each not in ("processed_ids", "last_updated", "kept_by", KEPT_BY)]


def _set_aside(path: AnyPath, now_s: float, salvaged: int, *, dry_run: bool) -> str:
    if dry_run:
        return f"{path} is corrupt; {salvaged} ids could be made out in it"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    aside = f"{path}.corrupt-{stamp}"
    number = 0
    while os.path.exists(aside):
        number += 1
        aside = f"{path}.corrupt-{stamp}_{number}"
    os.rename(path, aside)
    return (
        f"{path} was corrupt: set aside as {os.path.basename(aside)}, {salvaged} ids could be made out in it"
    )


def remove_leftovers(folder: AnyPath, is_ours: Callable[[str], bool]) -> None:
    """Remove the temporary files (:mod:`aiemp.durable`) that a killed watcher left in ``folder``.

    Safe only under the watcher's lock. ``is_ours`` is asked with the name the file would have got.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return  # whoever writes there next meets the same error, and says it
    for name in names:
        if name.startswith(".") and name.endswith(".tmp") and is_ours(name[1:].rsplit(".", 2)[0]):
            try:
                os.unlink(os.path.join(folder, name))
            except FileNotFoundError:
                continue
