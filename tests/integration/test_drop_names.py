"""Names in Drop that are no text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from aiemp.watchers.launch import running
from tests.conftest import Running, wait_until


def items(vault: Path) -> list[str]:
    return [path.name for path in (vault / "Needs_Action").rglob("FILE_*.md")]


def test_name_that_is_not_utf8_stops_no_watcher(vault: Path, start_aiemp: Callable[..., Running]) -> None:
    """A file whose name is no UTF-8 costs the watcher its events at most: it lives, and other files become
    items."""
    aiemp = start_aiemp("run", "--no-schedules", "--interval", "1")
    aiemp.wait_for("watcher filesystem: started")
    wait_until(lambda: running(vault, "filesystem"), "the watcher")
    holder = running(vault, "filesystem")
    assert holder is not None
    with open(os.fsencode(vault / "Drop") + b"/inv\xff.txt", "wb") as out:  # noqa: PTH123 - bytes
        out.write(b"x")
    (vault / "Drop" / "plain.txt").write_text("y")
    wait_until(lambda: any("plain" in name for name in items(vault)), "the item of the other file", 90)
    assert running(vault, "filesystem") == holder, "it was never restarted"
