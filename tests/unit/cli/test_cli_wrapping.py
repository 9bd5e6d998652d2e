"""Text that fits a screen, with its command lines whole."""

from __future__ import annotations

import pytest

from aiemp.cli.table import cells_of
from aiemp.cli.wrapping import wrapped

MEND = "see why: aiemp explain tidy; mend it, then: aiemp trigger tidy"


@pytest.mark.parametrize("width", range(10, 90))
@pytest.mark.parametrize(
    ("text", "commands"),
    [
        (MEND, ["aiemp explain tidy;", "aiemp trigger tidy"]),
        ("install it, for example: npm install -g @a-b/c-d, or not", ["npm install -g @a-b/c-d,"]),
        ("mkdir -p ~/'My Vault/it'\"'\"'s'", ["mkdir -p ~/'My Vault/it'\"'\"'s'"]),
        ("look: ls -l '/a b; c' /d", ["ls -l '/a b; c' /d"]),
        ("what's that: ~/bin/my-claude --version", ["~/bin/my-claude --version"]),
    ],
)
def test_a_command_line_is_not_broken(width: int, text: str, commands: list[str]) -> None:
    """However narrow the screen is, what is copied from it is one line; nothing is lost or added."""
    lines = wrapped(text, width, "-> ", "   ")
    assert " ".join(line[3:] for line in lines) == text
    for command in commands:
        assert any(command in line for line in lines)


def test_lines_are_measured_in_cells() -> None:
    """Also of a script without blanks, whose characters take two cells each."""
    lines = wrapped(f"it said: {'日本' * 30}", 21, "  ")
    assert max(map(cells_of, lines)) <= 21
    assert "".join(line.strip() for line in lines) == f"it said:{'日本' * 30}"


def test_without_a_terminal_nothing_is_broken() -> None:
    """A file or a pipe gets one line."""
    assert wrapped(MEND * 9, None, "  ") == [f"  {MEND * 9}"]
    assert wrapped("", 20, "  ") == ["  "]
