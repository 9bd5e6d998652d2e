"""Aligned columns of text. Pure.

Widths are counted in terminal cells: an East Asian character takes two, a combining one none.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

GAP = "  "
LEAST_LAST = 12
LEAST_COLUMN = 4


@frozen
class Cell:
    """One cell and its style, a key of :data:`aiemp.cli.screen.STYLES`."""

    text: str
    style: str = ""


def table(
    rows: Sequence[Sequence[Cell | str]],
    screen: Screen,
    headers: Sequence[str] = (),
    *,
    indent: str = "",
    whole: bool = False,
) -> list[str]:
    """``rows`` as lines, below ``headers``. Where they are too wide for the screen, the last column is cut
    first, then the widest; the first column, what a line is about, comes last. ``whole``: the last column is not cut
    but goes on in further lines."""
    grid = [[_cell(cell) for cell in row] for row in rows]
    if headers:
        grid.insert(0, [Cell(header, "faint") for header in headers])
    if not grid:
        return []
    widths = [max(cells_of(row[column].text) for row in grid) for column in range(len(grid[0]))]
    if screen.width is not None:
        _narrow(widths, screen.width - len(indent) - len(GAP) * (len(widths) - 1))
    if whole:
        return [indent + line for row in grid for line in _whole(row, widths, screen)]
    return [indent + _line(row, widths, screen) for row in grid]


def natural_width(rows: Sequence[Sequence[Cell | str]]) -> int:
    """The cells that the lines of ``rows`` take where nothing is cut."""
    widths = [max(cells_of(_cell(row[column]).text) for row in rows) for column in range(len(rows[0]))]
    return sum(widths) + len(GAP) * (len(widths) - 1)


def cells_of(text: str) -> int:
    """How many cells of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of_one(character) for character in text)


def cut(text: str, cells: int, ellipsis: str = "…") -> str:
    """``text`` in at most ``cells`` cells; ``ellipsis`` stands for what is left out."""
    if cells_of(text) <= cells:
        return text
    kept, taken = [], 0
    for character in text:
        taken += _cells_of_one(character)
        if taken > cells - len(ellipsis):
            break
        kept.append(character)
    return "".join(kept).rstrip() + ellipsis


def split_at(text: str, cells: int) -> list[str]:
    """``text`` in parts of at most ``cells`` cells, none of them empty."""
    parts, taken = [""], 0
    for character in text:
        taken += _cells_of_one(character)
        if taken > cells and parts[-1]:
            parts.append("")
            taken = _cells_of_one(character)
        parts[-1] += character
    return parts


def _cell(cell: Cell | str) -> Cell:
    if isinstance(cell, str):
        return Cell(visible(cell))
    return Cell(visible(cell.text), cell.style)


def _whole(row: Sequence[Cell], widths: Sequence[int], screen: Screen) -> list[str]:
    from aiemp.cli.wrapping import wrapped

    first, *further = wrapped(row[-1].text, widths[-1])
    nothing = [Cell("") for _ in row[:-1]]
    rows = [
        [*row[:-1], Cell(first, row[-1].style)],
        *([*nothing, Cell(line, row[-1].style)] for line in further),
    ]
    return [_line(each, widths, screen) for each in rows]


def _line(row: Sequence[Cell], widths: Sequence[int], screen: Screen) -> str:
    painted, plain = [], []
    for cell, width in zip(row, widths, strict=True):
        text = cut(cell.text, width, screen.ellipsis)
        plain.append(text + " " * (width - cells_of(text)))
        painted.append(screen.paint(text, cell.style) + " " * (width - cells_of(text)))
    # Trailing blanks come only from empty or short cells at the end, which have no style.
    blanks = len(GAP.join(plain)) - len(GAP.join(plain).rstrip())
    line = GAP.join(painted)
    return line[: len(line) - blanks] if blanks and line.endswith(" " * blanks) else line


def _narrow(widths: list[int], room: int) -> None:
    """Make ``widths`` fit into ``room``, as far as they may shrink."""
    excess = sum(widths) - room
    if excess <= 0:
        return
    from_last = min(excess, max(0, widths[-1] - LEAST_LAST))
    widths[-1] -= from_last
    for _ in range(excess - from_last):
        # The first column says what a line is about, so it gives way last.
        widest = max(range(len(widths)), key=lambda column: (_can_shrink(widths, column), widths[column]))
        if widths[widest] <= LEAST_COLUMN:
            return
        widths[widest] -= 1


def _can_shrink(widths: list[int], column: int) -> bool:
    return column > 0 and widths[column] > LEAST_COLUMN


def _cells_of_one(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width  # only text beyond ASCII needs the tables

    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
