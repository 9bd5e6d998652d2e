"""The documentation of the commands is what the program says of itself."""

from __future__ import annotations

from pathlib import Path

from aiemp.cli import cli
from aiemp.cli.reference import reference

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_commands_page_is_current() -> None:
    """docs/commands.md is what `python -m aiemp.cli.reference` prints; make it anew after a change."""
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == reference()


def test_every_command_is_on_the_page() -> None:
    """No command, and none below a group, is missing."""
    page = reference()
    for name in (*cli.members, "config show", "config validate"):  # type: ignore[attr-defined]
        assert f"\n## aiemp {name}\n" in page
