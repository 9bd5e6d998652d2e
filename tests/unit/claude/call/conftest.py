"""A vault, and a scripted Claude."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.claude import FakeClaude


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    vault = tmp_path / "Mein Tresor 100% $HOME 'ä'"
    vault.mkdir()
    return vault


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeClaude]:
    fake = FakeClaude(tmp_path / "bin", ("say", "All done.\n"))
    yield fake
    assert not fake.alive()
