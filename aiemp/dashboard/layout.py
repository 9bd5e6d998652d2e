"""The sections of a dashboard that are edited: how they are recognised, and how one is added. Pure.

Source: vault-facts "Dashboard.md, the commonest form"; semantics "Dashboard.md belongs to its owner".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aiemp.dashboard.document import Document, Section, body_of
from aiemp.dashboard.tables import Table, tables_in
from aiemp.dashboard.timestamps import written_like
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.dashboard.bullets import Bullet

ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""Written like two samples, it reads alike where these have one form."""


@frozen
class Column:
    """A column: what it holds, its title in our own table, and the titles that others give it."""

    field: str
    title: str
    titles: frozenset[str]
    required: bool = False


@frozen
class SectionKind:
    """A section that is edited. ``names`` are its headings; one of ``other_names`` is taken for it only
    when it holds content that fits."""

    title: str
    names: tuple[str, ...]
    other_names: tuple[str, ...]
    columns: tuple[Column, ...]


@frozen
class Placed:
    """A table, and the column in which it keeps each field (only those that it has)."""

    table: Table
    column: dict[str, int]

    @cached_property
    def time_samples(self) -> tuple[str, ...]:
        """The forms in which its rows have their times: of each form one that is there."""
        texts = [row.text(self.column["time"]) for row in self.table.rows]
        forms = {form: text for text in texts if (form := written_like(text, ANY_MOMENT)) is not None}
        return tuple(forms.values())

    @cached_property
    def times(self) -> dict[tuple[str, ...], Counter[str]]:
        """The times of its rows, by what these say in :attr:`other_columns`."""
        times: dict[tuple[str, ...], Counter[str]] = {}
        for row in self.table.rows:
            key = tuple(row.text(column) for column in self.other_columns)
            times.setdefault(key, Counter())[row.text(self.column["time"])] += 1
        return times

    @property
    def other_columns(self) -> list[int]:
        """The columns of all fields but the time."""
        return [column for field, column in self.column.items() if field != "time"]


def _column(title: str, *others: str, required: bool = False) -> Column:
    field = title.lower().replace(" ", "_")
    return Column(field, title, frozenset({title.lower(), *others}), required)


HEALTH = SectionKind(
    "System Health",
    ("system health", "health"),
    ("system status", "status", "component status", "services", "current services", "watchers"),
    (
        _column("Component", "service", "system", "name", "watcher", "process", "module", required=True),
        _column("Status", "state", "health", required=True),
        _column(
            "Last Check", "last checked", "checked", "last seen", "last update", "last updated", "updated"
        ),
    ),
)
ACTIVITY = SectionKind(
    "Today's Activity Log",
    ("todays activity log", "activity log", "todays activity"),
    ("recent activity", "activity"),
    (
        _column("Time", "timestamp", "date", "date time", "when", required=True),
        _column("Action", "event", "activity", "task", required=True),
        _column("Details", "detail", "description", "summary"),
        _column("Result", "status", "outcome"),
    ),
)
QUEUES = SectionKind(
    "Queue Summary",
    ("queue summary", "queues"),
    ("folder summary", "queue status"),
    (
        _column("Folder", "queue", "name", required=True),
        _column("Count", "items", "files", "total", required=True),
    ),
)
WEEKLY = SectionKind(
    "Weekly Stats",
    ("weekly stats", "weekly statistics"),
    ("stats", "statistics", "this week"),
    (
        _column("Metric", "stat", "measure", required=True),
        _column("This Week", "current", "current week", required=True),
        _column("Last Week", "previous", "previous week"),
    ),
)
ERRORS = SectionKind(
    "Recent Errors",
    ("recent errors",),
    ("errors", "error log"),
    (
        _column("Time", "timestamp", "date", "date time", "when", required=True),
        _column("Component", "source", "service", "watcher"),
        _column("Error", "message", "problem", "issue", required=True),
        _column("Resolution", "fix", "action", "status"),
    ),
)


def sections_of(document: Document, kind: SectionKind) -> Iterator[Section]:
    """The sections that may be of this kind: first those with its own names, then those with others."""
    sections = document.sections
    for name in (*kind.names, *kind.other_names):
        yield from (section for section in sections if section.key == name)


def find_table(document: Document, kind: SectionKind) -> Placed | None:
    """The first table, in the likeliest section, that has the columns which this kind needs."""
    known = document.found_tables
    if kind.title not in known:
        found = (table_of(document, section, kind) for section in sections_of(document, kind))
        known[kind.title] = next((placed for placed in found if placed is not None), None)
    return known[kind.title]


def table_of(document: Document, section: Section, kind: SectionKind) -> Placed | None:
    """The first table of one section that has the columns which this kind needs."""
    for table in tables_in(document, section.start, section.end):
        column = _columns_of(table, kind)
        if column is not None:
            return Placed(table, column)
    return None


def find_list(document: Document, kind: SectionKind, fits: Callable[[Bullet], bool]) -> tuple[Bullet, ...]:
    """The list that stands where this kind's table would: its items, if one of them fits; else ().

    A section with a table that fits has no such list, nor have the sections behind it.
    """
    from aiemp.dashboard.bullets import bullets_in  # noqa: PLC0415 - a run's row never goes into a list

    for section in sections_of(document, kind):
        if table_of(document, section, kind) is not None:
            break
        items = bullets_in(document, section)
        if any(fits(item) for item in items):
            return tuple(items)
    return ()


def with_table(document: Document, kind: SectionKind) -> tuple[Document, Placed]:
    """The document, with this kind's table in it, and that table.

    A missing section is added at the end; one without a table that fits gets ours behind its own text.
    """
    found = find_table(document, kind)
    if found is None:
        document = _with_new_table(document, kind)
        found = find_table(document, kind)
        assert found is not None  # it was just put where find_table looks first
    return document, found


def _columns_of(table: Table, kind: SectionKind) -> dict[str, int] | None:
    titles = table.columns
    column: dict[str, int] = {}
    for wanted in kind.columns:
        for number, title in enumerate(titles):
            if title in wanted.titles and number not in column.values():
                column[wanted.field] = number
                break
        else:
            if wanted.required:
                return None
    return column


def _with_new_table(document: Document, kind: SectionKind) -> Document:
    ending = document.ending
    titles = [column.title for column in kind.columns]
    table = [
        "| " + " | ".join(titles) + " |" + ending,
        "|" + "|".join("-" * (len(title) + 2) for title in titles) + "|" + ending,
    ]
    section = next((s for s in document.sections if s.key in kind.names), None)
    if section is None:
        at = len(document.lines)
        gap = [ending] if at and body_of(document.lines[-1]).strip() else []
        return document.replace(at, at, [*gap, f"## {kind.title}{ending}", ending, *table])
    at = _end_of_text(document, section)
    after = [ending] if at < section.end and body_of(document.lines[at]).strip() else []
    return document.replace(at, at, [ending, *table, *after])


def _end_of_text(document: Document, section: Section) -> int:
    """The line behind a section's last text; blank lines and a closing ``---`` stay behind our table."""
    end = section.end
    while end > section.start:
        text = body_of(document.lines[end - 1]).strip()
        blank_before = end - 1 == section.start or not body_of(document.lines[end - 2]).strip()
        if text and not (text in ("---", "***", "___") and blank_before):
            break
        end -= 1
    return end
