"""TOML text into values, going on after a mistake where the rest can still be understood. Pure."""

from __future__ import annotations

import tomllib
from enum import Enum
from typing import NamedTuple


class Unreadable(Enum):
    """Stands for a value whose mistake has been reported already."""

    UNREADABLE = "unreadable"


UNREADABLE = Unreadable.UNREADABLE


class Parsed(NamedTuple):
    """``values`` is what could be read; None when a mistake made the rest incomprehensible.

    ``mistakes`` holds (line, message); ``text`` has the lines of the original, the broken ones replaced.
    """

    values: dict[str, object] | None
    text: str
    mistakes: tuple[tuple[int, str], ...] = ()


def parse(text: str) -> Parsed:
    """Read TOML ``text``. Never raises for what stands in it."""
    try:
        return Parsed(tomllib.loads(text), text)
    except (tomllib.TOMLDecodeError, RecursionError):
        from aiemp.config.syntax_recovery import parse_broken  # noqa: PLC0415 - only a mistake pays for it

        return parse_broken(text)
