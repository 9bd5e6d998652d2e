"""Folders in memory, and quiet: each of some hundred faults is logged, rightly."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY_FOLDER = Path("/dev/shm")


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; in memory where that can be."""
    if not MEMORY_FOLDER.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=MEMORY_FOLDER) as made:
        yield Path(made)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
