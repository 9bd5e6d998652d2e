"""Our units on each machine, of a user and of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiemp.systemd.scope import Scope
from tests.systemd.inside import User
from tests.systemd.machine import Machine
from tests.systemd.units.installed import Installed


@pytest.fixture(scope="module")
def owner(each_machine: Machine) -> Iterator[User]:
    """Whose employee it is; shared, since each test cleans up behind itself."""
    user = each_machine.add_user("owner")
    yield user
    each_machine.remove_user(user.name)


@pytest.fixture(params=[Scope.USER, Scope.SYSTEM], ids=["user", "system"])
def installed(request: pytest.FixtureRequest, each_machine: Machine, owner: User) -> Iterator[Installed]:
    """An empty unit folder in each machine, of a user and of the machine."""
    made = Installed(each_machine, owner, request.param)
    yield made
    made.clear()


@pytest.fixture
def for_system(each_machine: Machine, owner: User) -> Iterator[Installed]:
    """The same, of the machine only."""
    made = Installed(each_machine, owner, Scope.SYSTEM)
    yield made
    made.clear()
