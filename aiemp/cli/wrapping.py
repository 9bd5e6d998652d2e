"""Text in lines that fit a screen, its command lines whole: they are there to be pasted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aiemp.cli.table import cells_of, split_at

# What the command lines of our remedies begin with.
_PROGRAM = re.compile(
    r"`?(?:aiemp|cd|chgrp|chmod|chown|crontab|curl|diff|du|export|journalctl|kill|loginctl|ls|mkdir|mv|npm|pm2|rm|sudo"
    r"|systemctl|unset)|(?:~?/).*"
)
# A quoted part belongs to its word; an apostrophe within a word quotes nothing.
_WORD = re.compile(r"""(?:(?<!\w)'[^']*'|(?<!\w)"[^"]*"|\S)+""")


def wrapped(text: str, width: int | None, indent: str = "", further: str | None = None) -> list[str]:
    """``text`` in lines of at most ``width`` cells (None: any), the first behind ``indent``, the others behind
    ``further``. A command line, or a word, that is longer is not broken: the terminal goes on in its next row, and
    what is copied from there is one line again."""
    further = indent if further is None else further
    if width is None:
        return [indent + text]
    lines, line, is_empty = [], indent, True
    for piece in _pieces(text, max(width - cells_of(further), 1)):
        if not is_empty and cells_of(line) + 1 + cells_of(piece) > width:
            lines.append(line)
            line, is_empty = further, True
        line += piece if is_empty else f" {piece}"
        is_empty = False
    return [*lines, line]


def _pieces(text: str, room: int) -> Iterator[str]:
    """What may stand in one line each: words, and whole command lines."""
    for piece in _with_commands_whole(match[0] for match in _WORD.finditer(text)):
        if piece.isascii() or cells_of(piece) <= room:
            yield piece
        else:  # a script without blanks, as Chinese and Japanese are written
            yield from split_at(piece, room)


def _with_commands_whole(words: Iterable[str]) -> Iterator[str]:
    command: list[str] = []
    may_begin = True
    for word in words:
        if command or (may_begin and _PROGRAM.fullmatch(word)):
            command.append(word)
            if not word.endswith((";", ",", "`")):
                continue
            word, command = " ".join(command), []  # noqa: PLW2901 - what is one piece
        may_begin = word.endswith((":", ";", ","))
        yield word
    if command:
        yield " ".join(command)
