"""Two versions of a text that grew from the same one, put together line by line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

CROWDED_LINES = 5000
"""Longer texts are compared by the quicker rule, which leaves frequent lines out of account."""


def merged(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], *, only_add: bool = False
) -> list[str]:
    """``ours`` with what ``theirs`` changed since ``base``: their new lines in, the lines they took out gone.

    Where both added lines at one place, both stay; one that ``ours`` has as often as ``theirs`` already is
    not put in again. No line that only one side added is ever dropped. ``only_add``: take out nothing.
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
    missing = Counter(theirs) - Counter(ours)
    removed: set[int] = set()
    inserted: dict[int, list[str]] = {}
    for what, a1, a2, b1, b2 in SequenceMatcher(None, base, theirs, autojunk=crowded).get_opcodes():
        if what != "equal":
            removed.update(place[n] for n in range(a1, a2) if n in place and not only_add)
            inserted.setdefault(behind[a1], []).extend(_new_lines(theirs[b1:b2], missing))
    result = list(head)
    for number in range(len(ours) + 1):
        result += inserted.get(number, ())
        if number < len(ours) and number not in removed:
            result.append(ours[number])
    return [*result, *tail]


def added_lines(base: Sequence[str], theirs: Sequence[str]) -> frozenset[str]:
    """The lines that ``theirs`` has and ``base`` had not, but for blank ones."""
    return frozenset(line for line in set(theirs) - set(base) if line.strip())


class Patch:
    """How one text became another, to be applied at once to a text that was changed elsewhere meanwhile."""

    def __init__(self, old: bytes, new: bytes) -> None:
        from difflib import SequenceMatcher  # noqa: PLC0415 - as above

        self.old = old
        olds, news = old.splitlines(keepends=True), new.splitlines(keepends=True)
        start = _common_start(olds, news)
        end = _common_start(olds[start:][::-1], news[start:][::-1])
        first = sum(len(line) for line in olds[:start])
        olds, news = olds[start : len(olds) - end], news[start : len(news) - end]
        offsets = list(accumulate((len(line) for line in olds), initial=first))
        matcher = SequenceMatcher(None, olds, news, autojunk=len(olds) > CROWDED_LINES)
        self.hunks = [
            (offsets[a1], offsets[a2], b"".join(news[b1:b2]))
            for what, a1, a2, b1, b2 in matcher.get_opcodes()
            if what != "equal"
        ]

    def applied_to(self, text: bytes) -> bytes | None:
        """``text``, which grew from the same old one, with this change; None when the two overlap, or when a line that
        this adds was added there as well: it may be the same one, which came there by another way."""
        start, last_start, shift = self._changed_lines(text)
        grown = {line for line in text[start : last_start + shift].splitlines() if line.strip()}
        parts, position = [], 0
        for first, last, replacement in self.hunks:
            if last > start and first < last_start:
                return None
            if not grown.isdisjoint(replacement.splitlines()):
                return None
            moved = 0 if last <= start else shift
            parts += [text[position : first + moved], replacement]
            position = last + moved
        return b"".join([*parts, text[position:]])

    def _changed_lines(self, text: bytes) -> tuple[int, int, int]:
        """Where whole lines of the old text are others in this one: from where, to where, and how far what follows
        has moved."""
        start = _common_bytes(self.old, text)
        end = _common_bytes(self.old[start:][::-1], text[start:][::-1])
        start = self.old.rfind(b"\n", 0, start) + 1
        shift = len(text) - len(self.old)
        last = len(self.old) - end
        ends = ((self.old, last), (text, last + shift))
        if any(at > start and data[at - 1 : at] != b"\n" for data, at in ends):
            last = self.old.find(b"\n", last) + 1 or len(self.old)
        return start, last, shift


def _new_lines(lines: Sequence[str], missing: Counter[str]) -> list[str]:
    """The lines that are ``missing``, which is counted down, with the blank ones between them."""
    kept = [line for line in lines if not line.strip() or _take(missing, line)]
    return kept if any(line.strip() for line in kept) or not any(line.strip() for line in lines) else []


def _take(missing: Counter[str], line: str) -> bool:
    if missing[line] <= 0:
        return False
    missing[line] -= 1
    return True


def _common_start(*versions: Sequence[str] | Sequence[bytes]) -> int:
    for number, lines in enumerate(zip(*versions, strict=False)):
        if len(set(lines)) > 1:
            return number
    return min(len(lines) for lines in versions)


def _common_bytes(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low
