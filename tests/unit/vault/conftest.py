"""A vault with a name that hurts wherever it is not quoted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from aiemp.vault import layout


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """An empty vault folder whose name has blanks, quotes, %, $ and umlauts."""
    path = tmp_path / "Mein \"Tresor\" 100% $HOME für 'alle'"
    path.mkdir()
    return path


@pytest.fixture
def put() -> Callable[..., Path]:
    """Write a file, with its folders; ``modified`` sets its time."""

    def write(path: Path, text: str | bytes = "", modified: datetime | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if modified is not None:
            os.utime(path, (modified.timestamp(), modified.timestamp()))
        return path

    return write


@pytest.fixture
def told() -> Iterator[set[str]]:
    """What was warned of, starting with nothing."""
    layout._told.clear()
    yield layout._told
    layout._told.clear()
