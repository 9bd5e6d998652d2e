"""A real Claude Code for the tests of this folder. Where it cannot be had they skip and say why; with ``CI=true``
in the environment they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.claude.real_claude import NoClaude, RealClaude, installed_claude, network_with_our_api
from tests.conftest import processes_naming, wait_until

INSTALLING_TIMEOUT_S = 420
"""A test's own limit includes its fixtures, and the first one downloads Claude Code."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests with the real Claude Code one worker, and the time to install it."""
    for item in items:
        if "claude" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(INSTALLING_TIMEOUT_S))
            item.add_marker(pytest.mark.xdist_group("claude"))


@pytest.fixture(scope="session")
def program() -> Path:
    """The installed program."""
    try:
        return installed_claude()
    except NoClaude as error:
        cannot_be_had(str(error))


@pytest.fixture(scope="session")
def network(program: Path) -> Iterator[int]:
    """The network with our API on it."""
    try:
        with network_with_our_api() as holder:
            yield holder
    except NoClaude as error:
        cannot_be_had(str(error))


@pytest.fixture
def claude(program: Path, network: int, tmp_path: Path, vault: Path) -> Iterator[RealClaude]:
    """The real Claude Code, before a vault. After the test no process of it is left."""
    yield RealClaude.put(program, network, tmp_path / "real", vault)
    wait_until(lambda: not processes_naming(str(vault)), "nothing works in the vault any more", 5)


def cannot_be_had(reason: str) -> NoReturn:
    """Skip, or fail where the environment says that this is CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no real Claude Code in CI: {reason}", pytrace=False)
    pytest.skip(f"no real Claude Code: {reason}")
