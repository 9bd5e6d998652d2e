"""The fixture ``employee``: the same scenario for each engine of :mod:`tests.conformance.engines`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.employee import Employee
from tests.conformance.engines import Engines, reason_not_covered, variants


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One variant of a scenario for each engine."""
    if "employee" in metafunc.fixturenames:
        metafunc.parametrize("employee", variants(metafunc.function), indirect=True)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """What the employees of one worker share: test machines, a PM2."""
    shared = Engines(tmp_path_factory)
    try:
        yield shared
    finally:
        shared.close()


@pytest.fixture
def employee(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Employee]:
    """An employee with an empty vault, not started."""
    reason = reason_not_covered(request.function, request.param)
    if reason:
        pytest.skip(f"not covered: {reason}")
    made = request.getfixturevalue("engines").employee(request.param, tmp_path)
    try:
        yield made
    finally:
        made.close()
