"""System Health: one row, or one list item, for each component. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiemp.dashboard.bullets import Bullet, item_name, tail_with_time, with_item, with_value
from aiemp.dashboard.cells import cell, inline
from aiemp.dashboard.document import Document
from aiemp.dashboard.layout import HEALTH, find_list, with_table
from aiemp.dashboard.names import component_key, looks_like_component, readable_component
from aiemp.dashboard.rows import HealthRow
from aiemp.dashboard.tables import Entry, Row, with_entries
from aiemp.dashboard.timestamps import DATE_AND_SECONDS, find_stamp, written_like

TEXT_LIMIT = 120


def with_health(document: Document, rows: Sequence[HealthRow], at: datetime) -> Document:
    """The document with these components' rows under System Health, and their "Last Check" set to ``at``.

    A list of ``- Name: status`` stays a list. Other components' rows are left alone.
    """
    if not rows:
        return document
    keys = {component_key(row.component) for row in rows}

    def fits(item: Bullet) -> bool:
        return looks_like_component(item.name) or component_key(item.name) in keys

    if find_list(document, HEALTH, fits):
        for row in rows:
            items = find_list(document, HEALTH, fits)
            document = _with_item(document, [item for item in items if fits(item)], row, at)
        return document
    return _with_rows(document, rows, at)


def _with_item(document: Document, items: Sequence[Bullet], row: HealthRow, at: datetime) -> Document:
    name = item_name(readable_component(row.component))
    status = inline(row.status, TEXT_LIMIT)
    number = _position([item.name for item in items], name)
    if number is None:
        return with_item(document, items[-1], name, status) if name else document
    tail = "" if find_stamp(status) else tail_with_time(items[number].value)
    stamp = find_stamp(tail)
    if stamp is not None:
        checked = written_like(stamp[0], row.checked or at) or ""
        tail = " " + tail[: stamp.start()] + checked + tail[stamp.end() :]
    return with_value(document, items[number], (status + tail).strip())


def _with_rows(document: Document, rows: Sequence[HealthRow], at: datetime) -> Document:
    document, placed = with_table(document, HEALTH)
    checked = placed.column.get("last_check")

    def entry(wanted: HealthRow) -> Entry:
        def texts(row: Row | None) -> dict[int, str]:
            status = {placed.column["status"]: cell(wanted.status, TEXT_LIMIT)}
            if checked is None:
                return status
            likely = [row, *placed.table.rows] if row is not None else placed.table.rows
            return {**status, checked: _time_cell(likely, checked, wanted.checked or at)}

        return Entry(cell(readable_component(wanted.component), TEXT_LIMIT), texts)

    entries = [entry(row) for row in rows]
    return with_entries(document, placed.table, placed.column["component"], entries, _position)


def _position(names: Sequence[str], wanted: str) -> int | None:
    key = component_key(wanted)
    return next((number for number, name in enumerate(names) if component_key(name) == key), None)


def _time_cell(rows: Sequence[Row], column: int, at: datetime) -> str:
    """``at`` in the form that the first of these rows with a readable time has."""
    written = (text for row in rows if (text := written_like(row.text(column), at)) is not None)
    return next(written, None) or written_like(DATE_AND_SECONDS, at) or ""
