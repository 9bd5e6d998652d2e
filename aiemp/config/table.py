"""One TOML table, read key by key. Pure.

Each method reads one key: it returns None when the key is not there or its value is wrong, and notes the
mistake in the document. Which keys there are, and between which bounds, :mod:`aiemp.config.keys` says; to ask
for another one is a mistake of the program (KeyError).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from aiemp.config.document import Document, dotted, shown
from aiemp.config.keys import ROOT, Keys
from aiemp.config.syntax import UNREADABLE
from aiemp.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiemp.config.positions import KeyPath

SEED_NAMES = {
    "time_of_day": "time",
    "day_of_week": "day",
    "trigger_fn": "function",
    "schedule": "frequency",
    "cron": "calendar",
    "timeout": "timeout_minutes",
    "interval": "interval_minutes",
    "schedules": "tasks",
}
"""Words that mean one of ours without looking like it: the seed's field names (2A), and other schedulers'."""


class Table:
    """The table at ``place`` in a document, and the ``keys`` that it may have; the root's place is empty."""

    def __init__(
        self, document: Document, values: Mapping[str, object], place: KeyPath = (), keys: Keys = ROOT
    ) -> None:
        self.document = document
        self.place = place
        self.keys = keys
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def line(self) -> int:
        """Where the table stands in the file."""
        return self.document.line(self.place)

    def mistake(self, message: str, *below: str | int) -> None:
        """Note a mistake about this table or, with ``below``, about a key in it: ``KEY MESSAGE``."""
        path = (*self.place, *below)
        self.document.mistake(path, f"{dotted(path)} {message}" if path else message)

    def value(self, key: str) -> object | None:
        """The value as TOML has it; None when it is not there or could not be read."""
        self.keys[key]  # asked for what is not in the table of keys: KeyError
        value = self._values.get(key)
        return None if value is UNREADABLE else value

    def text(self, key: str) -> str | None:
        """Text that is not blank and has no NUL, which no program argument can hold."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(key, value, "text in quotes")
        elif not value.strip():
            self.mistake("is empty; give it a value, or remove it", key)
        elif "\0" in value:
            self.mistake("contains a NUL character; remove it", key)
        else:
            return value
        return None

    def one_line(self, key: str) -> str | None:
        """Text without control characters: it ends up in one line of a unit, a log or a table."""
        text = self.text(key)
        if text is not None and has_control_characters(text):
            self.mistake("contains a line break or another control character; write it in one line", key)
            return None
        return text

    def flag(self, key: str) -> bool | None:
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false, without quotes")
        return None

    def whole(self, key: str) -> int | None:
        value, (_, least, most, *_) = self.value(key), self.keys[key]
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, value, "a whole number, without quotes")
        elif not least <= value <= most:
            self.mistake(f"is {shown(value)}; write a whole number from {least} to {most}", key)
        else:
            return value
        return None

    def number(self, key: str) -> float | None:
        value, (_, above, most, *_) = self.value(key), self.keys[key]
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._wrong(key, value, "a number, without quotes")
        elif not above < value <= most:  # true of nan and inf, too
            self.mistake(f"is {shown(value)}; write a number above {above}, at most {most}", key)
        else:
            return float(value)
        return None

    def choice(self, key: str) -> str | None:
        """One of the key's choices, written exactly so."""
        text, known = self.one_line(key), self.keys[key].choices
        if text is None or text in known:
            return text
        hint = did_you_mean(text.lower() if text.lower() in known else text, known)
        self.mistake(f"is {shown(text)}; write one of {', '.join(known)}{hint}", key)
        return None

    def words(self, key: str) -> tuple[str, ...] | None:
        """A list of text; it may be empty, and so may its elements."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self._wrong(key, value, 'a list of words, like ["first", "second"]')
            return None
        for index, word in enumerate(value):
            if word is UNREADABLE:
                return None
            if not isinstance(word, str):
                self.mistake(f"is {kind(word)}; write it in quotes", key, index)
                return None
            if "\0" in word:
                self.mistake("contains a NUL character; remove it", key, index)
                return None
        return tuple(value)

    def argv(self, key: str) -> tuple[str, ...] | None:
        """A program and its arguments; ``~`` in the program's path is expanded.

        Line breaks are refused: they would end the line of a unit file. A script belongs in a file.
        """
        words = self.words(key)
        if words is None:
            return None
        if not words or not words[0].strip():
            self.mistake('names no program; write a list like ["program", "argument"]', key)
            return None
        broken = [index for index, word in enumerate(words) if "\n" in word or "\r" in word]
        if broken:
            self.mistake("contains a line break; put the script in a file", key, broken[0])
            return None
        program = self._expanded(key, words[0])
        return None if program is None else (program, *words[1:])

    def path(self, key: str) -> str | None:
        """A path as it is written, but with ``~`` expanded."""
        text = self.one_line(key)
        return None if text is None else self._expanded(key, text)

    def folder(self, key: str) -> Path | None:
        """A path, ``~`` expanded; it may be relative, to what the caller says."""
        path = self.path(key)
        return None if path is None else Path(path)

    def table(self, key: str) -> Table | None:
        """The table at ``key``; None when it is not there."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, dict):
            below = self.keys[key].keys
            assert below is not None  # a key that holds a table
            return Table(self.document, value, (*self.place, key), below)
        self._wrong(key, value, f"a table: [{dotted((*self.place, key))}]")
        return None

    def variables(self, key: str) -> tuple[tuple[str, str], ...] | None:
        """A table of environment variables. Their values may be secrets: no message shows them."""
        table = self.table(key)
        if table is None:
            return None
        found = []
        for name in table.names():
            self._check_variable(name, key, name)
            value = table.value(name)
            if isinstance(value, str) and "\0" not in value:
                found.append((name, value))
            elif value is not None:
                table.mistake(f"is {kind(value)}; write text in quotes, without NUL", name)
        return tuple(found)

    def variable_names(self, key: str) -> tuple[str, ...] | None:
        """A list of names of environment variables."""
        names = self.words(key)
        for index, name in enumerate(names or ()):
            self._check_variable(name, key, index)
        return names

    def names(self) -> list[str]:
        """The keys of this table, in the order of the file."""
        return list(self._values)

    def refuse_unknown_keys(self) -> None:
        """Report every key that is not in the table of keys. Call it last."""
        for key in self._values:
            if key not in self.keys:
                self.mistake(f"is not known here; remove it{did_you_mean(key, self.keys)}", key)

    def _expanded(self, key: str, text: str) -> str | None:
        try:
            return self.document.expand_home(text)
        except UsageError as error:
            self.mistake(f"is {shown(text)}: {error}", key)
            return None

    def _check_variable(self, name: str, *below: str | int) -> None:
        if not (name.isascii() and name.isidentifier()):
            self.mistake("is no name of an environment variable; use letters, digits and _", *below)

    def _wrong(self, key: str, value: object, wanted: str) -> None:
        self.mistake(f"is {kind(value)}; write {wanted}", key)


def has_control_characters(text: str) -> bool:
    """Whether ``text`` holds a line break of any alphabet, a tab or another control character."""
    return any(
        character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029" for character in text
    )


def kind(value: object) -> str:
    """What sort of value this is, in words, without the value."""
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, or did you mean `time`?`` when something known looks like ``word``; else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    choices = sorted(known)
    meant = SEED_NAMES.get(word)
    close = [meant] if meant in choices else get_close_matches(word, choices, n=1)
    return f", or did you mean `{close[0]}`?" if close else ""
