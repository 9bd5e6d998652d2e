"""Two versions of a text that grew from the same one, put together line by line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

CROWDED_LINES = 5000
"""Longer texts are compared by the quicker rule, which leaves frequent lines out of account."""


def merged(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """``ours`` with what ``theirs`` changed since ``base``: their new lines in, the lines they took out gone.

    Where both added lines at one place, both stay. No line that only one side added is ever dropped.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - only needed when two writers really collided

    start = _common_start(base, ours, theirs)
    end = _common_start(*(lines[start:][::-1] for lines in (base, ours, theirs)))
    head, tail = ours[:start], ours[len(ours) - end :]
    base, ours, theirs = (lines[start : len(lines) - end] for lines in (base, ours, theirs))
    crowded = len(base) > CROWDED_LINES
    place = {
        block.a + n: block.b + n
        for block in SequenceMatcher(None, base, ours, autojunk=crowded).get_matching_blocks()
        for n in range(block.size)
    }
    behind = list(accumulate((place.get(n, -1) + 1 for n in range(len(base))), max, initial=0))
    removed: set[int] = set()
    inserted: dict[int, list[str]] = {}
    for what, a1, a2, b1, b2 in SequenceMatcher(None, base, theirs, autojunk=crowded).get_opcodes():
        if what != "equal":
            removed.update(place[n] for n in range(a1, a2) if n in place)
            inserted.setdefault(behind[a1], []).extend(theirs[b1:b2])
    result = list(head)
    for number in range(len(ours) + 1):
        result += inserted.get(number, ())
        if number < len(ours) and number not in removed:
            result.append(ours[number])
    return [*result, *tail]


def _common_start(*versions: Sequence[str]) -> int:
    for number, lines in enumerate(zip(*versions, strict=False)):
        if len(set(lines)) > 1:
            return number
    return min(len(lines) for lines in versions)
