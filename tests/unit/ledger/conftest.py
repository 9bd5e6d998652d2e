"""A vault with a ledger, and a plan for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.plan import Plan
from tests.unit.ledger.runs import HEALTH, TRIAGE


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "my vault %s $HOME ü"
    folder.mkdir()
    return folder


@pytest.fixture
def plan(vault: Path) -> Plan:
    return Plan(vault, tasks=(TRIAGE, HEALTH))
