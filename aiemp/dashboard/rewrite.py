"""One update of Dashboard.md under way, among others who write the same file and know no lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import Edit
from aiemp.dashboard.merge import Patch, added_lines, merged
from aiemp.dashboard.snapshot import (
    OPEN_PATIENCE_S,
    SIZE_LIMIT,
    STEP_S,
    DashboardError,
    Snapshot,
    take_snapshot,
)
from aiemp.dashboard.swap import put

if TYPE_CHECKING:
    from aiemp.dashboard.kept_rows import PutBack

UPDATE_PATIENCE_S = 10.0
RESCUE_PATIENCE_S = 30.0  # the same, while we have a text of theirs in hand that is not in the file
BUSY_WATCH_S = 0.25  # longer than a script takes from its read to its write
REFUSALS = 2
"""So often a result is thrown away because the file changed meanwhile; then the names are exchanged anyway
and the two texts brought together afterwards: a script in a loop would else never let us in."""
VALUE_REPAIRS = 3
"""So often a value that somebody else set anew is set back to ours. One that only became what it had been
before us was written by somebody who had not seen ours, and is always set again; so is a row that is gone."""
FORGOTTEN_AFTER_S = 1.0
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@runtime_checkable
class Adding(Protocol):
    """An edit that adds a row, and can say how often it is there."""

    def __call__(self, document: Document) -> Document: ...

    def count(self, document: Document) -> int: ...


class Rewrite:
    """What we wrote, and the files that lost their name to it.

    Such a file is kept open as long as somebody may still be writing into it: what he writes there nobody
    would ever read again.
    """

    def __init__(
        self, path: Path, edits: Sequence[Edit], watch_s: float, put_back: Sequence[PutBack] = ()
    ) -> None:
        self.path = path
        self.edits = edits
        self.watch_s = watch_s
        self.ours: bytes | None = None
        self.displaced: list[Snapshot] = []
        self.met_others = False
        self.found: Document | None = None
        self._current = Snapshot(-1, b"")
        self._put_back = put_back
        self._expected: list[tuple[Adding, int]] = []
        self._whole = b""
        self._known: tuple[bytes | None, Document] = None, Document(())
        self._rescued: list[tuple[Sequence[str], Sequence[str], frozenset[str]]] = []
        self._before: set[str] = set()
        self._refusals = 0
        self._repairs = 0

    def until_settled(self, meanwhile: Callable[[Document], None]) -> bool:
        """Write until our edits are there and nobody's text is lost. Whether anything was written.

        ``meanwhile`` is called after the first write, with what was written, and uses the time in which others
        are watched for; what it made of that holds unless ``met_others``.
        Raises DashboardError when others do not let that happen; then the file is as they left it.
        """
        began = time.monotonic()
        watch_until = 0.0
        while (waited_s := time.monotonic() - began) < UPDATE_PATIENCE_S or (
            waited_s < RESCUE_PATIENCE_S and self.unseen_writes()
        ):
            theirs, data = self._unseen_write()
            current = self._current = take_snapshot(self.path, hasty_like=self._whole)
            self._whole = max(self._whole, current.data, key=len)
            if self._refusals or theirs is not None or self.ours not in (None, current.data):
                self.met_others = True
            new = self._new_data(current.data, theirs, data)
            if new != current.data:
                is_first = self.ours is None
                if not self._put(new, current):
                    continue
                watch_until = time.monotonic() + self.watch_s
                if is_first and self.ours is not None:
                    meanwhile(self._parsed(self.ours))
                self.watch_s = BUSY_WATCH_S  # a second time means that somebody else is writing
            else:
                current.close()
                if theirs is None and time.monotonic() >= watch_until and not self._is_one_kept_open():
                    return self.ours is not None
            if theirs is not None:
                base, other = parsed(theirs.data).lines, parsed(data).lines
                self._rescued.append((base, other, added_lines(base, other)))
                theirs.data = data
            self._wait_for_others(watch_until, new)
        raise DashboardError(
            f"{self.path} was rewritten by another program again and again for {UPDATE_PATIENCE_S:.0f} s, "
            "so that our rows did not stay in it; its own text was left. Let it pause between its writes"
        )

    def close(self) -> None:
        """Let go of all files."""
        for snapshot in (self._current, *self.displaced):
            snapshot.close()

    def rescued_lines(self) -> Iterator[tuple[str, str]]:
        """Lines that others wrote into files that had lost their name, each with the line before it."""
        for _base, theirs, added in self._rescued:
            yield from ((line, before) for before, line in pairwise(["", *theirs]) if line in added)

    def unseen_writes(self) -> list[bytes]:
        """What others wrote into files that had lost their name, and is not in the file now."""
        present = frozenset(parsed(self._current.data).lines)
        texts = ["".join(theirs) for _base, theirs, added in self._rescued if not added <= present]
        rescued = [text.encode("utf-8", "surrogateescape") for text in texts]
        return rescued + [data for other in self.displaced if (data := other.changed_data()) is not None]

    def _is_one_kept_open(self) -> bool:
        """Whether somebody may still write into a file that lost its name to ours."""
        since_s = time.monotonic() - OPEN_PATIENCE_S
        return any(other.taken_s > since_s and other.is_being_written() for other in self.displaced)

    def _unseen_write(self) -> tuple[Snapshot | None, bytes]:
        for snapshot in self.displaced:
            data = snapshot.changed_data()
            if data is not None:
                return snapshot, data
        return None, b""

    def _new_data(self, current: bytes, theirs: Snapshot | None, data: bytes) -> bytes:
        """What the file is to hold: our edits, on top of everybody's text.

        ``theirs``, if any, is a file that lost its name and holds ``data`` now. Where nothing else has
        happened since, that is the text to edit; else the two texts are merged.
        """
        if self.ours is None:
            document = self._edited(parsed(current))
        elif theirs is None:
            document = self._repaired(self._parsed(current))
        elif current == self.ours and theirs is self.displaced[-1]:
            document = self._repaired(parsed(data))
        else:
            base, ours, other = (parsed(text).lines for text in (theirs.data, current, data))
            document = self._repaired(Document.parse("".join(merged(base, ours, other))))
        new = document.text.encode("utf-8", "surrogateescape")
        if len(new) > SIZE_LIMIT:
            raise DashboardError(f"{self.path} is full: shorten it to below {SIZE_LIMIT // 1024**2} MB")
        return new

    @property
    def left(self) -> Document:
        """The text as it is now; ``found`` is how it was."""
        return self._parsed(self._current.data)

    def _parsed(self, data: bytes) -> Document:
        """The document in these bytes, which are mostly those of the time before."""
        if data != self._known[0]:
            self._known = data, parsed(data)
        return self._known[1]

    def _edited(self, document: Document) -> Document:
        self.found = self.found or document
        self._before |= set(document.lines)
        everything: list[Edit] = [*self._put_back, *self.edits]
        for edit in everything:
            document = edit(document)
        adding: list[Adding] = [edit for edit in self.edits if isinstance(edit, Adding)]
        # From here on a row that was put back, or was there, is one of ours like those that are new.
        adding += [row.kept.row for row in self._put_back]
        self._expected = [(edit, edit.count(document)) for edit in adding]
        return document

    def _repaired(self, document: Document) -> Document:
        """The document with what a write based on an older text took away again: our edits, and what others
        had written into files without a name."""
        for edit in self.edits:
            if not isinstance(edit, Adding):
                document = self._with_value_again(edit, document)
        present = frozenset(document.lines)
        for base, theirs, added in self._rescued:
            if not added <= present:
                document = Document.parse("".join(merged(base, document.lines, theirs, only_add=True)))
        for edit, expected in self._expected:
            while edit.count(document) < expected:
                document = edit(document)
        return document

    def _with_value_again(self, edit: Edit, document: Document) -> Document:
        changed = edit(document)
        if changed == document:
            return document
        is_stale = set(document.lines) - set(changed.lines) <= self._before
        if not is_stale and self._repairs >= VALUE_REPAIRS:
            return document
        self._repairs += not is_stale
        return changed

    def _put(self, new: bytes, current: Snapshot) -> bool:
        if self._refusals < REFUSALS:
            displaced = put(self.path, new, current)
        else:
            displaced, new = self._insist(new, current)
        if displaced is None:
            self._refusals += 1
            current.close()
            return False
        self._forget_quiet_ones()
        displaced.taken_s = time.monotonic()  # from now on nobody can open it by its name
        self.displaced.append(displaced)
        self.ours = new
        self._whole = new
        return True

    def _forget_quiet_ones(self) -> None:
        """Let go of files that lost their name so long ago that nobody writes into them any more. On a busy machine
        we may be the slow one: what was not looked at yet is not forgotten."""
        quiet = [
            other
            for other in self.displaced
            if time.monotonic() - other.taken_s > FORGOTTEN_AFTER_S
            and not other.is_being_written()
            and not other.has_changed()
        ]
        for other in quiet:
            self.displaced.remove(other)
            other.close()

    def _insist(self, new: bytes, current: Snapshot) -> tuple[Snapshot | None, bytes]:
        """Bring ``new`` into a file that never stands still: as a patch to what it holds this millisecond."""
        patch = Patch(current.data, new)
        latest = take_snapshot(self.path, hasty_like=current.data)
        displaced = None
        try:
            patched = patch.applied_to(latest.data)
            displaced = None if patched is None else put(self.path, patched, latest, insist=True)
        finally:
            (latest if displaced is None else current).close()
        return displaced, patched or b""

    def _wait_for_others(self, until: float, known: bytes) -> None:
        """Wait to the end of the watch, or until something happens to the file or to those it replaced."""
        while time.monotonic() < until or self._is_one_kept_open():
            time.sleep(STEP_S)
            snapshot = take_snapshot(self.path, hasty_like=self._whole)
            snapshot.close()
            if snapshot.data != known or any(other.has_changed() for other in self.displaced):
                return


def parsed(data: bytes) -> Document:
    """The document in these bytes; the template's when there are none."""
    if data.startswith(_UTF16_MARKS):
        raise DashboardError("Dashboard.md is UTF-16 text: save it as UTF-8")
    if not data:
        from aiemp.vault.dashboard_template import dashboard_template  # noqa: PLC0415 - only for a new one

        return Document.parse(dashboard_template())
    return Document.parse(data.decode("utf-8", "surrogateescape"))
