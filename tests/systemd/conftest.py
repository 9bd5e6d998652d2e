"""The machines that the tests of this folder run on: one for each systemd, booted once for the whole run.

Where a machine cannot be had, its tests skip and say why; with ``CI=true`` in the environment they fail.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from tests.systemd.debian_root import NoDebianRoot, trixie_root
from tests.systemd.employee import Employee, zone_at_noon
from tests.systemd.inside import User
from tests.systemd.machine import Machine, NewUser
from tests.systemd.requirements import why_no_machine
from tests.systemd.wheel import equip_machine, shared_folder

MAKING_A_ROOT_TIMEOUT_S = 1200
"""A test's own limit includes its fixtures, and the first one on the newer systemd downloads a Debian."""

_user_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests on the newer systemd the time to make its root folder."""
    for item in items:
        if item.get_closest_marker("systemd257"):
            item.add_marker(pytest.mark.timeout(MAKING_A_ROOT_TIMEOUT_S))


@pytest.fixture(scope="session")
def bootable() -> None:
    """Skips where this host can boot no machine at all."""
    reason = why_no_machine()
    if reason is not None:
        cannot_be_had(reason)


@pytest.fixture(scope="session")
def machine(bootable: None) -> Iterator[Machine]:
    """A machine with this host's own systemd, shared by all tests: use your own users and unit names."""
    with Machine() as booted:
        yield booted


@pytest.fixture
def own_machine(bootable: None) -> Iterator[Machine]:
    """A machine for one test, which may switch it off and on and set its clock."""
    with Machine() as booted:
        yield booted


@pytest.fixture(scope="session")
def trixie(bootable: None) -> Path:
    """The root folder of a Debian 13."""
    try:
        return trixie_root()
    except NoDebianRoot as error:
        cannot_be_had(str(error))


@pytest.fixture(scope="session")
def machine_257(trixie: Path) -> Iterator[Machine]:
    """A machine with systemd 257; mark its tests ``systemd257``."""
    with Machine(trixie) as booted:
        yield booted


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("machine", id="own"),
        pytest.param("machine_257", id="257", marks=pytest.mark.systemd257),
    ],
)
def each_machine(request: pytest.FixtureRequest) -> Machine:
    """The one machine, and in another run of the same test the other."""
    booted: Machine = request.getfixturevalue(request.param)
    return booted


@pytest.fixture
def new_user() -> Iterator[NewUser]:
    """``new_user(machine)`` is a fresh lingering user of that machine, gone after the test."""
    made: list[tuple[Machine, User]] = []

    def add(machine: Machine, *, linger: bool = True) -> User:
        fresh = machine.add_user(f"tester{next(_user_numbers)}", linger)
        made.append((machine, fresh))
        return fresh

    yield add
    for machine, fresh in made:
        machine.remove_user(fresh.name)


@pytest.fixture
def user(machine: Machine, new_user: NewUser) -> User:
    """A fresh lingering user of ``machine``, gone after the test."""
    return new_user(machine)


def cannot_be_had(reason: str) -> NoReturn:
    """Skip, or fail where the environment says that this is CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no real systemd in CI: {reason}", pytrace=False)
    pytest.skip(f"no real systemd: {reason}")


@pytest.fixture(scope="session")
def equip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Machine], Machine]:
    """``equip(machine)`` has aiemp in it, for all its users."""
    return partial(equip_machine, shared=shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def equipped(each_machine: Machine, equip: Callable[[Machine], Machine]) -> Machine:
    """Each machine, with aiemp in it."""
    return equip(each_machine)


@pytest.fixture(scope="session", params=[False, True], ids=["user", "system"])
def worker(request: pytest.FixtureRequest, equipped: Machine) -> Iterator[Employee]:
    """One user for each machine and each kind of installation; see ``employee``."""
    user = equipped.add_user(f"worker{next(_user_numbers)}")
    made = Employee(equipped, user, request.param, zone_at_noon(equipped.now()))
    yield made
    equipped.remove_user(user.name)


@pytest.fixture
def employee(worker: Employee) -> Iterator[Employee]:
    """An employee with a fresh vault, of whom nothing is installed, in four variants: under his own systemd and
    under the machine's, on each machine."""
    worker.move_in()
    yield worker
    worker.clear()
