"""Where each key of a TOML text stands. Pure.

tomllib says what a text means but not where; this walks the text once more, in the grammar of TOML 1.0, and
notes the line of every table header, key and array element. It takes only text that tomllib has accepted,
so it need not find mistakes, and it runs only when something is to be said about a line.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]
"""``("tasks", "triage", "command", 1)``: names of tables and keys, and indexes into arrays."""

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_STRING = re.compile(
    # The last quotes of a multi-line string may be followed by one or two that belong to its text.
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})|"(?:\\.|[^"\\])*"'''
    r"""|\'\'\'.*?\'\'\'(?:'{0,2})|'[^']*'""",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")


class Positions:
    """The lines (from 1) of the keys of one text."""

    def __init__(self, text: str) -> None:
        self._lines = _Walk(text.replace("\r\n", "\n")).lines()

    def line(self, path: KeyPath) -> int:
        """The line of ``path``, or of the nearest table above it that stands in the text; else 1."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 1

    def paths(self) -> frozenset[KeyPath]:
        """Every path that was found."""
        return frozenset(self._lines)


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._found: dict[KeyPath, int] = {}
        self._last_index: dict[KeyPath, int] = {}  # of each array of tables

    def lines(self) -> dict[KeyPath, int]:
        # Text nested about as deep as tomllib can bear may be too deep here; what was found serves.
        with contextlib.suppress(RecursionError):
            self._document()
        return self._found

    def _document(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            before = self._at
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
            if self._at == before:
                return  # text that tomllib would not have taken

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_array else 1
        *parents, name = self._key()
        self._at += 2 if is_array else 1
        table: KeyPath = ()
        for parent in parents:
            table = self._newest((*table, parent))
            self._found.setdefault(table, line)
        table = (*table, name)
        if is_array:
            self._found.setdefault(table, line)
            self._last_index[table] = self._last_index.get(table, -1) + 1
            table = self._newest(table)
        self._found[table] = line
        return table

    def _newest(self, path: KeyPath) -> KeyPath:
        """A header below an array of tables means the array's newest element."""
        return (*path, self._last_index[path]) if path in self._last_index else path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        for part in self._key():
            table = (*table, part)
            self._found.setdefault(table, line)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(table)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            parts.append(_unquoted(self._skip(_KEY_PART)))
            self._skip(_SPACE)
            if self._next() != ".":
                return parts
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        first = self._next()
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            self._skip(_STRING)
        else:
            self._skip(_BARE_VALUE)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._more_elements("]"):
            self._found[*path, index] = self._line()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        while self._more_elements("}"):
            self._pair(path)

    def _more_elements(self, end: str) -> bool:
        """Step over the opening bracket or comma; False, and past the closing bracket, when it comes."""
        self._skip(_BLANK)
        if self._next() != end:
            self._at += 1
            self._skip(_BLANK)
        if self._next() not in (end, ""):
            return True
        self._at += 1
        return False

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _line(self) -> int:
        return bisect_left(self._line_ends, self._at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()


def _unquoted(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    if part.startswith('"'):
        return str(tomllib.loads(f"key = {part}")["key"])
    return part
