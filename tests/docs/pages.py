"""The pages of the documentation, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


class Block(NamedTuple):
    """A fenced block: its page, the line of its first line, its language, its text, and the heading above it."""

    page: Path
    line: int
    language: str
    text: str
    heading: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found: list[Block] = []
    heading, language, start, lines = "", None, 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if language is None and (fence := re.fullmatch(r"\s*```(\w*)", line)):
            language, start, lines = fence[1], number + 1, []
        elif language is not None and line.strip() == "```":
            found.append(Block(page, start, language, "\n".join(lines) + "\n", heading))
            language = None
        elif language is not None:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    assert language is None, f"{page}: a fence is not closed"
    return found


def without_blocks(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    return re.sub(r"(?ms)^\s*```.*?^\s*```$", "", page.read_text(encoding="utf-8"))
