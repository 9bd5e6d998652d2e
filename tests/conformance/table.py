"""The table of scenarios and engines, as Markdown: made from what came of a run of the suite. Pure, but for the
modules with scenarios, which it imports."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from tests.conformance.engines import ENGINES, reason_not_covered

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs/conformance.md"

PASSED = "passed"
FAILED = "**failed**"
NOT_TRIED = "not tried"

WIDTH = 118
ORDER = ("tasks", "watchers", "faults", "clock", "configuration")
"""The modules in the order of the page; others come after them."""

HEAD = """\
# Conformance

One suite of scenarios ([tests/conformance](../tests/conformance)), each written once, is run on every engine; so a
vault that moves from one to another gets the same runs. This page is what `make conformance` found.

Tried: {versions}.

- *passed*: the scenario holds there. *not covered*: that engine cannot be held to it, for the reason given below.
- "Local loop" is `aiemp run` in a terminal or a container; "as on a Mac" is the same with all that Linux alone has
  taken away: [what, and how](../tests/conformance/as_on_a_mac/sitecustomize.py). PM2 and systemd are real ones;
  systemd is booted in namespaces of its own, and there a power cut is one. The clock of all processes of an employee
  is set by a [preloaded library](../tests/systemd/shifted_clock.c), also while they run.
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
    """The scenarios of one module, in their order; ``text`` is what they are about."""

    title: str
    text: str
    scenarios: tuple[Scenario, ...]


def chapters() -> list[Chapter]:
    """All scenarios: the tests of this folder that have an ``employee``."""
    found = []
    modules = {path.stem.removeprefix("test_") for path in HERE.glob("test_*.py")}
    for name in (*ORDER, *sorted(modules.difference(ORDER))):
        module = importlib.import_module(f"tests.conformance.test_{name}")
        scenarios = tuple(
            Scenario(test, _title(test), _one_line(function.__doc__), function)
            for test, function in vars(module).items()
            if test.startswith("test_") and "employee" in inspect.signature(function).parameters
        )
        if scenarios:
            found.append(Chapter(_title(name), _one_line(module.__doc__), scenarios))
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
    for number, note in enumerate(notes, 1):
        lines.append(fill(f'<a id="note-{number}"></a>[{number}] {note}', WIDTH) + "\n")
    for chapter in chapters():
        lines += [f"## {chapter.title}", "", fill(chapter.text, WIDTH), ""]
        for scenario in chapter.scenarios:
            lines.append(fill(f"- **{scenario.title}.** {scenario.text}", WIDTH, subsequent_indent="  "))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _cell(scenario: Scenario, engine: str, outcomes: Mapping[Cell, str], notes: list[str]) -> str:
    reason = reason_not_covered(scenario.function, engine)
    if not reason:
        return outcomes.get((scenario.name, engine), NOT_TRIED)
    if reason not in notes:
        notes.append(reason)
    number = notes.index(reason) + 1
    return f"not covered [{number}](#note-{number})"


def _title(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ").replace("claude", "Claude")
    return words[:1].upper() + words[1:]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
