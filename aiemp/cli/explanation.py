"""Why one task or watcher is as it is, as one value that is shown. Pure."""

from __future__ import annotations

from typing import Any

from aiemp.cli.screen import Screen, visible
from aiemp.cli.table import Cell, table
from aiemp.doctor.tilde import with_tilde
from aiemp.frozen import field, frozen


@frozen
class Reason:
    """``state``: one word that stays for scripts. ``why``: sentences; ``steps``: what to do, in that order,
    empty when nobody has to do anything. ``is_bad``: it is not as it should be."""

    state: str
    why: tuple[str, ...]
    steps: tuple[str, ...] = ()
    is_bad: bool = False


@frozen
class LogEnd:
    """The end of a log: where it is (a file, or the journal of a unit), what shows more, and its last lines."""

    place: str
    command: str
    lines: tuple[str, ...] = ()
    problem: str = ""


@frozen
class Explanation:
    """All that ``aiemp explain NAME`` shows. ``facts`` are rows of (what, value)."""

    name: str
    kind: str
    about: str
    reason: Reason
    facts: tuple[tuple[str, str], ...]
    log: LogEnd
    more: dict[str, Any] = field(default_factory=dict)
    home: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.reason.state,
            "why": list(self.reason.why),
            "steps": list(self.reason.steps),
            **self.more,
            "log": {
                "place": self.log.place,
                "command": self.log.command,
                "lines": list(self.log.lines),
                "problem": self.log.problem,
            },
        }

    def as_text(self, screen: Screen) -> str:
        style = "bad" if self.reason.is_bad else "good"
        title = f"{self.kind} {self.name}"
        head = f"{screen.paint(title, 'strong')}: {screen.paint(self.reason.state, style)}"
        lines = [head, *self._wrapped(self.about, "", screen), ""]
        for sentence in self.reason.why:
            lines += self._wrapped(sentence, "  ", screen)
        if self.reason.steps:
            lines += ["", screen.paint("WHAT TO DO", "strong")]
            for step in self.reason.steps:
                lines += [
                    screen.paint(line, "strong")
                    for line in self._wrapped(f"-> {step}", "  ", screen, "     ")
                ]
        rows = [[Cell(name, "faint"), Cell(with_tilde(value, self.home))] for name, value in self.facts]
        lines += ["", *table(rows, screen)]
        return "\n".join([*lines, "", *self._log(screen)])

    def _log(self, screen: Screen) -> list[str]:
        log = self.log
        count = len(log.lines)
        ends = "its last line" if count == 1 else f"its last {count} lines"
        told = with_tilde(log.problem, self.home) if log.problem else ends if count else "nothing in it yet"
        place = f"{with_tilde(log.place, self.home)}: {told}; more: {log.command}"
        lines = [screen.paint("LOG", "strong"), *self._wrapped(place, "  ", screen)]
        for line in log.lines:
            shown = visible(with_tilde(line.expandtabs(), self.home))
            lines.append(f"  | {shown}" if screen.width is None else table([[f"  | {shown}"]], screen)[0])
        return lines

    def _wrapped(self, text: str, indent: str, screen: Screen, further: str | None = None) -> list[str]:
        text = visible(with_tilde(text, self.home))
        if not text:
            return []
        from aiemp.cli.wrapping import wrapped

        return wrapped(text, screen.width, indent, further)
