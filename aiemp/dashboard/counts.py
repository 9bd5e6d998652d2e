"""The sections of numbers: Queue Summary and Weekly Stats. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aiemp.dashboard.bullets import Bullet, item_name, with_item, with_value
from aiemp.dashboard.cells import cell
from aiemp.dashboard.document import Document
from aiemp.dashboard.layout import QUEUES, WEEKLY, find_list, find_table, with_table
from aiemp.dashboard.names import folder_key, metric_key, readable_folder
from aiemp.dashboard.tables import Entry, Row, with_entries

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
            number = _folder_position([item.name for item in items], name)
            if number is not None:
                document = with_value(document, items[number], _counted(items[number].value, count))
            elif item_name(name):
                document = with_item(document, items[-1], item_name(name), str(count))
        return document
    document, placed = with_table(document, QUEUES)
    folder, total = placed.column["folder"], placed.column["count"]
    names = [row.text(folder) for row in placed.table.rows if not row.is_placeholder]
    slashes = not names or any(name.startswith("/") for name in names)

    def entry(name: str, count: int) -> Entry:
        shown = cell(readable_folder(name) if slashes else name, TEXT_LIMIT)
        return Entry(shown, lambda row: {total: _counted(row.text(total) if row else "", count)})

    entries = [entry(name, count) for name, count in counts.items()]
    return with_entries(document, placed.table, folder, entries, _folder_position)


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
    this_column, last_column = placed.column["this_week"], placed.column.get("last_week")

    def entry(name: str, this_week: str, last_week: str) -> Entry:
        texts = {this_column: cell(this_week, TEXT_LIMIT)}
        if last_column is not None:
            texts[last_column] = cell(last_week, TEXT_LIMIT)
        return Entry(cell(name, TEXT_LIMIT), lambda _row: texts)

    entries = [entry(name, *values) for name, values in stats.items()]
    return with_entries(document, placed.table, placed.column["metric"], entries, _metric_position)


def _metric_position(names: Sequence[str], wanted: str) -> int | None:
    key = metric_key(wanted)
    return next((number for number, name in enumerate(names) if metric_key(name) == key), None)


def _folder_position(names: Sequence[str], wanted: str) -> int | None:
    """A folder without a remark also finds a row that has one, when no other row is its own."""
    keys = [folder_key(name) for name in names]
    key = folder_key(wanted)
    if key in keys:
        return keys.index(key)
    return next((n for n, (base, _remark) in enumerate(keys) if not key[1] and base == key[0]), None)


def _counted(old: str, count: int) -> str:
    """``old`` with its only number replaced, so that its emphasis stays; else the bare number."""
    if len(_NUMBER.findall(old)) != 1 or "|" in old:
        return str(count)
    return _NUMBER.sub(str(count), old)


def _is_daily(name: str) -> bool:
    base, remark = folder_key(name)
    return TODAY in base or TODAY in remark.split()
