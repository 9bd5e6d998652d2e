"""The engines of the suite by name, and what is shared by all employees of one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conformance.employee import Employee
from tests.conformance.local import Home, LocalLoop, LocalLoopAsOnAMac

ENGINES = {
    "local": "local loop, Linux",
    "local-mac": "local loop, as on a Mac",
}
"""Each with its heading in the table."""

Function = TypeVar("Function", bound=Callable[..., object])


def not_covered(engine: str, reason: str) -> Callable[[Function], Function]:
    """A scenario that an engine cannot be held to, and why, for the table."""
    assert engine in ENGINES, engine

    def mark(function: Function) -> Function:
        reasons: dict[str, str] = {**getattr(function, "not_covered", {}), engine: reason}
        function.not_covered = reasons  # type: ignore[attr-defined]
        return function

    return mark


def reason_not_covered(function: Callable[..., object], engine: str) -> str:
    """Why an engine is not held to a scenario; empty when it is."""
    return str(getattr(function, "not_covered", {}).get(engine, ""))


class Engines:
    """Makes employees, and what they share the first time that one needs it."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self.factory = factory

    def employee(self, engine: str, folder: Path) -> Employee:
        if engine == "local":
            return LocalLoop(Home(folder))
        if engine == "local-mac":
            return LocalLoopAsOnAMac(Home(folder))
        raise AssertionError(engine)

    def close(self) -> None: ...
