"""A vault for triggers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.vault import make_vault


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """One with all its folders, and a dashboard."""
    return make_vault(tmp_path / "vault")
