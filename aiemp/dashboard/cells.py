"""Text as it may stand in a table cell, and a cell's text as it is compared. Pure.

What comes in was partly written by strangers (a mail's subject, a file's name), and Obsidian renders what
stands here: nothing of it may end the cell, start HTML or a comment, load a remote image, or be taken for a
Dataview or Templater command.
"""

from __future__ import annotations

import re

DASHES = frozenset("—–-\udc97\udc96")  # em, en, hyphen; the last two: Windows-1252 through surrogateescape
_BREAKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_MARKERS = (
    (re.compile(r"<(?=[A-Za-z/!?%])"), "&lt;"),
    (re.compile(r"-->"), "--&gt;"),
    (re.compile(r"(?<=%)%"), "&#37;"),
    (re.compile(r"!(?=\[)"), r"!\\"),
    (re.compile(r"`(?=\s*\$?=)"), "&#96;"),
)
_PIPE = re.compile(r"(\\*)(\||$)")
_WIKI_LINK = r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]"
_LINK = r"\[([^\[\]]*)\]\([^()]*\)"
"""A run writes a row and compares none: these are compiled by who does."""


def inline(text: str, limit: int) -> str:
    """``text`` on one line, harmless in Obsidian, cut to ``limit`` characters with an ellipsis."""
    text = _SURROGATES.sub("\ufffd", text[: limit * 20])
    text = _INVISIBLE.sub("", _BREAKS.sub(" ", text)).strip()
    text = _cut(text, limit)
    for marker, harmless in _MARKERS:
        text = marker.sub(harmless, text)
    return text


def cell(text: str, limit: int) -> str:
    """``text`` as the content of a table cell: :func:`inline`, with its pipes escaped (GFM "Tables").

    Backslashes before a pipe, or at the end, are doubled: a single one would escape the pipe that follows.
    """
    return _PIPE.sub(lambda m: m[1] * 2 + ("\\|" if m[2] else ""), inline(text, limit))


def plain(cell_text: str) -> str:
    """A cell's text without its escapes and link syntax, for comparing and archiving."""
    text = cell_text.strip().replace("\\|", "|")
    return re.sub(_LINK, r"\1", re.sub(_WIKI_LINK, r"\1", text))


def is_placeholder(cells: tuple[str, ...]) -> bool:
    """Whether a row only says that there is nothing: a dash, or nothing at all, in each cell."""
    texts = [text.strip() for text in cells]
    return all(len(text) <= 2 and not set(text) - DASHES for text in texts)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    link = kept.rfind("[[")
    if link > 0 and "]]" not in kept[link:]:
        kept = kept[:link]  # half a wiki link would be no link, and unreadable
    return kept.rstrip() + "…"
