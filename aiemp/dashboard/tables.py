"""GFM pipe tables: found, read, and changed row by row; an untouched row keeps its exact bytes. Pure.

Source: GitHub Flavored Markdown 4.10 "Tables (extension)". A pipe is escaped by an odd number of
backslashes before it, also inside code, as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiemp.dashboard.cells import is_placeholder
from aiemp.dashboard.document import Document, body_of, ending_of, heading_of, words_of
from aiemp.frozen import frozen, replace

_PIPE_OR_ESCAPE = re.compile(r"\\.|\|")
_DELIMITER = re.compile(r"\s*:?-+:?\s*\Z")
_BLOCK_START = re.compile(r"[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]|`{3}|~{3}|<)")


@frozen
class Row:
    """One line of a table: ``raw`` are its cells with their padding, ``line`` the whole line."""

    line: str
    lead: str
    raw: tuple[str, ...]
    tail: str

    @property
    def is_placeholder(self) -> bool:
        return is_placeholder(self.raw)

    def text(self, column: int) -> str:
        """A cell's text without padding; "" when the row is too short."""
        return self.raw[column].strip() if column < len(self.raw) else ""


@frozen
class Table:
    """A table at line ``start`` of a document. ``columns`` are the header's words, lower case."""

    start: int
    header: Row
    delimiter: Row
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(words_of(text) for text in self.header.raw)

    @property
    def end(self) -> int:
        """The line after the last row."""
        return self.start + 2 + len(self.rows)

    def changed(self, row: Row, texts: Mapping[int, str]) -> Row:
        """``row`` with other texts in some columns; the row itself when it has them already.

        ``texts`` are ready for a cell (:func:`aiemp.dashboard.cells.cell`).
        """
        if all(row.text(column) == text for column, text in texts.items()):
            return row
        raw = list(row.raw)
        raw += [" "] * (max(texts) + 1 - len(raw))
        for column, text in texts.items():
            if raw[column].strip() != text:
                raw[column] = self._padded(column, text)
        return parse_row(_as_row(row.lead, "|".join(raw), row.tail))

    def new(self, texts: Mapping[int, str], ending: str) -> Row:
        """A row in the table's own style: padding, alignment, outer pipes, line ending."""
        columns = range(max(len(self.header.raw), max(texts, default=0) + 1))
        raw = "|".join(self._padded(column, texts.get(column, "—")) for column in columns)
        tail = "|" if self.header.tail.startswith("|") else ""
        return parse_row(_as_row(self.header.lead, raw, tail) + ending_of(self.header.line, ending))

    def with_rows(self, document: Document, rows: Iterable[Row]) -> Document:
        """The document with other rows in this table."""
        rows = tuple(rows)
        if rows == self.rows:
            return document
        lines = [self.header.line, self.delimiter.line, *(row.line for row in rows)]
        return document.replace(
            self.start, self.end, _with_endings(lines, ending_of(self.header.line, document.ending))
        )

    def _padded(self, column: int, text: str) -> str:
        if all(raw == raw.strip() for raw in self.header.raw):
            return text
        width = len(self.header.raw[column]) if column < len(self.header.raw) else 0
        aligned = column < len(self.delimiter.raw) and width == len(self.delimiter.raw[column])
        return (f" {text}".ljust(width - 1) if aligned else f" {text}") + " "


@frozen
class Entry:
    """What a row is to show: ``name`` for its key column, and from the row that is there already (None for
    a new one) the texts for other columns. All are ready for a cell."""

    name: str
    texts: Callable[[Row | None], dict[int, str]]


def with_entries(
    document: Document,
    table: Table,
    key_column: int,
    entries: Iterable[Entry],
    find: Callable[[Sequence[str], str], int | None],
) -> Document:
    """The document with these entries in ``table``: changed where ``find`` (names, wanted name) finds
    their row, else added at its end, in place of rows that only say that there is nothing."""
    rows = list(table.rows)
    added: list[Row] = []
    for entry in entries:
        together = [*rows, *added]
        number = find([row.text(key_column) for row in together], entry.name)
        if number is None:
            added.append(table.new({**entry.texts(None), key_column: entry.name}, document.ending))
        elif number < len(rows):
            rows[number] = table.changed(rows[number], entry.texts(rows[number]))
        else:
            number -= len(rows)
            added[number] = table.changed(added[number], entry.texts(added[number]))
    if added:
        rows = [row for row in rows if not row.is_placeholder] + added
    return table.with_rows(document, rows)


def parse_row(line: str) -> Row:
    """Split a line at its unescaped pipes. The outer ones belong to ``lead`` and ``tail``."""
    body = body_of(line)
    content = body.strip(" \t")
    lead = body[: len(body) - len(body.lstrip(" \t"))]
    tail = line[len(lead) + len(content) :]
    pipes = [m.start() for m in _PIPE_OR_ESCAPE.finditer(content) if m[0] == "|"]
    start, end = 0, len(content)
    if pipes and pipes[0] == 0:
        lead, start, pipes = lead + "|", 1, pipes[1:]
    if pipes and pipes[-1] == end - 1:
        tail, end, pipes = "|" + tail, end - 1, pipes[:-1]
    edges = [start, *(position + 1 for position in pipes)]
    ends = [*pipes, end]
    return Row(line, lead, tuple(content[a:b] for a, b in zip(edges, ends, strict=True)), tail)


def tables_in(document: Document, start: int, end: int) -> list[Table]:
    """The tables between two lines of a document, in their order."""
    found = []
    hidden = document.hidden
    number = start
    while number + 1 < end:
        table = None if number in hidden or number + 1 in hidden else _table_at(document, number)
        if table is None:
            number += 1
            continue
        rows = []
        for line in range(number + 2, end):
            if line in hidden or not _continues(document.lines[line]):
                break
            rows.append(parse_row(document.lines[line]))
        table = replace(table, rows=tuple(rows))
        found.append(table)
        number = table.end
    return found


def _table_at(document: Document, number: int) -> Table | None:
    header_line, delimiter_line = document.lines[number : number + 2]
    if "|" not in header_line or "-" not in delimiter_line or not _continues(header_line):
        return None
    delimiter = parse_row(delimiter_line)
    if not all(_DELIMITER.match(text) for text in delimiter.raw):
        return None
    header = parse_row(header_line)
    return Table(number, header, delimiter, ()) if len(header.raw) == len(delimiter.raw) else None


def _continues(line: str) -> bool:
    """Whether a line can be part of a table.

    A line without any pipe is a row by the letter of GFM; it is prose that somebody put there, and is
    better left out of what we take for rows.
    """
    text = line.lstrip(" ")
    if len(line) - len(text) > 3 or heading_of(line) is not None:
        return False
    if not text.startswith("|") and _BLOCK_START.match(line):
        return False
    return any(m[0] == "|" for m in _PIPE_OR_ESCAPE.finditer(text))


def _as_row(lead: str, content: str, tail: str) -> str:
    """One line; with an outer pipe if the first cell would otherwise start a list, a quote or a heading."""
    if not lead.endswith("|"):
        content = content.lstrip(" ")
        if not _continues(lead + content):
            lead += "| "
    return lead + (content if tail.startswith("|") else content.rstrip(" ")) + tail


def _with_endings(lines: Sequence[str], default: str) -> list[str]:
    """A line that was the text's last one may have no ending; each of these gets one."""
    return [line if body_of(line) != line else line + default for line in lines]
