"""docs/json.md is a contract: the real program prints exactly the keys that are documented."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiemp.places import Places
from tests.conftest import Aiemp

PAGE = Path(__file__).resolve().parents[2] / "docs" / "json.md"
SHAPES = {"tasks[]": "A task", "runs[]": "A run"}
OPEN = {"details", "queues", "action_items", "task", "because"}
"""Tables whose keys are names: of folders, of domains, of what a task gives; or that are documented elsewhere."""

CONFIG = """
[tasks.good]
command = ["true"]
frequency = "hourly"
[mcp.notes]
command = ["notes-mcp"]
[alerts]
command = ["true"]
"""


def documented() -> dict[str, set[str]]:
    """The keys of each section of the page, by its heading."""
    sections: dict[str, set[str]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        first_cells = [line.split("|")[1] for line in body.splitlines() if line.startswith("| `")]
        keys = {key for cell in first_cells for key in re.findall(r"`([^`]+)`", cell)}
        for name in heading.split(", "):
            sections[name] = keys
    for keys in sections.values():
        for place, shape in SHAPES.items():
            if place in keys:
                keys.remove(place)
                keys.update(f"{place}.{key}" for key in sections[shape])
    return sections


def keys_of(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The key paths of an answer: ``a``, ``b.c``, ``d[].e``."""
    for key, below in value.items():
        path = f"{prefix}{key}"
        if isinstance(below, dict) and key not in OPEN:
            yield from keys_of(below, f"{path}.")
        elif isinstance(below, list) and below and isinstance(below[0], dict):
            for each in below:
                yield from keys_of(each, f"{path}[].")
        else:
            yield path


@pytest.fixture
def used(aiemp: Aiemp, vault: Path, write_config: Callable[[str], Path]) -> Aiemp:
    """A vault in which a task has run, with a task of one's own and an MCP server."""
    write_config(CONFIG)
    (vault / "Needs_Action" / "EMAIL_a.md").write_text("x")
    (vault / "Needs_Action" / "alerts").mkdir()
    (vault / "Needs_Action" / "alerts" / "ALERT_disk.md").write_text("---\ntype: alert\ncount: 2\n---\n")
    aiemp("trigger", "good", check=True)
    return aiemp


@pytest.mark.parametrize(
    ("heading", "arguments"),
    [
        ("aiemp list", ["list"]),
        ("aiemp check", ["check"]),
        ("aiemp trigger", ["trigger", "good"]),
        ("aiemp enable", ["enable", "weekly_audit_prep"]),
        ("aiemp disable", ["disable", "good"]),
        ("aiemp pause", ["pause", "--until", "2h"]),
        ("aiemp resume", ["resume"]),
        ("aiemp history", ["history"]),
        ("aiemp status", ["status"]),
        ("aiemp explain", ["explain", "good"]),
        ("aiemp doctor", ["doctor", "--fix"]),
        ("aiemp render", ["render"]),
        ("aiemp pm2-config", ["pm2-config"]),
        ("aiemp config show", ["config", "show"]),
        ("aiemp config validate", ["config", "validate"]),
        ("aiemp config edit", ["config", "edit"]),
        ("aiemp run --once", ["run", "--once"]),
        ("aiemp alert --test", ["alert", "--test"]),
        ("aiemp completion", ["completion", "fish"]),
    ],
)
def test_keys_are_as_documented(used: Aiemp, heading: str, arguments: list[str]) -> None:
    """Every key that is printed is documented, and every documented key is printed."""
    printed = set(keys_of(json.loads(used(*arguments, "--json", EDITOR="true").stdout)))
    wanted = documented()[heading]
    # `last` is null for some tasks and a table for others, so both it and what is in it are seen.
    assert printed == wanted


def test_bugreport_keys_are_as_documented(used: Aiemp, tmp_path: Path) -> None:
    """The same for ``aiemp bugreport``, in which nothing or something is left out."""
    printed = set(
        keys_of(json.loads(used("bugreport", "--output", str(tmp_path / "a.tar.gz"), "--json").stdout))
    )
    left_out = {key for key in documented()["aiemp bugreport"] if key.startswith("left_out[]")}
    assert printed - {"left_out"} == documented()["aiemp bugreport"] - left_out


def test_init_keys_are_as_documented(aiemp: Aiemp) -> None:
    """What ``aiemp init --json`` prints has the keys of docs/json.md, and no others."""
    assert set(json.loads(aiemp("init", "--json").stdout)) == documented()["aiemp init"]


def test_every_section_is_a_command() -> None:
    """The page documents no command that does not exist, and each that answers."""
    from aiemp.cli import cli

    answering = {f"aiemp {name}" for name in cli.members} - {"aiemp watch", "aiemp logs"}  # type: ignore[attr-defined]
    sections = {" ".join(heading.split()[:2]) for heading in documented() if heading.startswith("aiemp")}
    assert sections == answering


def test_logs_of_a_run_are_no_part_of_the_answer(used: Aiemp, vault: Path) -> None:
    """--json with -vv still has nothing but JSON on standard output."""
    out = used("-vv", "trigger", "good", "--json")
    assert json.loads(out.stdout)["task"] == "good"
    assert out.stderr
    assert Places(vault).ledger.exists()
