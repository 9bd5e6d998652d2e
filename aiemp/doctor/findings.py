"""What a check finds. Pure."""

from __future__ import annotations

from enum import Enum

from aiemp.frozen import field, frozen
from aiemp.remedy import split_remedy


class Level(Enum):
    """FAIL: something does not work, or will not. WARN: it works, but probably not as it is meant."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@frozen
class Finding:
    """One thing that was found. ``remedy`` is what to do about it: a command where there is one. ``fix``: the
    command lines of it that are safe, so that ``aiemp doctor --fix`` may run them: they lose nothing, start nothing
    that was not meant to run, and cost nothing."""

    level: Level
    what: str
    remedy: str = ""
    fix: tuple[str, ...] = field(default=(), compare=False)


def ok(what: str) -> Finding:
    return Finding(Level.OK, what)


def warn(what: str, remedy: str, fix: tuple[str, ...] = ()) -> Finding:
    return Finding(Level.WARN, what, remedy, fix)


def fail(what: str, remedy: str, fix: tuple[str, ...] = ()) -> Finding:
    return Finding(Level.FAIL, what, remedy, fix)


def closing(what: str, remedy: str) -> Finding:
    """A failure; one that only takes a right away from others is safe to mend."""
    return fail(what, remedy, (remedy,) if remedy.startswith("chmod go-w ") else ())


def with_remedy(message: str) -> tuple[str, str]:
    """A message of ours as what it says and, behind its last semicolon, what to do."""
    what, remedy = split_remedy(message)
    return what, remedy.removeprefix("run: ") or "see the message"


def counted(number: int, noun: str) -> str:
    """``1 unit``, ``3 units``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
