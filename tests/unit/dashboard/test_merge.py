"""Bringing two versions of a text together: by lines, and as a patch to bytes that have moved on."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.dashboard.merge import Patch, merged

OLD = b"head\nours\nmiddle\ntheirs\nend\n"


def test_a_patch_goes_into_a_text_that_was_changed_elsewhere() -> None:
    """Both changes are in the result, wherever the other one moved the bytes to."""
    patch = Patch(OLD, OLD.replace(b"ours\n", b"ours\nnew row\n"))
    longer = OLD.replace(b"theirs\n", b"theirs\ntheir line\n")
    assert patch.applied_to(longer) == longer.replace(b"ours\n", b"ours\nnew row\n")


def test_a_patch_of_the_same_place_is_refused() -> None:
    """Where both changed one line, the two have to be brought together by lines."""
    patch = Patch(OLD, OLD.replace(b"ours\n", b"mine\n"))
    assert patch.applied_to(OLD.replace(b"ours\n", b"yours\n")) is None


def test_a_patch_does_not_add_a_line_that_came_by_another_way() -> None:
    """We bring in a line that somebody wrote into the file which had lost its name; he has read it there himself, and
    writes it with his next line into the file that bears the name: then it is there already."""
    patch = Patch(OLD, OLD.replace(b"ours\n", b"ours\nline 7\n"))
    meanwhile = OLD.replace(b"theirs\n", b"theirs\nline 8\nline 7\n")
    assert patch.applied_to(meanwhile) is None


def test_a_merge_keeps_what_either_side_added() -> None:
    """New lines of both at one place stay, each once; what one took out is gone."""
    base, ours, theirs = ["a", "b", "c"], ["a", "row", "b", "c"], ["a", "line", "c"]
    assert sorted(merged(base, ours, theirs)) == ["a", "c", "line", "row"]


line = st.sampled_from(["a", "ab", "b", "aa", "ba", "row 1", "row 2", "row 12"]).map(
    lambda text: f"{text}\n".encode()
)
texts = st.lists(line, max_size=8).map(b"".join)


@given(texts, st.integers(0, 8), line, texts)
@settings(max_examples=500, deadline=None)
def test_a_patch_adds_its_line_and_keeps_all_others(old: bytes, at: int, row: bytes, text: bytes) -> None:
    """Whatever the other text became: where the patch is applied, each line of that text is there and one more."""
    lines = old.splitlines(keepends=True)
    new = b"".join([*lines[:at], row, *lines[at:]])
    patched = Patch(old, new).applied_to(text)
    if patched is not None:
        assert Counter(patched.splitlines()) == Counter(text.splitlines()) + Counter(row.splitlines())
