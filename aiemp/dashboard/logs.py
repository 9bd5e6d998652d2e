"""The two sections that are logs: Today's Activity Log and Recent Errors. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from aiemp.dashboard.cells import cell, plain
from aiemp.dashboard.document import Document
from aiemp.dashboard.layout import ACTIVITY, ERRORS, Placed, find_table, with_table
from aiemp.dashboard.order import is_newest_first
from aiemp.dashboard.tables import Row
from aiemp.dashboard.timestamps import DATE_AND_MINUTES, MINUTES, parse_stamp, written_like
from aiemp.frozen import frozen

DETAILS_LIMIT = 80  # vault-facts: "Details (80 chars)"
NAME_LIMIT = 80
TEXT_LIMIT = 300
ERRORS_KEPT = timedelta(days=7)  # vault-facts: "rows older than 7 days drop"


@frozen
class ActivityRow:
    """The edit that adds one row to Today's Activity Log. Applied twice, it adds two.

    :meth:`count` is how the writer finds out whether the row survived somebody else's write.
    """

    at: datetime
    action: str
    details: str
    result: str

    def __call__(self, document: Document) -> Document:
        document, placed = with_table(document, ACTIVITY)
        time = {placed.column["time"]: _time_cell(placed, self.at, MINUTES)}
        texts = time | self._texts(placed)
        return _with_new_row(document, placed, placed.table.rows, texts, self.at)

    def count(self, document: Document) -> int:
        """How many rows of the log say exactly this, whatever form their time has."""
        placed = find_table(document, ACTIVITY)
        if placed is None:
            return 0
        texts = self._texts(placed)
        times = placed.times.get(tuple(texts[column] for column in placed.other_columns))
        written = {written_like(sample, self.at) for sample in placed.time_samples}
        return sum(times[text] for text in written if text is not None) if times else 0

    def _texts(self, placed: Placed) -> dict[int, str]:
        """What it says in each column but that of the time."""
        details = cell(self.details, DETAILS_LIMIT)
        action = cell(self.action, NAME_LIMIT)
        if "details" not in placed.column and details:
            action = f"{action}: {details}"
        texts = {"action": action, "details": details, "result": cell(self.result, NAME_LIMIT)}
        return {placed.column[field]: text for field, text in texts.items() if field in placed.column}


@frozen
class ErrorRow:
    """The edit that shows an error under Recent Errors, once, and drops what is older than 7 days.

    A row of the same component and error gets the new time, and the resolution if there is one. A row whose
    time cannot be read stays.
    """

    at: datetime
    component: str
    error: str
    resolution: str

    def __call__(self, document: Document) -> Document:
        from aiemp.dashboard.names import readable_component  # noqa: PLC0415 - errors are rare

        document, placed = with_table(document, ERRORS)
        column = placed.column
        texts = {
            "time": _time_cell(placed, self.at, DATE_AND_MINUTES),
            "component": cell(readable_component(self.component), NAME_LIMIT),
            "error": cell(self.error, TEXT_LIMIT),
            "resolution": cell(self.resolution, TEXT_LIMIT),
        }
        rows = [row for row in placed.table.rows if not _is_older(row, column["time"], self.at)]
        same = next((n for n, row in enumerate(rows) if self._is_shown_by(row, column)), None)
        if same is None:
            values = {column[field]: text for field, text in texts.items() if field in column}
            return _with_new_row(document, placed, rows, values, self.at)
        fields = ("time", "resolution") if self.resolution else ("time",)
        values = {column[field]: texts[field] for field in fields if field in column}
        rows[same] = placed.table.changed(rows[same], values)
        return placed.table.with_rows(document, rows)

    def count(self, document: Document) -> int:
        """1 when this error is shown, else 0."""
        placed = find_table(document, ERRORS)
        return int(placed is not None and any(self._is_shown_by(r, placed.column) for r in placed.table.rows))

    def _is_shown_by(self, row: Row, column: dict[str, int]) -> bool:
        return _is_same_error(row, column, self.component, self.error)


def with_resolution(document: Document, component: str, error: str, resolution: str) -> Document:
    """The document with a resolution for this error, if it is there."""
    placed = find_table(document, ERRORS)
    if placed is None or "resolution" not in placed.column:
        return document
    text = {placed.column["resolution"]: cell(resolution, TEXT_LIMIT)}
    rows = [
        placed.table.changed(row, text) if _is_same_error(row, placed.column, component, error) else row
        for row in placed.table.rows
    ]
    return placed.table.with_rows(document, rows)


def without_error(document: Document, component: str, error: str) -> Document:
    """The document without the row of this error."""
    placed = find_table(document, ERRORS)
    if placed is None:
        return document
    rows = [row for row in placed.table.rows if not _is_same_error(row, placed.column, component, error)]
    if len(rows) == len(placed.table.rows):
        return document
    return placed.table.with_rows(document, rows or [placed.table.new({}, document.ending)])


def activity_rows(document: Document, now: datetime) -> tuple[Row, ...]:
    """The rows of the activity log, the oldest first, without placeholders."""
    placed = find_table(document, ACTIVITY)
    return () if placed is None else _oldest_first(placed, now)


def _oldest_first(placed: Placed, now: datetime) -> tuple[Row, ...]:
    rows = tuple(row for row in placed.table.rows if not row.is_placeholder)
    times = [row.text(placed.column["time"]) for row in rows]
    return rows[::-1] if is_newest_first(times, now) else rows


def without_activity(document: Document, archived: Sequence[str], keep: int, now: datetime) -> Document:
    """The document without those rows of the activity log (by their text, see :func:`row_text`) that are
    ``archived``, taking away the oldest ones while more than ``keep`` are left."""
    placed = find_table(document, ACTIVITY)
    if placed is None:
        return document
    rows = _oldest_first(placed, now)
    removable = Counter(archived)
    removed: set[int] = set()
    for row in rows:
        if len(rows) - len(removed) <= keep:
            break
        if removable[row_text(row)] > 0:
            removable[row_text(row)] -= 1
            removed.add(id(row))
    if not removed:
        return document
    left = [row for row in placed.table.rows if id(row) not in removed]
    return placed.table.with_rows(document, left or [placed.table.new({}, document.ending)])


def row_text(row: Row) -> str:
    """What makes two rows the same, whatever their padding."""
    return "|".join(text.strip() for text in row.raw)


def row_values(document: Document, rows: Iterable[Row]) -> list[dict[str, str]]:
    """Rows of the activity log as they are archived: column name (lower case, ``_``) to plain text."""
    placed = find_table(document, ACTIVITY)
    if placed is None:
        return []
    names = {number: field for field, number in placed.column.items()}
    fields = [
        names.get(number, title.replace(" ", "_") or f"column_{number + 1}")
        for number, title in enumerate(placed.table.columns)
    ]
    return [{field: plain(row.text(number)) for number, field in enumerate(fields)} for row in rows]


def _with_new_row(
    document: Document, placed: Placed, rows: Sequence[Row], texts: dict[int, str], at: datetime
) -> Document:
    rows = [row for row in rows if not row.is_placeholder]
    row = placed.table.new(texts, document.ending)
    times = [other.text(placed.column["time"]) for other in rows]
    rows.insert(0 if is_newest_first(times, at) else len(rows), row)
    return placed.table.with_rows(document, rows)


def _time_cell(placed: Placed, at: datetime, default: str) -> str:
    """``at`` in the form that the log's times have, the most exact one; else in the form ``default``."""
    written = [text for sample in placed.time_samples if (text := written_like(sample, at)) is not None]
    return max(written, key=len) if written else written_like(default, at) or ""


def _is_older(row: Row, time_column: int, at: datetime) -> bool:
    stamp = parse_stamp(row.text(time_column), at.tzinfo or UTC)
    return stamp is not None and at - stamp > ERRORS_KEPT


def _is_same_error(row: Row, column: dict[str, int], component: str, error: str) -> bool:
    if row.text(column["error"]) != cell(error, TEXT_LIMIT):
        return False
    if "component" not in column:
        return True
    from aiemp.dashboard.names import component_key, readable_component  # noqa: PLC0415 - errors are rare

    return component_key(row.text(column["component"])) == component_key(
        cell(readable_component(component), NAME_LIMIT)
    )
