"""The way back from :mod:`aiemp.systemd.quoting`: what a line of one of our unit files says. Pure.

Only for what aiemp itself wrote: systemd accepts more than is understood here.
"""

from __future__ import annotations

import re

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_ESCAPED = re.compile(r"((?:\\x[0-9a-f]{2})+)|\\(.)|(%%)|(\$\$)")
_BY_SHELL = ["/bin/sh", "-c", 'exec "$0" "$@"']


def exec_words(value: str) -> list[str]:
    """The argv of an ``ExecStart=`` value, without the shell that starts an awkwardly named program."""
    words = [_unquoted(found, dollars=True) for found in _WORD.finditer(value)]
    return words[len(_BY_SHELL) :] if words[: len(_BY_SHELL)] == _BY_SHELL else words


def environment_words(value: str) -> dict[str, str]:
    """The variables of an ``Environment=`` value."""
    words = (_unquoted(found, dollars=False) for found in _WORD.finditer(value))
    pairs = (word.partition("=") for word in words)
    return {name: text for name, separator, text in pairs if separator}


def _unquoted(word: re.Match[str], *, dollars: bool) -> str:
    if word[1] is None:
        return word[2]

    def original(found: re.Match[str]) -> str:
        codes, escaped, percent, dollar = found.groups()
        if codes:
            return bytes.fromhex(codes.replace("\\x", "")).decode("utf-8", "surrogateescape")
        if dollar:
            return "$" if dollars else "$$"
        return "%" if percent else str(escaped)

    return _ESCAPED.sub(original, word[1])
