"""Any text as a value in a unit file, so that systemd reads back exactly that text. Pure.

systemd has no one syntax for values: each directive is split, unquoted, unescaped and expanded by rules of
its own (systemd.syntax(7) "Quoting", systemd.service(5) "Command lines", systemd.unit(5) "Specifiers"). Where
these are silent, tests/systemd/test_quoting_round_trip.py asked systemd 252 and 257. One function per rule:

==============================  ==========================================================================
:func:`exec_line`               ``ExecStart=`` and the other ``Exec…=``
:func:`environment_assignment`  one word of ``Environment=``
:func:`path_value`              one path: ``WorkingDirectory=``, ``StandardOutput=append:…``
:func:`path_list_value`         ``ReadWritePaths=``, ``ReadOnlyPaths=``, ``InaccessiblePaths=``
:func:`bind_path_value`         one word of ``BindPaths=`` or ``BindReadOnlyPaths=``
:func:`text_value`              ``Description=``
:func:`unit_name_part`          a part of a unit's name
==============================  ==========================================================================

ValueError where systemd has no way to write a value. For all of them that is NUL and, so that no value can
begin a new line in a unit file, the line ends. For all but :func:`exec_line` it is whatever is no UTF-8 (file
names can be that; Python shows it as lone surrogates).
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import PurePath

PLANES = 17
FIRST_NON_ASCII = 0x80

_PLAIN = re.compile(r"[A-Za-z0-9_./=:,@+-]+", re.ASCII)
"""Words that mean themselves under every rule, except for ``:`` in a bind path."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_END = re.compile(r"[\x00\n\r]")
_UNSAFE_IN_PROGRAM = re.compile(r"[\x00-\x1f\x7f\"'\\$]| $")
_LOST_IN_BIND_PATH = re.compile(r"[\x00-\x1f\x7f\"']")
_LAST_OF_PLANES = "".join(chr(0x10000 * plane + end) for plane in range(PLANES) for end in (0xFFFE, 0xFFFF))
_NOT_UTF8 = f"[\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]"
"""Lone surrogates, and the code points that never are characters: a line with one of these is ignored. Compiled where
a text is not ASCII."""

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME_BYTES = frozenset((string.ascii_letters + string.digits + "_.-").encode())
_BY_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')


def exec_line(argv: Sequence[str]) -> str:
    """A value for ``ExecStart=`` that runs exactly ``argv``. The program must be an absolute path.

    systemd refuses a program with quotes or a backslash in its path, mistakes a ``$`` there for a variable,
    and 257 loses a space at its end. Such a one is started by a shell that becomes it (exec): it still is
    the unit's main process.
    """
    if not argv or not argv[0].startswith("/") or argv[0].endswith("/"):
        raise ValueError(f"{argv[0] if argv else ''!r} is not the absolute path of a program")
    by_shell = _UNSAFE_IN_PROGRAM.search(argv[0]) or _not_utf8(argv[0])
    return " ".join(exec_argument(word) for word in ((*_BY_SHELL, *argv) if by_shell else argv))


def exec_argument(argument: str) -> str:
    """One word of an ``Exec…=`` line: not split, no variable, no specifier, and no ``;`` between commands."""
    return _quoted_word(argument, "an argument").replace("$", "$$")


def environment_assignment(name: str, value: str) -> str:
    """One word of an ``Environment=`` line.

    Everybody on the machine can read it over D-Bus: no secrets (systemd.exec(5), "Environment").
    """
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of an environment variable")
    _refuse_found(_not_utf8(value), value, f"the value of {name}")
    return _quoted_word(f"{name}={value}", f"the value of {name}")


def path_value(path: PurePath) -> str:
    """The value of a directive that takes one absolute path and nothing else: quotes would be part of it.

    Not for ``LoadCredential=``: 257 loses paths with spaces or backslashes on the way to the service.
    """
    text = _absolute(path).replace("%", "%%")
    # Space at the end would be cut off, a backslash would swallow the next line. systemd drops the slash.
    return f"{text}/" if text[-1] in " \t\\" else text


def path_list_value(*paths: PurePath) -> str:
    """The value of a directive that takes several absolute paths."""
    return " ".join(_quoted_path(path) for path in paths)


def bind_path_value(source: PurePath, destination: PurePath | None = None) -> str:
    """One word of ``BindPaths=``: ``source`` appears at ``destination``, by default at its own place.

    No quotes and no control characters: systemd 257 loses them on the way to the service, so this refuses
    them. ``ReadWritePaths=`` has no such limit.
    """
    ends = (source, destination or source)
    for path in ends:
        _refuse(_LOST_IN_BIND_PATH, str(path), "a bind path")
    return ":".join(_quoted_path(path) for path in ends)


def text_value(text: str) -> str:
    """The value of ``Description=``. Spaces at both ends are dropped, as systemd would."""
    _refuse(_LINE_END, text, "a description")
    _refuse_found(_not_utf8(text), text, "a description")
    value = text.strip(" \t").replace("%", "%%")
    # A backslash at the end would swallow the next line; a space behind it is cut off again.
    return f"{value} " if value.endswith("\\") else value


def unit_name_part(name: str) -> str:
    r"""``name``, the bytes that a unit's name should not have as ``\xNN``. Different names stay different.

    As systemd-escape(1), except that ``-`` stays, which that writes for ``/``: a name is no path.
    """
    if not name:
        raise ValueError("an empty name cannot be part of a unit's name")
    return "".join(chr(byte) if byte in _NAME_BYTES else f"\\x{byte:02x}" for byte in _bytes_of(name))


def _quoted_word(word: str, what: str) -> str:
    _refuse(_LINE_END, word, what)
    if _PLAIN.fullmatch(word):
        return word
    escaped = _escaped(word)
    # A control character as it is would be read as well, but nobody can see it in the file.
    escaped = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped)
    if _not_utf8(escaped):
        escaped = re.sub(_NOT_UTF8, lambda m: "".join(f"\\x{byte:02x}" for byte in _bytes_of(m[0])), escaped)
    return f'"{escaped}"'


def _quoted_path(path: PurePath) -> str:
    text = _absolute(path)
    plain = _PLAIN.fullmatch(text) and ":" not in text
    return text if plain else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _absolute(path: PurePath) -> str:
    text = str(path)
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{text!r} is not an absolute path without ..")
    _refuse(_LINE_END, text, "a path")
    _refuse_found(_not_utf8(text), text, "a path")
    return text


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(f"{text[:60]!r} is no text") from error


def _refuse(characters: re.Pattern[str], text: str, what: str) -> None:
    _refuse_found(characters.search(text), text, what)


def _not_utf8(text: str) -> re.Match[str] | None:
    return None if text.isascii() else re.search(_NOT_UTF8, text)


def _refuse_found(found: re.Match[str] | None, text: str, what: str) -> None:
    if found is not None:
        raise ValueError(f"{what} cannot contain {found[0]!r} in a unit file: {text[:60]!r}")
