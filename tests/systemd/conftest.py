"""The machines that the tests of this folder run on: one for each systemd, booted once for the whole run.

Where a machine cannot be had, its tests skip and say why; with ``CI=true`` in the environment they fail.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.systemd.debian_root import NoDebianRoot, trixie_root
from tests.systemd.machine import Machine, User
from tests.systemd.requirements import why_no_machine

_user_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of the slower machine, so that `-m 'not systemd257'` leaves it out."""
    config.addinivalue_line("markers", "systemd257: runs on a newer systemd; the first run makes its root folder")


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A machine with this host's own systemd, shared by all tests: use your own users and unit names."""
    reason = why_no_machine()
    if reason is not None:
        cannot_be_had(reason)
    with Machine() as booted:
        yield booted


@pytest.fixture(scope="session")
def trixie() -> Path:
    """The root folder of a Debian 13."""
    reason = why_no_machine()
    if reason is not None:
        cannot_be_had(reason)
    try:
        return trixie_root()
    except NoDebianRoot as error:
        cannot_be_had(str(error))


@pytest.fixture(scope="session")
def machine_257(trixie: Path) -> Iterator[Machine]:
    """A machine with systemd 257; mark its tests ``systemd257``."""
    with Machine(trixie) as booted:
        yield booted


@pytest.fixture
def user(machine: Machine) -> Iterator[User]:
    """A fresh lingering user of ``machine``, gone after the test."""
    fresh = machine.add_user(f"tester{next(_user_numbers)}")
    yield fresh
    machine.remove_user(fresh.name)


def cannot_be_had(reason: str) -> NoReturn:
    """Skip, or fail where the environment says that this is CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no real systemd in CI: {reason}", pytrace=False)
    pytest.skip(f"no real systemd: {reason}")
