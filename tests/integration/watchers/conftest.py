"""A vault with a drop folder, and real watchers that are gone after the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.watchers.watching import Processes


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a name that needs care everywhere."""
    folder = tmp_path / 'Büro\'s "vault" 100% $HOME'
    for name in ("Drop", "Needs_Action/email", "Approved", "Rejected", "Pending_Approval", ".state"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def processes() -> Iterator[Processes]:
    group = Processes()
    yield group
    group.end_all()
