"""Frontmatter of the plainest kind, read without PyYAML and with exactly its results. Pure.

Nearly all frontmatter is lines of ``key: value``; importing PyYAML costs 19 ms in a process that often
lives no longer, and about 1 ms a file after that. What is not certain to mean the same is left to YAML.
"""

from __future__ import annotations

import re
from datetime import datetime

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_WORD_LIKE = re.compile(r"[A-Za-z][\x20-\x7e]*")
_QUOTED = re.compile(r'"[\x20\x21\x23-\x5b\x5d-\x7e]*"|' r"'[\x20-\x26\x28-\x7e]*'")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_SPECIAL_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_BOOLEANS = {"true": True, "false": False}


class _NotPlain(Exception):
    pass


def plain_fields(text: str) -> dict[str, object] | None:
    """The fields of frontmatter ``text``; None when only a YAML parser can say."""
    if not text.isascii():
        return None
    fields: dict[str, object] = {}
    try:
        for line in text.split("\n"):
            if not line.isprintable():
                return None
            if not line or line[0] == "#":
                continue
            key, colon, value = line.partition(":")
            if not colon or not _KEY.fullmatch(key) or key.lower() in _SPECIAL_WORDS:
                return None
            if value and value[0] != " ":
                return None
            fields[key] = _plain_value(value.strip(" "))
    except (_NotPlain, ValueError):
        return None
    return fields


def _plain_value(value: str) -> object:
    result: object
    if not value:
        result = None
    elif _WORD_LIKE.fullmatch(value):
        result = _plain_word(value)
    elif _QUOTED.fullmatch(value):
        result = value[1:-1]
    elif _NUMBER.fullmatch(value):
        result = int(value)
    elif _MOMENT.fullmatch(value):
        result = datetime.fromisoformat(value)
    elif _DAY.fullmatch(value):
        result = datetime.fromisoformat(value).date()
    else:
        raise _NotPlain
    return result


def _plain_word(value: str) -> str | bool:
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if value.lower() in _SPECIAL_WORDS or ": " in value or value[-1] == ":" or " #" in value:
        raise _NotPlain
    return value
