"""All syntax mistakes of a TOML text at once, and what can be understood in spite of them. Pure.

tomllib stops at the first mistake. Here the offending line is made harmless and the text is read again:
lines keep their numbers, a value that cannot be read becomes :data:`UNREADABLE`, and a table or key that is
there twice is put out of the way.
"""

from __future__ import annotations

import re
import tomllib

from aiemp.config.syntax import UNREADABLE, Parsed

MOST_MISTAKES = 20
"""After so many the file is probably no TOML at all."""

_PLACE = re.compile(r"\s*\((?:at line (\d+), column (\d+)|at end of document)\)$")
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_PAIR = re.compile(rf"\s*{_KEY}(?:\s*\.\s*{_KEY})*\s*=")
_UNQUOTED_TIME = re.compile(r"=\s*(\d{1,2}):(\d\d)\s*(?:#|$)")
_MARK = "\0"
_MARK_IN_TOML = "\\u0000"


def parse_broken(text: str) -> Parsed:
    """Read ``text``, which tomllib has refused."""
    lines = text.replace("\r\n", "\n").split("\n")
    mistakes: list[tuple[int, str]] = []
    while True:
        text = "\n".join(lines)
        try:
            values = tomllib.loads(text)
            break
        except tomllib.TOMLDecodeError as error:
            line, complaint = _located(str(error), len(lines))
        except RecursionError:
            return Parsed(None, text, (*mistakes, (1, "brackets are nested too deep; keep tables flat")))
        if mistakes and line <= mistakes[-1][0]:
            # What looked like a mistake of its own was the consequence of something before it.
            return Parsed(None, text, tuple(mistakes))
        mistakes.append((line, _advice(complaint, lines[line - 1])))
        if len(mistakes) >= MOST_MISTAKES:
            return Parsed(None, text, tuple(mistakes))
        lines[line - 1] = _harmless(lines[line - 1], complaint, line)
    return Parsed(_without_marks(values) if mistakes else values, text, tuple(mistakes))


def _located(message: str, last_line: int) -> tuple[int, str]:
    place = _PLACE.search(message)
    if place is None:
        return 1, message
    return int(place[1] or last_line), message[: place.start()]


def _advice(complaint: str, line: str) -> str:
    if complaint.startswith("Cannot declare"):
        return f"{line.partition('#')[0].strip()[:120]} is there twice; join the two tables, or rename one"
    if complaint == "Cannot overwrite a value":
        return f"{line.partition('=')[0].strip()[:120]} is there twice in its table; keep one"
    time = _UNQUOTED_TIME.search(line)
    if time is not None:
        return f'a time needs quotes; write it like time = "{time[1]:0>2}:{time[2]}"'
    if complaint.startswith(("Invalid value", "Invalid character")) and "=" in line:
        return f'{complaint}; write text in quotes, like key = "text"'
    return f"this is not TOML: {complaint}; mend this line"


def _harmless(line: str, complaint: str, number: int) -> str:
    if line.lstrip().startswith("["):
        return f'["{_MARK_IN_TOML}{number}"]'
    pair = _PAIR.match(line)
    if pair is None:
        return ""
    if complaint == "Cannot overwrite a value":
        return f'"{_MARK_IN_TOML}{number}" ={line[pair.end() :]}'
    return f'{pair.group()} "{_MARK_IN_TOML}"'


def _without_marks(value: object) -> dict[str, object]:
    cleaned = _cleaned(value)
    assert isinstance(cleaned, dict)
    return cleaned


def _cleaned(value: object) -> object:
    if isinstance(value, dict):
        return {key: _cleaned(entry) for key, entry in value.items() if not key.startswith(_MARK)}
    if isinstance(value, list):
        return [_cleaned(entry) for entry in value]
    return UNREADABLE if value == _MARK else value
