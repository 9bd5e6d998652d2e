"""Secrets do not leave by what aiemp writes: they are replaced by value wherever they appear.

One :class:`Redactor` is in force in a process (:func:`put_in_force`), since secrets are facts of the whole
process: its environment, the vault's ``.env``, and what the configuration gives to children. It is asked
where text leaves: logs, the output of children, the ledger, the dashboard, alerts, and the terminal.

What is found: the values that :mod:`aiemp.secret_values` names, as they are, as JSON writes them and as an
address writes them; and tokens that are known by their shape. What is not: a secret in another coding
(base64), with something in between, or in parts; and what a watcher writes to its own log by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from aiemp.secret_values import dotenv_pairs, find_secrets, option_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from aiemp.plan import Plan

LARGEST_DOTENV = 256 * 1024
LONGEST_TOKEN = 4096

SHAPES: tuple[tuple[str, int], ...] = (
    *(("sk-ant-", 16), ("sk-proj-", 16), ("sk-or-v1-", 16), ("sk_live_", 16), ("rk_live_", 16)),
    *(("ghp_", 30), ("gho_", 30), ("ghs_", 30), ("github_pat_", 30), ("glpat-", 16), ("npm_", 30)),
    *(("xoxa-", 10), ("xoxb-", 10), ("xoxp-", 10), ("xoxr-", 10), ("xoxs-", 10), ("xapp-", 10)),
    *(("AIza", 30), ("ya29.", 20), ("pypi-AgEI", 30)),
)
"""How tokens begin, and how many letters, digits, ``_`` and ``-`` follow at least, so that no word does."""

_STARTS = tuple(start.encode() for start, _ in SHAPES)
_STEMS = (
    *("sk-", "k_live_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "npm_", "xox", "xapp-", "AIza"),
    *("ya29.", "pypi-A"),
)
"""Each shape has one of these: a quick look before the slow search."""

_BYTE_STEMS = tuple(stem.encode() for stem in _STEMS)
SHAPE_MARK = "[token redacted]"
_TOKEN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

T = TypeVar("T")


class Redactor:
    """Replaces each of ``secrets`` (value: name) by ``[NAME redacted]``. Text without any stays as it is."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        secrets = secrets or {}
        forms: dict[str, str] = {}
        for value, name in secrets.items():
            mark = f"[{name} redacted]"
            # JSON may be what is redacted, so nothing in the mark may end a string there.
            readable = name.isascii() and name.isprintable() and not set(name) & set('"\\')
            if not readable or any(other in mark for other in secrets):
                mark = "***"
            for form in _forms(value):
                forms.setdefault(form, mark)
        self._look_for(forms)

    def joined(self, other: Redactor) -> Redactor:
        """One that knows what both know; where both know a secret, by the name that it has here."""
        both = Redactor()
        both._look_for({**dict(other._texts), **dict(self._texts)})
        return both

    def _look_for(self, forms: Mapping[str, str]) -> None:
        # The longest first: one that contains another must not be left with its end to be seen.
        self._texts = sorted(forms.items(), key=lambda each: -len(each[0]))
        self._bytes = [(_encoded(form), mark.encode()) for form, mark in self._texts]

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for secret, mark in self._texts:
            if secret in text:
                text = text.replace(secret, mark)
        if any(stem in text for stem in _STEMS):
            text = re.sub(_token_pattern(), SHAPE_MARK, text)
        return text

    def data(self, data: bytes) -> bytes:
        """``data`` without secrets, in UTF-8."""
        for secret, mark in self._bytes:
            if secret in data:
                data = data.replace(secret, mark)
        if any(stem in data for stem in _BYTE_STEMS):
            data = re.sub(_token_pattern().encode(), SHAPE_MARK.encode(), data)
        return data

    def values(self, value: T) -> T:
        """``value`` with every text in it redacted, in mappings and lists too; other values stay."""
        return _redacted(self, value)  # type: ignore[return-value]

    def stream(self) -> RedactedStream:
        """A stream without secrets, however it is cut into chunks."""
        return RedactedStream(self)

    def held_from(self, data: bytes) -> int:
        """Where the end of ``data`` begins that may be the beginning of a secret; its length if none does.

        No secret begins before and ends behind that place.
        """
        start = min((_unfinished(data, secret) for secret, _ in self._bytes), default=len(data))
        start = min(start, *(_unfinished(data, begin) for begin in _STARTS))
        start = min(start, _begun_token(data))
        return self._before_any(data, start)

    def _before_any(self, data: bytes, place: int) -> int:
        """``place``, or the beginning of the secrets that lie across it."""
        if place in (0, len(data)):
            return place
        moved = True
        while moved:
            moved = False
            for secret, _ in self._bytes:
                found = data.find(secret, max(0, place - len(secret) + 1), place + len(secret) - 1)
                if 0 <= found < place:
                    place, moved = found, True
            token = _begun_token(data[:place])
            if token < place:
                place, moved = token, True
        return place


class RedactedStream:
    """What comes in chunks goes out without secrets. Held back is only what may be the beginning of one."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """What can be shown once ``chunk`` has come."""
        data = self._held + chunk if self._held else chunk
        end = self._redactor.held_from(data)
        self._held = data[end:]
        return self._redactor.data(data[:end])

    def finish(self) -> bytes:
        """The rest, at the end of the stream."""
        rest, self._held = self._held, b""
        return self._redactor.data(rest)


_in_force = Redactor()


def in_force() -> Redactor:
    """The redactor of this process; before :func:`put_in_force`, one that knows tokens by their shape."""
    return _in_force


def put_in_force(redactor: Redactor) -> Redactor:
    """Let ``redactor`` be the one of this process from now on."""
    global _in_force  # noqa: PLW0603 - see the module's docstring
    _in_force = redactor
    return redactor


def redactor_of(plan: Plan, environ: Mapping[str, str]) -> Redactor:
    """The redactor for all that a process with ``environ`` may come to know in this plan. Reads ``.env``."""
    return Redactor(find_secrets(_variables(plan, environ)))


def redactor_of_dotenv(vault: Path) -> Redactor:
    """The redactor for what the vault's ``.env`` holds now, which Claude may have written during a run."""
    return Redactor(find_secrets(dotenv_pairs(_dotenv_text(vault))))


def _variables(plan: Plan, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from environ.items()
    yield from dotenv_pairs(_dotenv_text(plan.vault))
    for watcher in plan.watchers:
        yield from watcher.env
        yield from option_pairs(watcher.command)
    for server in plan.mcp_servers:
        yield from server.env
        yield from option_pairs(server.command)
        if server.url:
            yield f"{server.name} url", server.url
    for task in plan.tasks:
        yield from option_pairs(task.command)
    yield from option_pairs(plan.claude.args)
    yield from option_pairs(plan.alert_command)
    for url in (plan.pings.tick_url, plan.pings.run_url):
        if url:
            yield "ping webhook", url


def _dotenv_text(vault: Path) -> str:
    from aiemp.config.reading import read_regular_file  # noqa: PLC0415 - loaded with any configuration

    try:
        # Wherever a link leads: others read it, and what it holds is not to be seen here.
        data, _ = read_regular_file(vault / ".env", LARGEST_DOTENV)
    except OSError:
        return ""
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _forms(value: str) -> Iterable[str]:
    """The ways in which ``value`` may be written, all of the same name."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield value.replace("'", "'\"'\"'")  # as shlex.quote does
    for kept in (b"", b"/"):
        for upper in (True, False):
            yield _percent_encoded(value, kept, upper=upper)
    yield _percent_encoded(value, b" ", upper=True).replace(" ", "+")


def _percent_encoded(value: str, kept: bytes, *, upper: bool) -> str:
    """As :func:`urllib.parse.quote` does it, which costs 5 ms to import."""
    code = "%{:02X}" if upper else "%{:02x}"
    return "".join(
        chr(byte) if byte in _UNRESERVED or byte in kept else code.format(byte) for byte in _encoded(value)
    )


def _encoded(text: str) -> bytes:
    """As it stands in a stream; a surrogate is a byte of something that is not UTF-8 (PEP 383)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _token_pattern() -> str:
    """A whole token. Compiled where it is needed, which is rare."""
    return "|".join(f"{re.escape(start)}[A-Za-z0-9_-]{{{least},}}" for start, least in SHAPES)


def _begun_token(data: bytes) -> int:
    """Where a token begins that reaches to the end of ``data``, and may go on; its length if none does."""
    tail = data[-LONGEST_TOKEN:]
    word = len(tail.rstrip(_TOKEN_BYTES))
    if word == len(tail):
        return len(data)
    first = len(data) - len(tail) + word
    places = (data.find(start, first) for start in _STARTS)
    return min((place for place in places if place >= 0), default=len(data))


def _unfinished(data: bytes, secret: bytes) -> int:
    """Where in ``data`` a beginning of ``secret`` stands that reaches to its end; its length if none does."""
    place = data.find(secret[:1], max(0, len(data) - len(secret) + 1))
    while place >= 0:
        if secret.startswith(data[place:]):
            return place
        place = data.find(secret[:1], place + 1)
    return len(data)


def _redacted(redactor: Redactor, value: object) -> object:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, Mapping):
        return {key: _redacted(redactor, below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_redacted(redactor, below) for below in value)
    return value
