"""A Markdown text as lines that round-trip byte for byte, and its ``##`` sections. Pure.

Only what this program has to recognise is parsed: the rest of the owner's text is carried along untouched.
Line endings stay where they are (CRLF, mixed, none at the end), and so do a byte order mark and bytes that
are not UTF-8 (``surrogateescape``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.dashboard.layout import Placed

BYTE_ORDER_MARK = "\ufeff"
_ENDS = ("\n", "\r")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\r\n]*)")
_RAW_HTML = re.compile(r" {0,3}<(?:script|pre|style|textarea)(?:[\s>]|$)", re.IGNORECASE)
_RAW_HTML_END = re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE)
_APOSTROPHES = str.maketrans(
    "", "", "'’‘`´\udc92\udc91"
)  # the last two: Windows-1252 through surrogateescape
_WORD = re.compile(r"[^\W_]+")


@frozen
class Section:
    """A ``##`` section: its heading's line number and the lines ``start`` to ``end`` (exclusive) below it."""

    title: str
    heading: int
    start: int
    end: int

    @property
    def key(self) -> str:
        """The title as it is compared: no case, emoji, punctuation, or remark in brackets."""
        return words_of(self.title.split("(", 1)[0]) or words_of(self.title)


@frozen
class Document:
    """The lines of a text, each with its own ending."""

    lines: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Document:
        """Split at LF, CRLF and CR alone, as CommonMark does (2.1 "line ending")."""
        return cls(tuple(_LINE.findall(text)))

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @cached_property
    def ending(self) -> str:
        """The ending that most lines have; LF when there is none."""
        crlf = sum(line.endswith("\r\n") for line in self.lines)
        return "\r\n" if crlf * 2 > len(self.lines) else "\n"

    def replace(self, start: int, end: int, new: Iterable[str]) -> Document:
        """The document with ``new`` lines in place of the lines ``start`` to ``end`` (exclusive).

        A text whose last line has no ending keeps that habit, whatever line is its last now.
        """
        lines = [*self.lines[:start]]
        for line in (*new, *self.lines[end : end + 1]):
            if lines and lines[-1].endswith("\r") and line.startswith("\n"):
                lines[-1] += "\n"  # else the two would be read as one CRLF, and an empty line be gone
            lines.append(line)
        lines += self.lines[end + 1 :]
        if not self.lines or self.lines[-1].endswith(_ENDS) or not lines:
            return Document(tuple(lines))
        ending = self.ending
        fixed = [line if line.endswith(_ENDS) else line + ending for line in lines[:-1]]
        return Document((*fixed, body_of(lines[-1])))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The ``##`` sections outside of code, comments and frontmatter, in their order."""
        headings = [
            (number, *found)
            for number in self._marked
            if number not in self.hidden
            and (found := heading_of(self.lines[number])) is not None
            and found[0] <= 2
        ]
        ends = [number for number, _level, _title in headings[1:]] + [len(self.lines)]
        return tuple(
            Section(title, number, number + 1, end)
            for (number, level, title), end in zip(headings, ends, strict=False)
            if level == 2
        )

    @cached_property
    def found_tables(self) -> dict[str, Placed | None]:
        """What :func:`aiemp.dashboard.layout.find_table` has found, by the section's title: each row that may have
        to be put back asks for the same table of the same text."""
        return {}

    def frontmatter(self) -> range:
        """The lines between the two ``---`` of YAML frontmatter; empty when there is none."""
        if self.lines and body_of(self.lines[0]).lstrip(BYTE_ORDER_MARK).rstrip() == "---":
            for number in range(1, len(self.lines)):
                if body_of(self.lines[number]).rstrip() in ("---", "..."):
                    return range(1, number)
        return range(0)

    @cached_property
    def hidden(self) -> frozenset[int]:
        """The numbers of the lines that lie in frontmatter, a code fence, raw HTML or a comment.

        Something opened and never closed hides nothing: it is mostly an editor in the middle of a word, and
        hiding the whole rest would make us add every section a second time.
        """
        frontmatter = self.frontmatter()
        start = frontmatter.stop + 1 if frontmatter else 0
        hidden = set(range(start))
        for first, last in _hidden_blocks(self.lines, [n for n in self._marked if n >= start]):
            hidden.update(range(first, last + 1))
        return frozenset(hidden)

    @cached_property
    def _marked(self) -> list[int]:
        """The lines that may be a heading or open a hidden block: most lines need no closer look."""
        marks = "#`~<%" + BYTE_ORDER_MARK
        return [number for number, line in enumerate(self.lines) if line.lstrip(" ")[:1] in marks and line]


def body_of(line: str) -> str:
    """A line without its ending."""
    return line.rstrip("\r\n")


def ending_of(line: str, default: str) -> str:
    """A line's own ending, or ``default`` when it has none."""
    return line[len(body_of(line)) :] or default


def words_of(text: str) -> str:
    """The words of ``text`` in lower case, one space between them; "" when it has none."""
    return " ".join(_WORD.findall(text.translate(_APOSTROPHES).casefold()))


def heading_of(line: str) -> tuple[int, str] | None:
    """Level and title of an ATX heading (CommonMark 4.2); None for any other line."""
    body = body_of(line).removeprefix(BYTE_ORDER_MARK)
    text = body.lstrip(" ")
    if len(body) - len(text) > 3 or not text.startswith("#"):
        return None
    level = len(text) - len(text.lstrip("#"))
    if level > 6 or (len(text) > level and text[level] not in " \t"):
        return None
    title = text[level:].strip()
    open_title = title.rstrip("#")
    if open_title != title and (not open_title or open_title[-1] in " \t"):
        title = open_title.rstrip()
    return level, title


def _hidden_blocks(lines: tuple[str, ...], candidates: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last line of each block whose content is no Markdown. Linear: a search that failed for one
    kind of block is not made again for another of that kind."""
    hopeless: set[str] = set()
    behind = 0
    for number in candidates:
        kind = _opened(lines[number]) if number >= behind else ""
        if not kind or kind in hopeless:
            continue
        last = _closing_line(lines, number, kind)
        if last is None:
            hopeless.add(kind)
        else:
            behind = last + 1
            yield number, last


def _opened(line: str) -> str:
    """What kind of hidden block this line opens: a fence's own characters, or a name; "" for none."""
    fence = _FENCE.match(line)
    if fence is not None:
        mark, info = fence.groups()
        return "" if mark[0] == "`" and "`" in info else mark
    text = line.lstrip(" ")
    if len(line) - len(text) > 3:
        return ""
    if text.startswith("<!--"):
        return "comment"
    if text.startswith("%%"):
        return "obsidian"
    return "html" if _RAW_HTML.match(line) else ""


def _closing_line(lines: tuple[str, ...], first: int, kind: str) -> int | None:
    for number in range(first, len(lines)):
        line = lines[number]
        if number == first:
            if kind[0] in "`~":
                continue
            line = line.lstrip(" ")[2:]  # behind the opening %% or <!
        if _closes(line, kind):
            return number
    return None


def _closes(line: str, kind: str) -> bool:
    if kind == "comment":
        return "-->" in line
    if kind == "obsidian":
        return "%%" in line
    if kind == "html":
        return _RAW_HTML_END.search(line) is not None
    text = line.rstrip()
    mark = text.lstrip(" ")
    return len(text) - len(mark) <= 3 and len(mark) >= len(kind) and not mark.strip(kind[0]) and bool(mark)
