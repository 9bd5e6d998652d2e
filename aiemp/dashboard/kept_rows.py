"""Our rows of the last half hour, so that one that somebody undoes later is put back.

A script that reads Dashboard.md, thinks for a second and writes it back takes away what we added meanwhile, long
after our update has stopped watching; and an update that others kept from being made is not made later by
itself. So each row is noted in a small file, and looked for by the next update, whoever makes it.

A row that its *owner* took away must stay away. What tells the two apart is the rest of the text: one that is
older than our update has the lines again that the update replaced, "Last Updated" above all. Where the update
replaced nothing there is no such sign, and the row is put back once.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiemp.dashboard.document import Document
from aiemp.durable import replace_file
from aiemp.frozen import as_dict, frozen, replace
from aiemp.inside import read_file

if TYPE_CHECKING:
    from aiemp.dashboard.edits import Edit
    from aiemp.dashboard.logs import ActivityRow, ErrorRow

log = logging.getLogger("aiemp.dashboard")

KEPT_S = 1800.0
"""Longer than the orchestrator waits at most between two updates."""

MOST_ROWS = 100
MOST_LINES = 50
LARGEST_BYTES = 1024 * 1024


@frozen
class TheirLine:
    """A line that somebody wrote into a file which had just lost its name to ours, brought into ours since then. A
    script that had read before that undoes it like a row of ours."""

    line: str
    before: str

    def __call__(self, document: Document) -> Document:
        lines = document.lines
        at = lines.index(self.before) + 1 if self.before in lines else len(lines)
        return document.replace(at, at, [self.line])

    def count(self, document: Document) -> int:
        return document.lines.count(self.line)


@frozen
class KeptRow:
    """A row that was added at ``written_s``. ``times``: how often it is to be there. ``replaced``: the lines that
    its update took away. ``is_owed``: the update was not made at all. ``tries``: how often it was put back."""

    row: ActivityRow | ErrorRow | TheirLine
    written_s: float
    times: int = 1
    replaced: tuple[str, ...] = ()
    is_owed: bool = False
    tries: int = 0

    def is_undone(self, document: Document, replaced: frozenset[str]) -> bool:
        """Whether the row is missing in a text that is older than it. ``replaced``: what any of these updates took
        away; the older text may be from before all of them."""
        if self.row.count(document) >= self.times:
            return False
        if self.is_owed:
            return True
        if self.replaced or isinstance(self.row, TheirLine):
            return not replaced.isdisjoint(document.lines)
        return not self.tries


@frozen
class PutBack:
    """The edit that puts a row back where it was undone; any other text stays."""

    kept: KeptRow
    replaced: frozenset[str]

    def __call__(self, document: Document) -> Document:
        return self.kept.row(document) if self.kept.is_undone(document, self.replaced) else document


class KeptRows:
    """The file of a vault's kept rows. Used under the dashboard's lock; it never keeps an update from its work."""

    def __init__(self, path: Path, vault: Path) -> None:
        self.path = path
        self._vault = vault
        self._now_s = time.time()
        self._rows = [row for row in self._read() if 0 <= self._now_s - row.written_s < KEPT_S]
        self._saved = self._rows

    def put_back(self) -> list[PutBack]:
        """The edits that put back what is missing."""
        replaced = frozenset(line for row in self._rows for line in row.replaced)
        return [PutBack(row, replaced) for row in self._rows]

    def note(
        self,
        edits: Sequence[Edit],
        before: Document,
        after: Document,
        rescued: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Keep what was added. ``before``: the text as this update found it; ``after``: as it left it; ``rescued``:
        lines of others that were brought in, each with the one before it. Said again, it holds instead of what
        was said before."""
        known = list(self._rows)
        replaced = frozenset(line for row in known for line in row.replaced)
        kept = []
        for row in known:
            if row.row.count(after) >= row.times:  # else the update took it away, or its owner did
                back = row.is_undone(before, replaced)
                if back:
                    log.info("a row that was undone in Dashboard.md is put back: %s", row.row)
                kept.append(replace(row, tries=row.tries + back, is_owed=False))
        gone = set(before.lines) - set(after.lines)
        gone_lines = tuple(sorted(line for line in gone if line.strip()))[:MOST_ROWS]
        added = [*(TheirLine(*lines) for lines in islice(rescued, MOST_LINES)), *_rows_of(edits)]
        for row_added in added:
            kept = [row for row in kept if row.row != row_added]
            kept.append(KeptRow(row_added, self._now_s, max(1, row_added.count(after)), gone_lines))
        self._save(kept)

    def note_owed(self, edits: Sequence[Edit]) -> None:
        """The update could not be made: its rows are owed."""
        added = _rows_of(edits)
        kept = [row for row in self._rows if row.row not in added]
        self._save([*kept, *(KeptRow(row, self._now_s, is_owed=True) for row in added)])

    def forget(self) -> None:
        """Rows left the dashboard on purpose: put nothing back."""
        self._save([])

    def _read(self) -> list[KeptRow]:
        try:
            data = read_file(self.path, LARGEST_BYTES, self._vault)
            return [_from_json(each) for each in json.loads(data)["rows"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []

    def _save(self, rows: list[KeptRow]) -> None:
        if rows == self._saved:
            return
        content = {"rows": [_as_json(row) for row in rows[-MOST_ROWS:]]}
        try:
            replace_file(self.path, json.dumps(content).encode(), beneath=self._vault)
        except OSError as error:
            log.debug("%s is not written: %s", self.path, error)
        else:
            self._saved = rows


def _rows_of(edits: Iterable[Edit]) -> list[ActivityRow | ErrorRow]:
    from aiemp.dashboard.logs import ActivityRow, ErrorRow  # noqa: PLC0415 - loaded by who made such a row

    return [edit for edit in edits if isinstance(edit, ActivityRow | ErrorRow)]


def _as_json(kept: KeptRow) -> dict[str, Any]:
    row = kept.row
    fields = as_dict(row)
    if not isinstance(row, TheirLine):
        fields["at"] = row.at.isoformat()
    return {
        "row": fields,
        "written": kept.written_s,
        "times": kept.times,
        "replaced": kept.replaced,
        "owed": kept.is_owed,
        "tries": kept.tries,
    }


def _from_json(value: dict[str, Any]) -> KeptRow:
    row = _row_from_json({name: str(text) for name, text in value["row"].items()})
    return KeptRow(
        row,
        float(value["written"]),
        int(value["times"]),
        tuple(str(line) for line in value["replaced"]),
        value["owed"] is True,
        int(value["tries"]),
    )


def _row_from_json(texts: dict[str, str]) -> ActivityRow | ErrorRow | TheirLine:
    from aiemp.dashboard.logs import ActivityRow, ErrorRow  # noqa: PLC0415 - mostly there is nothing to read

    if "line" in texts:
        return TheirLine(**texts)
    at = datetime.fromisoformat(texts.pop("at"))
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return ActivityRow(at, **texts) if "action" in texts else ErrorRow(at, **texts)
