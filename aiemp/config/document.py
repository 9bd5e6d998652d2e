"""A configuration file under validation: collects every mistake with its line. Pure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiemp.config.positions import KeyPath, Positions

LONGEST_SHOWN = 60


class Document:
    """The text of one file, and what was found wrong with it.

    ``file`` is what the messages call it; relative paths in it start at ``folder``. ``expand_home`` turns a
    leading ``~`` into a home folder, and raises UsageError when there is none.
    """

    def __init__(self, file: Path, text: str, expand_home: Callable[[str], str] = str) -> None:
        self.file = file
        self.folder = file.parent
        self.expand_home = expand_home
        self._text = text
        self._positions: Positions | None = None
        self._mistakes: list[tuple[int, str]] = []

    def line(self, path: KeyPath) -> int:
        """The line of a key, from 1. The text is searched when this is first asked."""
        if self._positions is None:
            from aiemp.config.positions import Positions  # noqa: PLC0415 - a file in order needs no lines

            self._positions = Positions(self._text)
        return self._positions.line(path)

    def mistake(self, path: KeyPath, message: str) -> None:
        """Note a mistake in what stands at ``path``. ``message``: what; what to do."""
        self.mistake_in_line(self.line(path), message)

    def mistake_in_line(self, line: int, message: str) -> None:
        """Note a mistake in a line known by its number."""
        self._mistakes.append((line, message))

    def mistakes(self) -> list[str]:
        """``file:line: message`` for each mistake, in the order of the lines."""
        in_order = sorted(self._mistakes, key=lambda mistake: mistake[0])
        return [f"{printable(self.file)}:{line}: {message}" for line, message in in_order]


def shown(value: object) -> str:
    """A short, printable form of a value from the file, as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def printable(file: Path) -> str:
    """A path for a one-line message: control characters and bytes that are no text are escaped."""
    text = str(file)
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode()


def dotted(path: KeyPath) -> str:
    """``tasks.triage.command[1]``; a name that is no bare key is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        is_bare = part.isascii() and part.replace("_", "a").replace("-", "a").isalnum()
        text += ("." if text else "") + (part if is_bare else shown(part))
    return text
