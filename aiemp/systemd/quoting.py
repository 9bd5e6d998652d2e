"""Any text as a value in a unit file, so that systemd reads back exactly that text. Pure.

systemd has no one syntax for values: each directive is split, unquoted, unescaped and expanded by its own rules
(systemd.syntax(7) "Quoting", systemd.service(5) "Command lines", systemd.unit(5) "Specifiers"; where these are
silent, tests/systemd/test_quoting_round_trip.py asked systemd 252 and 257). One function for each set of rules:

=============================  ===========================================================================
:func:`exec_line`              ``ExecStart=`` and the other ``Exec…=``
:func:`environment_assignment` ``Environment=`` (several on one line, separated by spaces)
:func:`path_value`             one path: ``WorkingDirectory=``, ``EnvironmentFile=``, ``ConditionPathExists=``,
                               what follows ``LoadCredential=ID:`` and ``StandardOutput=append:``
:func:`path_list_value`        ``ReadWritePaths=``, ``ReadOnlyPaths=``, ``InaccessiblePaths=``, ``ExecPaths=``
:func:`bind_path_value`        ``BindPaths=``, ``BindReadOnlyPaths=``
:func:`text_value`             ``Description=``
:func:`unit_name_part`         a part of a unit's name
=============================  ===========================================================================

ValueError where systemd has no way to write a value. Everywhere that is NUL and, so that no value can ever begin
a new line in a unit file, the line ends; see each function for the rest.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import PurePath

_PLAIN = re.compile(r"[A-Za-z0-9_./=:,@+-]+", re.ASCII)
"""Words that every rule leaves alone."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_END = re.compile(r"[\n\r\x00]")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME_BYTES = frozenset((string.ascii_letters + string.digits + "_.-").encode())


def exec_line(argv: Sequence[str]) -> str:
    """A value for ``ExecStart=`` that runs ``argv``: no splitting, no variables, no specifiers.

    The program must be an absolute path without control characters (systemd refuses others, and would look a
    bare name up on a path of its own).
    """
    if not argv:
        raise ValueError("no command: a command line needs a program")
    program = argv[0]
    if not program.startswith("/") or program.endswith("/"):
        raise ValueError(f"{program!r} is not the absolute path of a program")
    _refuse(_CONTROL, program, "the path of a program")
    _refuse_bytes(program, "the path of a program")
    if "$" not in program:
        return " ".join(exec_argument(word) for word in argv)
    # The path is not searched for variables, so `$$` would be two dollars there; but what the program gets
    # as its own name is. The prefix ":" turns variables off for the whole line.
    return ":" + " ".join(_quoted_argument(word) for word in argv)


def exec_argument(argument: str) -> str:
    """One word of an ``ExecStart=`` line (not its program). Tabs and other control characters survive."""
    return _quoted_argument(argument).replace("$", "$$")


def environment_assignment(name: str, value: str) -> str:
    """One word of an ``Environment=`` line. Of control characters only a tab may be in ``value``.

    Everybody on the machine can read it: no secrets (systemd.exec(5), "Environment").
    """
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of an environment variable")
    what = f"the value of {name}"
    _refuse(_CONTROL, value.replace("\t", ""), what)
    _refuse_bytes(value, what)
    return _quoted_argument(f"{name}={value}")


def path_value(path: PurePath) -> str:
    """The value of a directive that takes one absolute path. It is not quoted: systemd takes quotes literally."""
    text = _absolute(path).replace("%", "%%")
    # A space at the end would be cut off, a backslash there would swallow the next line; systemd drops the slash.
    return f"{text}/" if text[-1] in " \t\\" else text


def path_list_value(*paths: PurePath) -> str:
    """The value of a directive that takes several absolute paths."""
    return " ".join(_quoted_path(path) for path in paths)


def bind_path_value(source: PurePath, destination: PurePath | None = None) -> str:
    """One word of ``BindPaths=``: ``source`` appears at ``destination``, by default at its own place."""
    return f"{_quoted_path(source)}:{_quoted_path(destination or source)}"


def text_value(text: str) -> str:
    """The value of ``Description=``. Spaces at both ends are dropped, as systemd would."""
    _refuse(_CONTROL, text.replace("\t", ""), "a description")
    _refuse_bytes(text, "a description")
    stripped = text.strip(" \t")
    # A single backslash at the end would swallow the next line; a space behind it is cut off again.
    return stripped.replace("%", "%%") + (" " if stripped.endswith("\\") else "")


def unit_name_part(name: str) -> str:
    r"""``name`` with the characters that a unit name cannot have as ``\xNN``, byte by byte.

    As systemd-escape(1), except that ``-`` stays: that escapes it because it writes ``/`` so, and a name is no
    path. Different names never become the same part.
    """
    if not name:
        raise ValueError("an empty name cannot be part of a unit's name")
    encoded = name.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _NAME_BYTES else f"\\x{byte:02x}" for byte in encoded)


def _quoted_argument(argument: str) -> str:
    _refuse(_LINE_END, argument, "an argument")
    if _PLAIN.fullmatch(argument):
        return argument
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    escaped = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped)
    encoded = escaped.encode("utf-8", "surrogateescape")
    try:
        encoded.decode("utf-8")
    except UnicodeDecodeError:  # bytes that are no text: systemd wants text in the file, and bytes as escapes
        escaped = "".join(chr(byte) if byte < 0x80 else f"\\x{byte:02x}" for byte in encoded)  # noqa: PLR2004
    return f'"{escaped}"'


def _quoted_path(path: PurePath) -> str:
    text = _absolute(path)
    if _PLAIN.fullmatch(text) and ":" not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _absolute(path: PurePath) -> str:
    text = str(path)
    if not path.is_absolute():
        raise ValueError(f"{text!r} is not an absolute path")
    _refuse(_LINE_END, text, "a path")
    _refuse_bytes(text, "a path")
    return text


def _refuse(characters: re.Pattern[str], text: str, what: str) -> None:
    found = characters.search(text)
    if found is not None:
        raise ValueError(f"{what} cannot contain {found[0]!r} in a unit file: {text[:60]!r}")


def _refuse_bytes(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} must be UTF-8 in a unit file: {text[:60]!r}") from error
