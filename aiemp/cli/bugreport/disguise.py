"""Takes out of a text what does not have to be known: secrets, where the vault and the home are, who it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from aiemp.errors import AiempError
from aiemp.redaction import Redactor
from aiemp.systemd.quoting import exec_argument, path_value

SHORTEST_PATH = 3
SHORTEST_NAME = 2
COMMON = frozenset(
    {"root", "aiemp", "claude", "systemd", "node", "python", "python3", "user", "system", "localhost"}
)
"""Names that stand for programs in nearly every line; as a user's they give nobody away."""

PLAIN_VALUE = re.compile(r"(true|false|[-+]?\d[\d_.]*|\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?)")
PLAIN_KEYS = frozenset(
    {"frequency", "time", "day", "calendar", "timezone", "catch_up", "stop_signal", "fields", "enabled"}
)
"""Settings whose texts are words of ours."""

OUR_LINE = re.compile(r"(^|[\]:] |^\S+ )(\S+ )?(DEBUG|INFO|WARNING|ERROR|CRITICAL) aiemp[.\w]*: ")
SYSTEMD_LINE = re.compile(r"\bsystemd\[\d+\]: ")
SERIOUS = re.compile(r"(WARNING|ERROR|CRITICAL) aiemp")


class Disguise:
    """``secrets`` is the redactor of the plan; ``vaults`` and ``homes`` are paths in all their spellings, ``names``
    those of the user and the machine."""

    def __init__(
        self,
        secrets: Redactor,
        vaults: tuple[str, ...] = (),
        homes: tuple[str, ...] = (),
        names: tuple[str, ...] = (),
    ) -> None:
        self.secrets = secrets
        self.names = names
        self._paths = Redactor({**_forms(homes, "home"), **_forms(vaults, "vault")})

    def text(self, text: str) -> str:
        """``text`` without any of it."""
        text = self._paths.text(self.secrets.text(text))
        text = text.replace("[vault redacted]", "VAULT").replace("[home redacted]", "~")
        for name in self.names:
            if len(name) >= SHORTEST_NAME and name.lower() not in COMMON:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "NAME", text)
        return text

    def values(self, value: object) -> object:
        """``value`` with every text in it disguised, in mappings and lists too, and in their keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.values(below) for key, below in value.items()}
        if isinstance(value, list | tuple):
            return [self.values(below) for below in value]
        return value


def _forms(paths: Iterable[str], name: str) -> dict[str, str]:
    """Each path as it is, and as units write it."""
    forms = {}
    for path in paths:
        path = path.rstrip("/")  # noqa: PLW2901 - the same path
        if len(path) < SHORTEST_PATH or not path.startswith("/"):
            continue
        forms[path] = name
        for quote in (lambda text: path_value(PurePosixPath(text)), exec_argument):
            try:
                forms[quote(path).strip('"')] = name
            except AiempError:
                continue
    return forms


def plain_config(text: str) -> str:
    """``aiemp.toml`` with its tables, keys and plain values; of any other text only how long it is.

    Line by line, so that one with mistakes in it can be shown, too: that may be the trouble.
    """
    shown, inside = [], ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if inside:
            inside = "" if inside in stripped else inside
            continue
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in stripped.partition("="))
        if stripped.startswith("[") and not equals:
            shown.append(f"{number}: {stripped.partition('#')[0].strip()}")
        elif not equals:
            shown.append(f"{number}: ({len(stripped)} characters)")
        else:
            inside = next((end for end in ('"""', "'''") if value.count(end) == 1), "")
            if (
                not inside
                and value.startswith(("[", "{"))
                and value.count(value[0]) != value.count(_END[value[0]])
            ):
                inside = _END[value[0]]
            shown.append(f"{number}: {key} = {_plain(key, value)}")
    return "\n".join(shown) + "\n" if shown else ""


SCRIPT = re.compile(r"[\w./@-]+\.(py|js|mjs|cjs|ts|sh)")


def plain_command(argv: Iterable[str]) -> list[str]:
    """A command with its program, the names of its options and of scripts; of every other word only how long it is.

    Which of them is a secret only the program knows: ``-pSECRET``, ``-u me:SECRET``, a script of a shell.
    """
    words = list(argv)
    return words[:1] + [_plain_word(word) for word in words[1:]]


def _plain_word(word: str) -> str:
    if SCRIPT.fullmatch(word):
        return word
    option, equals, value = word.partition("=")
    if re.fullmatch(r"--?[A-Za-z][\w-]*", option) and (option.startswith("--") or len(option) == 2):
        return f"{option}=({len(value)} characters)" if equals else option
    return f"({len(word)} characters)"


_END = {"[": "]", "{": "}"}


def _plain(key: str, value: str) -> str:
    bare = value.partition(" #")[0].strip()
    if PLAIN_VALUE.fullmatch(bare) or (key in PLAIN_KEYS and len(bare) < 80):
        return bare
    return f"({len(value)} characters)"


def our_lines(lines: Iterable[str], *, only_serious: bool = False) -> list[str]:
    """The lines that aiemp or systemd wrote. What programs print may quote what lies in the vault, so of that only
    the number of lines is told. ``only_serious``: warnings and errors alone; the others name files."""
    kept: list[str] = []
    others = 0
    for line in lines:
        is_ours = SERIOUS.search(line) if only_serious else OUR_LINE.search(line)
        if is_ours or SYSTEMD_LINE.search(line):
            if others:
                kept.append(_left_out(others))
            others = 0
            kept.append(line)
        else:
            others += 1
    return [*kept, _left_out(others)] if others else kept


def _left_out(count: int) -> str:
    return f"[{count} line{'' if count == 1 else 's'} left out]"
