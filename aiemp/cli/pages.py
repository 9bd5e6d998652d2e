"""Where a page of the documentation is on this machine: a message that names one has to lead to it."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = Path("share", "doc", "aiemp")


def page(name: str) -> str:
    """The full path of the page ``name``: where the wheel has put it, or in a checkout. ``docs/NAME`` where neither
    is."""
    checkout = Path(__file__).resolve().parents[2] / "docs"
    for folder in (Path(sys.prefix) / INSTALLED, checkout):
        if (folder / name).is_file():
            return str(folder / name)
    return f"docs/{name}"
