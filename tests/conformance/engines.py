"""The engines of the suite by name, which scenarios hold for which, and what employees of one engine share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conformance.employee import Employee
from tests.conformance.local import Home, LocalLoop, LocalLoopAsOnAMac
from tests.conformance.pm2 import Daemon, UnderPm2
from tests.conformance.under_systemd import UnderSystemd
from tests.npm_packages import cannot_be_had, installed
from tests.systemd import employee as real
from tests.systemd.conftest import MAKING_A_ROOT_TIMEOUT_S
from tests.systemd.debian_root import NoDebianRoot, trixie_root
from tests.systemd.machine import Machine
from tests.systemd.requirements import why_no_machine
from tests.systemd.wheel import equip_machine, shared_folder

PM2_MANIFEST = Path(__file__).parents[1] / "pm2/package.json"

ENGINES = {
    "local": "local loop, Linux",
    "local-mac": "local loop, as on a Mac",
    "pm2": "PM2",
    "systemd-user": "systemd of the user",
    "systemd-system": "systemd of the system",
    "systemd-257-user": "systemd 257 of the user",
    "systemd-257-system": "systemd 257 of the system",
}
"""Each with its heading in the table. Those without a number are of this host."""

QUICK = ("local", "local-mac")
"""`make test` has every scenario on these; on the others those that are ``in_make_test``."""

Function = TypeVar("Function", bound=Callable[..., object])


def not_covered(reason: str, *engines: str) -> Callable[[Function], Function]:
    """A scenario that some engines cannot be held to, and why, for the table."""
    assert set(engines) <= set(ENGINES), engines

    def mark(function: Function) -> Function:
        function.not_covered = dict.fromkeys(engines, reason)  # type: ignore[attr-defined]
        return function

    return mark


def in_make_test(function: Function) -> Function:
    """A scenario that `make test` tries on every engine."""
    function.in_make_test = True  # type: ignore[attr-defined]
    return function


def reason_not_covered(function: Callable[..., object], engine: str) -> str:
    """Why an engine is not held to a scenario; empty when it is."""
    return str(getattr(function, "not_covered", {}).get(engine, ""))


def variants(function: Callable[..., object]) -> list[object]:
    """The engines as parameters of a scenario, each with its marks."""
    return [pytest.param(engine, marks=list(_marks(function, engine))) for engine in ENGINES]


def _marks(function: Callable[..., object], engine: str) -> list[pytest.MarkDecorator]:
    is_newer = "257" in engine
    marks = [] if engine in QUICK else [pytest.mark.real_engine(engine.partition("-")[0])]
    if engine not in QUICK and (is_newer or not getattr(function, "in_make_test", False)):
        marks.append(pytest.mark.conformance)
    if is_newer:
        marks.append(pytest.mark.systemd257)
        marks.append(pytest.mark.timeout(MAKING_A_ROOT_TIMEOUT_S))
    return marks


class Engines:
    """Makes employees, and what they share the first time that one needs it."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self.factory = factory
        self._daemon: Daemon | None = None
        self._machines: dict[bool, Machine] = {}
        self._users: dict[str, real.Employee] = {}

    def employee(self, engine: str, folder: Path) -> Employee:
        """A new employee; where the engine cannot be had, the test is skipped, and in CI fails."""
        reason = why_not_here()
        if reason is not None:
            cannot_be_had("employee to look at", reason)
        if engine == "local":
            return LocalLoop(Home(folder))
        if engine == "local-mac":
            return LocalLoopAsOnAMac(Home(folder))
        if engine == "pm2":
            return UnderPm2(Home(folder), self._pm2())
        user = self._user(engine)
        user.move_in()
        return UnderSystemd(user, folder)

    def _pm2(self) -> Daemon:
        if self._daemon is None:
            self._daemon = Daemon(installed(PM2_MANIFEST, "pm2", "PM2") / "pm2/bin/pm2")
        return self._daemon

    def _machine(self, is_newer: bool) -> Machine:
        if is_newer not in self._machines:
            reason = why_no_machine()
            if reason is not None:
                cannot_be_had("systemd", reason)
            machine = Machine(newer_root() if is_newer else Path("/"), own_clock=True)
            self._machines[is_newer] = machine
            machine.boot()
            equip_machine(machine, shared_folder(self.factory))
        return self._machines[is_newer]

    def _user(self, engine: str) -> real.Employee:
        """The one user of each kind: of all that `install-units --system` installs there is one in a machine."""
        if engine not in self._users:
            machine = self._machine("257" in engine)
            is_system = engine.endswith("system")
            name = "mysystem" if is_system else "myself"
            self._users[engine] = real.Employee(machine, machine.add_user(name), is_system, "UTC")
        return self._users[engine]

    def close(self) -> None:
        """End what was started."""
        if self._daemon is not None:
            self._daemon.close()
        for machine in self._machines.values():
            machine.close()


def why_not_here() -> str | None:
    """Why the suite cannot be run on this host at all; None when it can."""
    if not sys.platform.startswith("linux"):
        return "what an employee does is seen in /proc, and its clock is set as on Linux"
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        return "setting its clock needs a C compiler: install gcc and libc6-dev"
    return None


def newer_root() -> Path:
    """The root folder with the newer systemd; where there is none the test is skipped, and in CI fails."""
    try:
        return trixie_root()
    except NoDebianRoot as error:
        cannot_be_had("systemd 257", str(error))
