"""The table of scenarios and engines, as Markdown: made from what came of a run of the suite. Pure, but for the
modules with scenarios, which it imports."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.engines import ENGINES, reason_not_covered

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs/conformance.md"

PASSED = "passed"
FAILED = "**failed**"
NOT_TRIED = "not tried"

HEAD = """\
# Conformance

One suite of scenarios ([tests/conformance](../tests/conformance)), each written once, runs on every engine; so a vault
that moves from one to another gets the same runs. This page is what `make conformance` found, with {versions}.

*passed*: the scenario holds there. *not covered*: the engine cannot be held to it, for the reason given below.
"Local loop" is `aiemp run`, in a terminal or a container; "as on a Mac" is the same with all that Linux alone has taken
away ([what, and how](../tests/conformance/as_on_a_mac/sitecustomize.py)).
"""

Cell = tuple[str, str]
"""A scenario's function and an engine."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``title`` is its name in words, ``text`` what holds."""

    name: str
    title: str
    text: str
    function: Callable[..., object]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The scenarios of one module, in their order; ``title`` is the first line of its docstring."""

    title: str
    scenarios: tuple[Scenario, ...]


def chapters() -> list[Chapter]:
    """All scenarios: the tests of this folder that have an ``employee``."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.conformance.{path.stem}")
        scenarios = tuple(
            Scenario(name, _title(name), " ".join((function.__doc__ or "").split()), function)
            for name, function in vars(module).items()
            if name.startswith("test_") and "employee" in inspect.signature(function).parameters
        )
        if scenarios:
            title = " ".join((module.__doc__ or "").split()).removeprefix("Scenarios about ").rstrip(".")
            found.append(Chapter(title[:1].upper() + title[1:], scenarios))
    return found


def render(outcomes: Mapping[Cell, str], versions: str) -> str:
    """The page. ``outcomes``: PASSED or FAILED; what is missing was not tried."""
    notes: list[str] = []
    lines = [HEAD.format(versions=versions)]
    lines.append(f"| | {' | '.join(ENGINES.values())} |")
    lines.append("|---|" + "---|" * len(ENGINES))
    for chapter in chapters():
        for scenario in chapter.scenarios:
            cells = [_cell(scenario, engine, outcomes, notes) for engine in ENGINES]
            lines.append(f"| {scenario.title} | {' | '.join(cells)} |")
    lines.append("")
    lines += [f'<a id="note-{number}"></a>{number}. {note}.' for number, note in enumerate(notes, 1)]
    for chapter in chapters():
        lines += ["", f"## {chapter.title}"]
        lines += [f"- **{scenario.title}.** {scenario.text}" for scenario in chapter.scenarios]
    return "\n".join(lines) + "\n"


def _cell(scenario: Scenario, engine: str, outcomes: Mapping[Cell, str], notes: list[str]) -> str:
    reason = reason_not_covered(scenario.function, engine)
    if not reason:
        return outcomes.get((scenario.name, engine), NOT_TRIED)
    if reason not in notes:
        notes.append(reason)
    number = notes.index(reason) + 1
    return f"not covered [{number}](#note-{number})"


def _title(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]
