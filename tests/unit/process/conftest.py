"""The program that is run, of which nothing is left after a test."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.claude import FakeClaude


@pytest.fixture
def fake(tmp_path: Path) -> FakeClaude:
    return FakeClaude(tmp_path / "bin")


@pytest.fixture(autouse=True)
def nothing_left(fake: FakeClaude) -> Iterator[None]:
    """After each run no process of the fake is there any more, not even as a zombie."""
    yield
    alive = fake.alive()
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not alive, f"left behind: {alive} of {fake.pids()}"
