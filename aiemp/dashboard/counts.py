"""The sections of numbers: Queue Summary and Weekly Stats. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from aiemp.dashboard.bullets import Bullet, with_item, with_value
from aiemp.dashboard.cells import cell, inline
from aiemp.dashboard.document import Document
from aiemp.dashboard.layout import QUEUES, WEEKLY, find_list, find_table, with_table
from aiemp.dashboard.names import folder_key, metric_key, readable_folder
from aiemp.dashboard.tables import Row

TEXT_LIMIT = 120
TODAY = "today"
_NUMBER = re.compile(r"-?\d+")


def with_counts(document: Document, counts: Mapping[str, int]) -> Document:
    """The document with these folders' numbers in Queue Summary; other folders are left alone.

    A key names a folder as in ``Needs_Action``, or ``Done (today)`` for a row with that remark.
    """
    if not counts:
        return document
    keys = {folder_key(name) for name in counts}

    def fits(item: Bullet) -> bool:
        return folder_key(item.name) in keys

    if find_list(document, QUEUES, fits):
        for name, count in counts.items():
            items = [item for item in find_list(document, QUEUES, fits) if fits(item)]
            number = _position([item.name for item in items], folder_key(name))
            if number is None:
                document = with_item(document, items[-1], inline(name, TEXT_LIMIT), str(count))
            else:
                document = with_value(document, items[number], _counted(items[number].value, count))
        return document
    document, placed = with_table(document, QUEUES)
    folder, total = placed.column["folder"], placed.column["count"]
    rows = list(placed.table.rows)
    for name, count in counts.items():
        number = _position([row.text(folder) for row in rows], folder_key(name))
        if number is not None:
            texts = {total: _counted(rows[number].text(total), count)}
            rows[number] = placed.table.changed(rows[number], texts)
            continue
        rows = [row for row in rows if not row.is_placeholder]
        slashes = not rows or any(row.text(folder).startswith("/") for row in rows)
        shown = readable_folder(name) if slashes else name
        texts = {folder: cell(shown, TEXT_LIMIT), total: str(count)}
        rows.append(placed.table.new(texts, document.ending))
    return placed.table.with_rows(document, rows)


def with_daily_counters_reset(document: Document) -> Document:
    """The document with 0 in every row of Queue Summary that counts something of today."""

    def fits(item: Bullet) -> bool:
        return _is_daily(item.name)

    for number in range(len(find_list(document, QUEUES, fits))):
        item = find_list(document, QUEUES, fits)[number]
        if fits(item) and _NUMBER.search(item.value):
            document = with_value(document, item, _counted(item.value, 0))
    placed = find_table(document, QUEUES)
    if placed is None:
        return document
    folder, total = placed.column["folder"], placed.column["count"]

    def reset(row: Row) -> Row:
        if not _is_daily(row.text(folder)) or not _NUMBER.search(row.text(total)):
            return row
        return placed.table.changed(row, {total: _counted(row.text(total), 0)})

    return placed.table.with_rows(document, [reset(row) for row in placed.table.rows])


def with_weekly_stats(document: Document, stats: Mapping[str, tuple[str, str]]) -> Document:
    """The document with these metrics (this week, last week) in Weekly Stats; others are left alone."""
    if not stats:
        return document
    document, placed = with_table(document, WEEKLY)
    rows = list(placed.table.rows)
    for name, (this_week, last_week) in stats.items():
        texts = {placed.column["this_week"]: cell(this_week, TEXT_LIMIT)}
        if "last_week" in placed.column:
            texts[placed.column["last_week"]] = cell(last_week, TEXT_LIMIT)
        metric = placed.column["metric"]
        number = _position([row.text(metric) for row in rows], metric_key(name), metric_key)
        if number is not None:
            rows[number] = placed.table.changed(rows[number], texts)
            continue
        rows = [row for row in rows if not row.is_placeholder]
        rows.append(placed.table.new({**texts, metric: cell(name, TEXT_LIMIT)}, document.ending))
    return placed.table.with_rows(document, rows)


def _position(names: Sequence[str], key: object, key_of: Callable[[str], object] = folder_key) -> int | None:
    """The first of ``names`` with that key. A folder without a remark also finds one that has a remark."""
    keys = [key_of(name) for name in names]
    if key in keys:
        return keys.index(key)
    if isinstance(key, tuple) and not key[1]:
        return next(
            (n for n, other in enumerate(keys) if isinstance(other, tuple) and other[0] == key[0]), None
        )
    return None


def _counted(old: str, count: int) -> str:
    """``old`` with its only number replaced, so that its emphasis stays; else the bare number."""
    if len(_NUMBER.findall(old)) != 1 or "|" in old:
        return str(count)
    return _NUMBER.sub(str(count), old)


def _is_daily(name: str) -> bool:
    base, remark = folder_key(name)
    return TODAY in base or TODAY in remark.split()
