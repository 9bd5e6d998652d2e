"""A vault with a name that hurts wherever it is not quoted, and a way to be somebody without rights."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest

from aiemp.vault import layout

NOBODY = 65534


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


@pytest.fixture
def locked_vault() -> Iterator[tuple[Path, Callable[[], AbstractContextManager[None]]]]:
    """A vault of an ordinary user, and a context in which the process is that user: root may read all."""
    folder = Path(tempfile.mkdtemp(prefix="aiemp-vault-"))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)

    @contextlib.contextmanager
    def as_owner() -> Iterator[None]:
        if root:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)

    yield folder, as_owner
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)
