"""Sections, hidden blocks and tables are recognised as Obsidian would, in anything an owner may have."""

from __future__ import annotations

import time

import pytest

from aiemp.dashboard.document import Document
from aiemp.dashboard.tables import tables_in


def titles(text: str) -> list[str]:
    return [section.title for section in Document.parse(text).sections]


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of all tables of a text, row by row."""
    document = Document.parse(text)
    tables = tables_in(document, 0, len(document.lines))
    return [row.raw for table in tables for row in table.rows]


def test_sections_are_second_level_headings() -> None:
    """Closing hashes and up to three blanks are allowed; a deeper heading stays inside."""
    assert titles("## A\n   ## B ##\n### C\n##D\n    ## E\n##\n# F\n## G #\n") == ["A", "B", "", "G"]


def test_a_section_ends_at_the_next_heading_of_its_level_or_above() -> None:
    """A first-level heading ends a section too."""
    (section,) = Document.parse("## A\nx\n### B\ny\n# C\nz\n").sections
    assert (section.start, section.end) == (1, 4)


@pytest.mark.parametrize(
    "block",
    [
        "```\n## A\n```",
        "~~~~ text\n## A\n~~~\n~~~~",
        "<!-- ## A\n## A\n-->",
        "%%\n## A\n%%",
        "<pre>\n## A\n</pre>",
        "<SCRIPT src=x>\n## A\n</script>",
    ],
)
def test_hidden_headings_are_none(block: str) -> None:
    """What stands in code, raw HTML or a comment is no section; what follows is."""
    assert titles(f"{block}\n## B\n") == ["B"]


def test_frontmatter_is_no_content() -> None:
    """A comment in YAML that looks like a heading is none, also behind a byte order mark."""
    assert titles("\ufeff---\n## A\n---\n## B\n") == ["B"]
    assert titles("---\n## A\n...\n## B\n") == ["B"]


@pytest.mark.parametrize("opening", ["```", "~~~", "<!--", "%%", "<pre>", "---"])
def test_what_is_never_closed_hides_nothing(opening: str) -> None:
    """While its owner is typing a fence, his sections stay where they are."""
    assert titles(f"{opening}\n## A\n") == ["A"]


@pytest.mark.parametrize("line", ["text ``` text", "``` a`b", "`` x", "%% one line %%", "<!-- one line -->"])
def test_what_opens_nothing(line: str) -> None:
    """Inline code and comments of one line hide nothing below them."""
    assert titles(f"{line}\n## A\n```\n") == ["A"]


def test_escaped_pipes_are_no_borders() -> None:
    """As in GFM, an odd number of backslashes before a pipe makes it text."""
    assert rows("|a|b|\n|-|-|\n| x \\| y | z |\n") == [(" x \\| y ", " z ")]
    assert rows("|a|b|\n|-|-|\n| x \\\\| z |\n") == [(" x \\\\", " z ")]


def test_outer_pipes_may_be_missing() -> None:
    """A table without them is one."""
    assert rows("a | b\n- | -\nx | y\n\nz | z\n") == [("x ", " y")]


@pytest.mark.parametrize(
    "text", ["|a|b|\n|-|\n|x|y|\n", "|a|b|\n|=|=|\n|x|y|\n", "a\n-\nx\n", "    |a|\n    |-|\n    |x|\n"]
)
def test_what_is_no_table(text: str) -> None:
    """The delimiter row must be one, with as many cells as the header; indented text is code."""
    assert rows(text) == []


@pytest.mark.parametrize("line", ["", "prose", "> q | q", "# h | h", "- l | l", "1. l | l", "```", "<b> | x"])
def test_where_a_table_ends(line: str) -> None:
    """A blank line, another block, and prose without a pipe end a table."""
    assert rows(f"|a|b|\n|-|-|\n|x|y|\n{line}\n|z|z|\n") == [("x", "y")]


def test_hostile_text_is_parsed_in_linear_time() -> None:
    """A hundred thousand openings that are never closed are no hundred thousand searches."""
    text = "".join(f"{'`' * (3 + n % 50)}\n<!--\n%%\n<pre>\n" for n in range(25_000)) + "## A\n"
    start = time.process_time()
    assert titles(text)[-1] == "A"
    assert time.process_time() - start < 10
