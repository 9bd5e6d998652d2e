"""What a check finds. Pure."""

from __future__ import annotations

from enum import Enum

from aiemp.frozen import frozen


class Level(Enum):
    """FAIL: something does not work, or will not. WARN: it works, but probably not as it is meant."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@frozen
class Finding:
    """One thing that was found. ``remedy`` is what to do about it: a command where there is one."""

    level: Level
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    return Finding(Level.OK, what)


def warn(what: str, remedy: str) -> Finding:
    return Finding(Level.WARN, what, remedy)


def fail(what: str, remedy: str) -> Finding:
    return Finding(Level.FAIL, what, remedy)


def with_remedy(message: str) -> tuple[str, str]:
    """A message of ours as what it says and, behind its last semicolon, what to do."""
    what, separator, remedy = message.rpartition("; ")
    return (what, remedy.removeprefix("run: ")) if separator else (message, "see the message")


def counted(number: int, noun: str) -> str:
    """``1 unit``, ``3 units``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
