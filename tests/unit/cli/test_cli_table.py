"""Tables and screens: alignment, cutting, colours, and text that is not to be trusted."""

from __future__ import annotations

import io
import os
import pty
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.cli import output
from aiemp.cli.screen import PAPER, Screen, screen_of, visible
from aiemp.cli.table import Cell, cells_of, cut, natural_width, table

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
CELLS = st.text(max_size=30)


def test_columns_are_aligned() -> None:
    """Each column is as wide as its widest cell; lines have no blanks at their ends."""
    lines = table([["a", "long cell", "x"], ["bcd", "", ""]], PAPER, ("N", "WHAT", ""), indent="  ")
    assert lines == ["  N    WHAT", "  a    long cell  x", "  bcd"]


def test_wide_characters_take_two_cells() -> None:
    """East Asian characters are two cells wide, combining ones none, so that columns stay aligned."""
    lines = table([["日本", "x"], ["abcd", "x"], ["e\N{COMBINING ACUTE ACCENT}bcd", "x"]], PAPER)
    assert [cells_of(line.partition("x")[0]) for line in lines] == [6, 6, 6]
    assert cells_of("日本") == 4
    assert cut("日本語", 4) == "日…"


def test_the_last_column_is_cut_first() -> None:
    """Where it is too wide, the explanation at the end gives way before names do."""
    (line,) = table([["name_of_a_task", "because " * 20]], Screen(width=40))
    assert line.startswith("name_of_a_task  because")
    assert line.endswith("…")
    assert cells_of(line) <= 40


def test_names_are_cut_last() -> None:
    """As long as another column can give way, a line still says what it is about."""
    (line,) = table([["health_dashboard_update", "every " * 5, "because " * 5]], Screen(width=50))
    assert line.startswith("health_dashboard_update  every")
    (line,) = table([["health_dashboard_update", "every " * 5, "because " * 5]], Screen(width=30))
    assert line.startswith("health_das")
    assert cells_of(line) <= 30


def test_nothing_is_cut_without_a_terminal() -> None:
    """A pipe gets every word, however long."""
    (line,) = table([["a", "word " * 100]], PAPER)
    assert len(line) > 490


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(30, 120))
def test_lines_fit_the_screen(rows: list[tuple[str, str, str]], width: int) -> None:
    """Whatever the cells hold, each line is one printable line that fits."""
    for line in table([list(row) for row in rows], Screen(width=width)):
        assert cells_of(line) <= width
        assert line.isprintable()


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_colour_changes_no_character(rows: list[tuple[str, str]]) -> None:
    """A painted table, its colours taken away, is the plain one."""
    styled = [[Cell(left, "good"), Cell(right, "bad")] for left, right in rows]
    painted = table(styled, Screen(width=60, colour=True))
    plain = table(styled, Screen(width=60))
    assert [ESCAPES.sub("", line).rstrip() for line in painted] == [line.rstrip() for line in plain]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 🟢", "plain ü 🟢"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b]0;pwned\x07", r"\x1b]0;pwned\x07"),
        ("\udcff", r"\udcff"),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str) -> None:
    """What comes from the vault cannot reprogram the terminal, break the line, or turn the text around."""
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(environ: dict[str, str], colour: bool) -> None:
    """NO_COLOR and a dumb TERM switch colours off on a terminal."""
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb"), os.fdopen(terminal, "w") as stream:
        assert screen_of(stream, environ).colour is colour


def test_a_terminal_without_a_size_has_the_usual_one() -> None:
    """A serial line says that it has no columns; it is a terminal all the same."""
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb"), os.fdopen(terminal, "w") as stream:
        assert screen_of(stream, {}) == Screen(80, 24)


def test_a_pipe_is_paper() -> None:
    """What is no terminal has neither colours nor a width, whatever the environment says."""
    assert screen_of(io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}) == PAPER


def test_last_column_goes_on_below_where_it_is_to_be_whole() -> None:
    """What an owner has to read is not cut off; the columns before it are not repeated."""
    lines = table([["crash", "down", "for 4 s, 4 restarts, exit status 1"]], Screen(30), whole=True)
    assert lines == ["crash  down  for 4 s, 4", "             restarts, exit", "             status 1"]


def test_natural_width_is_that_of_the_longest_line() -> None:
    """Blanks between the columns included."""
    rows = [["a", "日本"], ["abc", "x"]]
    assert natural_width(rows) == max(map(cells_of, table(rows, PAPER))) == 9


def test_in_ascii_three_dots_stand_for_what_is_cut() -> None:
    """A screen that shows only ASCII gets dots that fit into the column, not an escaped ellipsis."""
    (line,) = table([["name_of_a_task", "because " * 20]], Screen(width=40, unicode=False))
    assert line.endswith("...")
    assert cells_of(line) <= 40


def test_an_ascii_stream_shows_an_ellipsis_as_dots() -> None:
    """Messages of ours hold an ellipsis; under LANG=C it is written as dots, other characters escaped."""
    output.prepare_streams()
    assert "日a = […]日…".encode("ascii", output.IN_ASCII) == rb"\u65e5a = [...]\u65e5..."
