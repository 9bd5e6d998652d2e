"""What ``install-units`` and ``uninstall-units`` change, shown before and after: names, diff, what stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.systemd.unit_diff import UnitDiff

MOST_LINES = 40
"""A diff that is longer is cut: what is asked must still be on the screen."""


@frozen
class UnitsChanged:
    """What was done, or would be, to the units of one manager.

    ``diffs`` is how the files change; it is shown when ``shows_diff``, all of it when ``in_full``. ``stays`` is
    what an uninstallation leaves. ``declined``: somebody was asked, and said no.
    """

    scope: str
    folder: str
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    restarted: tuple[str, ...]
    rescheduled: tuple[str, ...]
    done: bool
    started: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    diffs: tuple[UnitDiff, ...] = ()
    stays: tuple[str, ...] = ()
    shows_diff: bool = False
    in_full: bool = False
    declined: bool = False
    exit_code: int = 0
    tells_commands: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "folder": self.folder,
            "written": list(self.written),
            "removed": list(self.removed),
            "unchanged": list(self.unchanged),
            "restarted": list(self.restarted),
            "started": list(self.started),
            "rescheduled": list(self.rescheduled),
            "diff": "".join(f"{line}\n" for diff in self.diffs for line in diff.lines),
            "stays": list(self.stays),
            "done": self.done,
            "hints": list(self.hints),
        }

    def as_text(self, screen: Screen) -> str:
        if self.declined:
            return "Nothing was changed."
        if not (self.written or self.removed or self.restarted or self.started):
            lines = [f"unchanged: {len(self.unchanged)} units in {visible(self.folder)}"]
        else:
            lines = [*self._changes(screen)]
        lines += [f"  {'stays':<16}{visible(each)}" for each in self.stays]
        return "\n".join([*lines, *map(visible, self.hints)])

    def _changes(self, screen: Screen) -> Iterator[str]:
        """With a diff the files need not be named once more."""
        before = "" if self.done else "to be "
        yield visible(self.folder)
        if self.shows_diff:
            yield from diff_lines(self.diffs, screen, in_full=self.in_full)
        for what, names, is_in_diff in (
            ("written", self.written, True),
            ("removed", self.removed, True),
            ("restarted", self.restarted, False),
            ("started", self.started, False),
        ):
            if is_in_diff and self.shows_diff:
                yield from [f"  {before + what:<16}{_units(len(names))}"] if names else []
            else:
                yield from (f"  {before + what:<16}{name}" for name in names)
        if self.unchanged:
            yield f"  {'unchanged':<16}{_units(len(self.unchanged))}"
        if self.rescheduled:
            yield (
                f"New times: {', '.join(self.rescheduled)}. One whose new time has passed since it last fired "
                "fires at once; its task runs only if it is due."
            )


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def diff_lines(diffs: tuple[UnitDiff, ...], screen: Screen, *, in_full: bool) -> Iterator[str]:
    """The diff, coloured where there are colours.

    Unless ``in_full``, files that come or go as a whole are a line each, and a long rest is left out: ``--diff``
    shows it.
    """
    left, is_cut = MOST_LINES, False
    for diff in diffs:
        whole = diff.is_whole and not in_full
        if whole:
            yield _summary(diff, screen)
            is_cut = True
            continue
        shown = diff.lines if in_full else diff.lines[: max(left, 0)]
        left -= len(shown)
        yield from (_painted(visible(line), screen) for line in shown)
        if len(shown) < len(diff.lines):
            is_cut = True
            if shown:
                yield screen.paint(f"… {len(diff.lines) - len(shown)} more lines of {diff.name}", "faint")
            else:
                yield _summary(diff, screen)
    if is_cut:
        yield screen.paint("All lines of these files: --diff", "faint")


def _summary(diff: UnitDiff, screen: Screen) -> str:
    if diff.before is None:
        return screen.paint(f"+ {diff.name} (new, {diff.added} lines)", "good")
    if diff.after is None:
        return screen.paint(f"- {diff.name} (goes, {diff.taken} lines)", "bad")
    return f"  {diff.name} (changes, +{diff.added} -{diff.taken} lines)"


def _painted(line: str, screen: Screen) -> str:
    if line.startswith(("--- ", "+++ ")):
        return screen.paint(line, "strong")
    styles = {"+": "good", "-": "bad", "@": "faint"}
    return screen.paint(line, styles.get(line[:1], ""))
