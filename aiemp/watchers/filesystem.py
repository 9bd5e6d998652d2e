"""The built-in watcher ``filesystem``: a file put into ``Drop/`` becomes an action item, exactly once.

The order is: item written, then its id kept. A crash between the two leaves an item whose mark says which
file it is for; files that were not known at the start are looked up by these marks in the whole vault.

Run as ``python -m aiemp.watchers.filesystem --vault V --interval N [--dry-run] [--once]``.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time

from aiemp.inside import SHARED_FOLDER
from aiemp.watchers.folders import folder_named, item_folder, vault_is_there, visible_names
from aiemp.watchers.known import Known, load, processed_file, remove_leftovers
from aiemp.watchers.listing import ListedFile, list_files
from aiemp.watchers.loop import Looked, Stop, run_locked
from aiemp.watchers.options import Options, parse
from aiemp.watchers.settling import Settling, content_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiemp.watchers.changes import Changes

NAME = "filesystem"
DROP = "Drop"
LOOK_BUDGET_S = 10.0
"""After this long a look pauses for the heartbeat, however many files were dropped at once."""


class KnownFiles:
    """The ids of files, made out of the strings that are kept.

    An id is ``PATH|SIZE|MTIME_NS|HASH``: path below Drop, and a hash of the content. Ids of another form come
    from an own watcher that this one has replaced; a file that one of them names has been dealt with.
    """

    def __init__(self, kept: Known) -> None:
        self.kept = kept
        self.by_version: dict[str, str] = {}
        self._hashes: dict[str, str] = {}
        self._foreign: set[str] = set()
        for processed_id in kept:
            relative, *numbers = processed_id.rsplit("|", 3)
            if len(numbers) == 3 and numbers[0].isdigit() and numbers[1].lstrip("-").isdigit():
                self._note(processed_id, relative)
            else:
                self._foreign.add(processed_id)

    def add(self, file: ListedFile, processed_id: str) -> None:
        self.kept.add(processed_id)
        self._note(processed_id, file.relative)

    def has_content(self, file: ListedFile, content: str) -> bool:
        """Whether the newest version we know of this path had the same content."""
        return self._hashes.get(file.relative) == content

    def names_foreign(self, file: ListedFile) -> bool:
        names = {file.relative, file.path.name, f"{DROP}/{file.relative}", str(file.path)}
        return not self._foreign.isdisjoint(names)

    def _note(self, processed_id: str, relative: str) -> None:
        version, _, content = processed_id.rpartition("|")
        self.by_version[version] = processed_id
        self._hashes[relative] = content


class FilesystemWatch:
    """Looks into ``Drop/`` and writes items."""

    name = NAME

    def __init__(self, options: Options, stop: Stop) -> None:
        self.known: Known | None = None
        self._seen: frozenset[str] = frozenset()
        self._vault = options.vault
        self._dry_run = options.dry_run
        self._stop = stop
        self._folders: dict[str, tuple[int, int]] = {}
        self._changes: Changes | None = None
        self._settling = Settling()
        self._unknown_at_start: set[str] | None = None
        self._marks: set[str] | None = None
        self._present: frozenset[str] = frozenset()

    def is_there(self) -> bool:
        return vault_is_there(self._vault, self._seen)

    def look(self, looked: Looked, now_s: float, steady_s: float) -> None:
        if self.known is None:
            self._begin(looked, now_s)
        assert self.known is not None
        drop = folder_named(self._vault, DROP)
        if drop is None:
            self._folders = {}
            looked.problems[DROP] = (
                f"{os.path.join(self._vault, DROP)} is no folder of this vault; make it, to drop files"
            )
            return
        listing = list_files(drop)
        self._folders = listing.folders
        looked.problems.update(listing.problems)
        new = [file for file in listing.files.values() if file.version not in self._files.by_version]
        if self._unknown_at_start is None:
            self._unknown_at_start = {file.version for file in new}
        self._settling.keep_only({file.relative for file in new})
        self._take_whole_ones(new, looked, now_s, steady_s)
        self._present = frozenset(listing.files)
        if self.known.unsaved and not self._dry_run:
            if listing.complete:
                present = (self._files.by_version.get(file.version, "") for file in listing.files.values())
                self.known.forget_oldest(set(present))
            self.known.save(now_s)
        if self._changes is not None and self._changes.problem:
            looked.problems["changes"] = self._changes.problem

    def wait(self, timeout_s: float, stop: Stop) -> bool:
        from aiemp.watchers.changes import Changes  # noqa: PLC0415 - after the first look

        if self._changes is None:
            self._changes = Changes()
        return self._changes.wait(self._folders, timeout_s, stop)

    def close(self) -> None:
        if self._changes is not None:
            self._changes.close()

    def _begin(self, looked: Looked, now_s: float) -> None:
        known, messages = load(processed_file(self._vault, NAME), now_s, dry_run=self._dry_run)
        looked.warnings.extend(messages)
        self._files = KnownFiles(known)
        self._item_folder = item_folder(self._vault)
        if not self._dry_run:
            if folder_named(self._vault, DROP) is None:
                _make_folder(os.path.join(self._vault, DROP))
            if not os.path.exists(known.folder):
                known.make_folder()
            remove_leftovers(known.folder, lambda name: name == os.path.basename(known.path))
            remove_leftovers(self._item_folder, lambda name: name.startswith("FILE_"))
        self._seen = visible_names(self._vault)
        self.known = known

    def _take_whole_ones(self, new: list[ListedFile], looked: Looked, now_s: float, steady_s: float) -> None:
        began = time.monotonic()
        for file in new:
            if self._stop.requested or time.monotonic() - began > LOOK_BUDGET_S:
                looked.look_again_in(0)
                return
            try:
                wait_s = self._settling.wait_s(file, now_s, steady_s)
                content = content_hash(file) if wait_s <= 0 else None
            except FileNotFoundError:
                continue
            except OSError as error:
                looked.problems[file.relative] = f"{str(file.path)!r} cannot be read: {error.strerror}"
                continue
            if content is None:
                looked.look_again_in(wait_s or 1.0)
                continue
            self._take(file, content, looked, now_s)

    def _take(self, file: ListedFile, content: str, looked: Looked, now_s: float) -> None:
        """Give a whole file its item, unless it has one. OSError when the item cannot be written."""
        processed_id = f"{file.version}|{content}"
        only_touched = file.relative in self._present and self._files.has_content(file, content)
        if not only_touched and not self._files.names_foreign(file):
            self._write_item(file, processed_id, looked, now_s)
        self._files.add(file, processed_id)

    def _write_item(self, file: ListedFile, processed_id: str, looked: Looked, now_s: float) -> None:
        from pathlib import Path  # noqa: PLC0415 - a file is dropped now and then

        from aiemp.watchers import drop_items  # noqa: PLC0415

        mark = drop_items.mark_of(processed_id)
        if self._unknown_at_start and file.version in self._unknown_at_start:
            if self._marks is None:
                self._marks = drop_items.marks_in(Path(self._vault))
            if mark in self._marks:
                return
        received_s = drop_items.received_s(file, now_s)
        vault, folder = Path(self._vault), Path(self._item_folder)
        item = folder / drop_items.item_name(file, mark, received_s)
        what = f"{DROP}/{file.relative}"
        if self._dry_run:
            looked.messages.append(f"dry run: {what!r} would become {item.name}")
            return
        from aiemp.durable import replace_file  # noqa: PLC0415 - not needed by every start
        from aiemp.vault.layout import leads_inside  # noqa: PLC0415

        if not leads_inside(self._item_folder, self._vault):
            raise OSError(errno.ELOOP, "a link leads out of the vault", str(item))
        if not folder.exists() and self.is_there():
            _make_folder(os.path.dirname(self._item_folder))  # the vault itself: it is there
            _make_folder(self._item_folder)
        replace_file(item, drop_items.render(file, received_s), beneath=vault)
        looked.messages.append(f"{what!r} became {item.name}")


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path, SHARED_FOLDER)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def main(arguments: list[str]) -> int:
    options = parse(NAME, arguments)
    # Taking a lease (settling.has_writer) can bring this signal, which would end the process.
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    stop = Stop()
    return run_locked(FilesystemWatch(options, stop), options, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
