"""System Health: one row, or one list item, for each component. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiemp.dashboard.bullets import Bullet, tail_with_time, with_item, with_value
from aiemp.dashboard.cells import cell, inline
from aiemp.dashboard.document import Document
from aiemp.dashboard.layout import HEALTH, find_list, with_table
from aiemp.dashboard.names import component_key, looks_like_component, readable_component
from aiemp.dashboard.tables import Row
from aiemp.dashboard.timestamps import DATE_AND_SECONDS, find_stamp, written_like

TEXT_LIMIT = 120


@dataclass(frozen=True, slots=True)
class HealthRow:
    """How one component is: its name in whatever spelling, and the text to show."""

    component: str
    status: str


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
    key = component_key(row.component)
    status = inline(row.status, TEXT_LIMIT)
    item = next((item for item in items if component_key(item.name) == key), None)
    if item is None:
        return with_item(document, items[-1], inline(readable_component(row.component), TEXT_LIMIT), status)
    tail = "" if find_stamp(status) else tail_with_time(item.value)
    stamp = find_stamp(tail)
    if stamp is not None:
        tail = " " + tail[: stamp.start()] + (written_like(stamp[0], at) or "") + tail[stamp.end() :]
    return with_value(document, item, status + tail)


def _with_rows(document: Document, health: Sequence[HealthRow], at: datetime) -> Document:
    document, placed = with_table(document, HEALTH)
    component, status = placed.column["component"], placed.column["status"]
    checked = placed.column.get("last_check")
    rows = list(placed.table.rows)
    for wanted in health:
        key = component_key(cell(wanted.component, TEXT_LIMIT))
        texts = {status: cell(wanted.status, TEXT_LIMIT)}
        number = next((n for n, row in enumerate(rows) if component_key(row.text(component)) == key), None)
        if checked is not None:
            first = rows[number : number + 1] if number is not None else []
            texts[checked] = _time_cell([*first, *rows], checked, at)
        if number is not None:
            rows[number] = placed.table.changed(rows[number], texts)
            continue
        texts[component] = cell(readable_component(wanted.component), TEXT_LIMIT)
        rows = [row for row in rows if not row.is_placeholder]
        rows.append(placed.table.new(texts, document.ending))
    return placed.table.with_rows(document, rows)


def _time_cell(rows: Sequence[Row], column: int, at: datetime) -> str:
    """``at`` in the form that the first of these rows with a readable time has."""
    written = (text for row in rows if (text := written_like(row.text(column), at)) is not None)
    return next(written, None) or written_like(DATE_AND_SECONDS, at) or ""
