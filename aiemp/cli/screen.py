"""What a text is shown on: how wide it is, and whether it has colours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from aiemp.escaping import escaped
from aiemp.frozen import frozen

STYLES = {"good": "32", "bad": "31", "warn": "33", "faint": "2", "strong": "1"}
NARROWEST = 20
USUAL_WIDTH, USUAL_HEIGHT = 80, 24


@frozen
class Screen:
    """``width`` and ``height`` in cells; None where there is no terminal, so nothing has to be cut. ``unicode``:
    it shows more than ASCII."""

    width: int | None = None
    height: int | None = None
    colour: bool = False
    unicode: bool = True

    @property
    def ellipsis(self) -> str:
        """What stands for words that are left out."""
        return "…" if self.unicode else "..."

    def paint(self, text: str, style: str = "") -> str:
        """``text`` in one of :data:`STYLES`; as it is without colours, or without a style."""
        if not (self.colour and style and text):
            return text
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


PAPER = Screen()
"""Neither width nor colour: a file, a pipe."""


def screen_of(stream: TextIO, environ: Mapping[str, str]) -> Screen:
    """The screen behind ``stream``. NO_COLOR (no-color.org) switches colours off when it is not empty."""
    unicode = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") in ("utf8", "utf16")
    if not stream.isatty():
        return PAPER if unicode else Screen(unicode=False)
    try:
        width, height = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        width, height = 0, 0
    colour = not environ.get("NO_COLOR") and environ.get("TERM", "") not in ("", "dumb")
    # A serial line does not know its size, and says 0.
    return Screen(max(width or USUAL_WIDTH, NARROWEST), height or USUAL_HEIGHT, colour, unicode)


def visible(text: str) -> str:
    """``text`` as one line without control characters: white space becomes a blank, others are escaped.

    What comes from the vault may hold anything, also what would reprogram the terminal that shows it.
    """
    if text.isprintable():
        return text
    return escaped(" ".join(text.split()))
