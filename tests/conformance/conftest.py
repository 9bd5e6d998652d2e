"""The fixture ``employee``: the same scenario for each engine.

``@not_covered("ENGINE", "reason")`` on a scenario says that an engine cannot do it; then it is not run, and the table
in docs/conformance.md shows the reason. An engine that cannot be had here is skipped, and in CI fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.employee import Employee
from tests.conformance.engines import ENGINES, Engines, reason_not_covered


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One variant of a scenario for each engine."""
    if "employee" in metafunc.fixturenames:
        metafunc.parametrize("employee", ENGINES, indirect=True)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """What the employees of one worker share: a test machine, a PM2."""
    shared = Engines(tmp_path_factory)
    yield shared
    shared.close()


@pytest.fixture
def employee(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Employee]:
    """An employee with an empty vault, not started."""
    reason = reason_not_covered(request.function, request.param)
    if reason:
        pytest.skip(f"not covered: {reason}")
    made = request.getfixturevalue("engines").employee(request.param, tmp_path)
    yield made
    made.close()
