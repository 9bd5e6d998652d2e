"""Text of a terminal, and the tables of a Markdown page, drawn as SVG. No font is embedded: text stays text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

CELL_WIDTH, LINE_HEIGHT, MARGIN, BAR = 8.4, 19.0, 18.0, 26.0
LONGEST_CELL = 66
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
PROPORTIONAL = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
PAPER, INK, FAINT = "#1b1e26", "#d8dbe2", "#8b90a0"
COLOURS = {
    30: "#5c6370",
    31: "#ef6b73",
    32: "#8fce7e",
    33: "#e5c07b",
    34: "#6cb0f2",
    35: "#c78bdc",
    36: "#5fc4ce",
}
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class Run(NamedTuple):
    """Neighbouring characters of one look."""

    text: str
    colour: str = INK
    is_bold: bool = False


def terminal_svg(text: str, title: str) -> str:
    """A picture of ``text``, with the colours that its escape sequences (SGR) ask for."""
    lines = [list(_runs(line)) for line in text.rstrip("\n").splitlines()]
    columns = max((sum(_cells(run.text) for run in line) for line in lines), default=0)
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * LINE_HEIGHT + 2 * MARGIN + BAR
    body = []
    for number, line in enumerate(lines):
        column, y = 0, BAR + MARGIN + (number + 0.75) * LINE_HEIGHT
        for run in line:
            # Each piece stands where its column is, whatever font the reader has.
            for piece in re.finditer(r"\S+(?: \S+)*", run.text):
                x = MARGIN + (column + _cells(run.text[: piece.start()])) * CELL_WIDTH
                weight = ' font-weight="bold"' if run.is_bold else ""
                look = f'fill="{run.colour}"{weight} textLength="{_cells(piece[0]) * CELL_WIDTH:.1f}"'
                body.append(
                    f'<text x="{x:.1f}" y="{y:.1f}" {look} lengthAdjust="spacingAndGlyphs">{escape(piece[0])}</text>'
                )
            column += _cells(run.text)
    dots = "".join(
        f'<circle cx="{MARGIN + 16 * number:.0f}" cy="16" r="5" fill="{colour}"/>'
        for number, colour in enumerate(("#ef6b73", "#e5c07b", "#8fce7e"))
    )
    return _picture(width, height, title, MONOSPACE, 14, dots + "\n" + "\n".join(body))


def markdown_svg(text: str, title: str) -> str:
    """A picture of a page with headings, quotes and tables, as an editor shows it. A section whose table is empty
    is left out, and a long cell is cut."""
    y, body, widest = MARGIN, [], 0.0
    text = re.sub(r"## [^\n]*\n+(?:\|[^\n]*\n){2}\|(?: — \|)+\n", "", text)
    for block in re.split(r"\n{2,}", text.strip()):
        lines = block.splitlines()
        if lines[0].startswith("|"):
            drawn, below, right = _table(lines, y)
            body += drawn
            y, widest = below, max(widest, right)
            continue
        for line in lines:
            size, weight, colour = 14, "normal", INK
            if heading := re.match(r"(#+) ", line):
                size, weight = {1: 24, 2: 18}.get(len(heading[1]), 15), "bold"
            elif line.startswith(">"):
                colour = FAINT
            shown = re.sub(r"^(#+|>) |[*`]", "", line)
            y += size * 1.5
            body.append(_text(MARGIN, y, shown, colour, weight, size))
            widest = max(widest, MARGIN + len(shown) * size * 0.55)
        y += 8
    return _picture(widest + MARGIN, y + MARGIN, title, PROPORTIONAL, 14, "\n".join(body))


def _table(lines: list[str], y: float) -> tuple[list[str], float, float]:
    """A table below ``y``; what is drawn, and where it ends below and to the right."""
    rows = [
        [_cut(re.sub(r"[*`]", "", cell.strip())) for cell in line.strip("|").split("|")] for line in lines
    ]
    rows = [rows[0], *rows[2:]]
    widths = [max(_cells(row[column]) for row in rows) * 7.8 + 24 for column in range(len(rows[0]))]
    right, body = MARGIN + sum(widths), []
    y += 6
    for number, row in enumerate(rows):
        x = MARGIN
        if number % 2 == 0:
            shade = "#2b303c" if number == 0 else "#20242d"
            body.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="26" fill="{shade}"/>')
        for cell, cell_width in zip(row, widths, strict=True):
            body.append(_text(x + 10, y + 18, cell, INK, "bold" if number == 0 else "normal", 14))
            x += cell_width
        y += 26
    return body, y + 10, right


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1].rstrip()}…"


def _text(x: float, y: float, text: str, colour: str, weight: str, size: int) -> str:
    look = f'fill="{colour}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'


def _picture(width: float, height: float, title: str, font: str, size: int, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="{escape(font)}" font-size="{size}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n'
        f'<g style="white-space: pre" xml:space="preserve">\n{body}\n</g>\n</svg>\n'
    )


def _runs(line: str) -> Iterator[Run]:
    colour, bold, place = INK, False, 0
    for found in _ESCAPE.finditer(line):
        if found.start() > place:
            yield Run(line[place : found.start()], colour, bold)
        place = found.end()
        if found[1] is not None:
            for code in map(int, (found[1] or "0").split(";")):
                colour, bold = _look(code, colour, bold)
    if place < len(line):
        yield Run(line[place:], colour, bold)


def _look(code: int, colour: str, bold: bool) -> tuple[str, bool]:
    if code in (1, 22):
        return colour, code == 1
    if code == 2:
        return FAINT, bold
    if code in COLOURS or code - 60 in COLOURS:
        return COLOURS.get(code) or COLOURS[code - 60], bold
    return (INK, False) if code == 0 else (INK, bold) if code == 39 else (colour, bold)


def _cells(text: str) -> int:
    """How many cells of a terminal ``text`` takes."""
    return sum(
        0
        if unicodedata.combining(each) or each == "\ufe0f"
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )
