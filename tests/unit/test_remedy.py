"""What a message says, and what to do about it."""

from __future__ import annotations

import shlex

import pytest

from aiemp.remedy import split_remedy


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("no disk; mount it", ("no disk", "mount it")),
        ("a; b; do c", ("a; b", "do c")),
        ("nothing to do", ("nothing to do", "")),
        ("it's full; don't wait", ("it's full", "don't wait")),
    ],
)
def test_what_to_do_stands_behind_the_last_semicolon(message: str, parts: tuple[str, str]) -> None:
    """Apostrophes of a sentence quote nothing."""
    assert split_remedy(message) == parts


@pytest.mark.parametrize("name", ["/a; rm -rf b", "/it's; rm -rf b", '/a "b; rm c" d', "/a'; rm -rf b'"])
def test_a_quoted_path_is_no_advice(name: str) -> None:
    """What somebody put into the name of a file is never shown as a command to paste."""
    line = f"chmod u+rwX {shlex.quote(name)}"
    assert split_remedy(f"it is shut; {line}") == ("it is shut", line)
