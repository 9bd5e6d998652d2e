"""The engines of the suite by name, and what is shared by all employees of one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conformance.employee import Employee
from tests.conformance.local import Home, LocalLoop, LocalLoopAsOnAMac
from tests.conformance.pm2 import Daemon, UnderPm2
from tests.conformance.under_systemd import UnderTheMachines, UnderTheUsers
from tests.npm_packages import installed
from tests.systemd import employee as real
from tests.systemd.conftest import cannot_be_had
from tests.systemd.machine import Machine
from tests.systemd.requirements import why_no_machine
from tests.systemd.wheel import equip_machine, shared_folder

PM2_MANIFEST = Path(__file__).parents[1] / "pm2/package.json"

ENGINES = {
    "local": "local loop, Linux",
    "local-mac": "local loop, as on a Mac",
    "pm2": "local loop under PM2",
    "systemd-user": "systemd, the user's",
    "systemd-system": "systemd, the system's",
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
        self._daemon: Daemon | None = None
        self._machine: Machine | None = None
        self._users: dict[str, real.Employee] = {}

    def employee(self, engine: str, folder: Path) -> Employee:
        """A new employee; where the engine cannot be had, the test is skipped, and in CI fails."""
        if engine == "local":
            return LocalLoop(Home(folder))
        if engine == "local-mac":
            return LocalLoopAsOnAMac(Home(folder))
        if engine == "pm2":
            return UnderPm2(Home(folder), self.daemon())
        is_system = engine == "systemd-system"
        user = self.user(is_system)
        user.move_in()
        return UnderTheMachines(user) if is_system else UnderTheUsers(user)

    def daemon(self) -> Daemon:
        """The one PM2."""
        if self._daemon is None:
            self._daemon = Daemon(installed(PM2_MANIFEST, "pm2", "PM2") / "pm2/bin/pm2")
        return self._daemon

    def machine(self) -> Machine:
        """The one test machine, with aiemp in it."""
        if self._machine is None:
            reason = why_no_machine()
            if reason is not None:
                cannot_be_had(reason)
            self._machine = Machine(own_clock=True)
            self._machine.boot()
            equip_machine(self._machine, shared_folder(self.factory))
        return self._machine

    def user(self, is_system: bool) -> real.Employee:
        """The one user of each kind."""
        name = "system" if is_system else "user"
        if name not in self._users:
            machine = self.machine()
            self._users[name] = real.Employee(machine, machine.add_user(f"my{name}"), is_system, "UTC")
        return self._users[name]

    def close(self) -> None:
        """End what was started."""
        if self._daemon is not None:
            self._daemon.close()
        if self._machine is not None:
            self._machine.close()
