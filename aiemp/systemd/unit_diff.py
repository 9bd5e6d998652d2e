"""How unit files would change, as diff(1) shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.systemd.changes import Changes

CONTEXT_LINES = 2
NOWHERE = "/dev/null"


@frozen
class UnitDiff:
    """One unit. ``before`` None: it is new; ``after`` None: it goes. ``lines`` are those of a unified diff."""

    name: str
    before: str | None
    after: str | None
    lines: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the whole file comes or goes, so that its lines tell little."""
        return self.before is None or self.after is None

    @property
    def added(self) -> int:
        return sum(line.startswith("+") for line in self.lines[2:])

    @property
    def taken(self) -> int:
        return sum(line.startswith("-") for line in self.lines[2:])


def unit_diffs(found: Changes, present: Mapping[str, str], folder: Path) -> tuple[UnitDiff, ...]:
    """What an installation writes and removes, against ``present``, the texts that lie in ``folder`` now.

    Changed units first: they are what somebody wants to look at.
    """
    wanted: dict[str, str | None] = {unit.name: unit.content for unit in found.write}
    wanted |= dict.fromkeys(found.remove)
    diffs = [_diff(name, present.get(name), after, folder / name) for name, after in wanted.items()]
    return tuple(sorted(diffs, key=lambda diff: (diff.is_whole, diff.after is None)))


def _diff(name: str, before: str | None, after: str | None, path: Path) -> UnitDiff:
    return UnitDiff(name, before, after, tuple(_lines(before, after, path)))


def _lines(before: str | None, after: str | None, path: Path) -> Iterator[str]:
    from difflib import unified_diff  # noqa: PLC0415 - only who looks at it pays

    old, new = ((text or "").splitlines() for text in (before, after))
    was, will = (NOWHERE if text is None else str(path) for text in (before, after))
    yield from unified_diff(old, new, was, will, lineterm="", n=CONTEXT_LINES)
