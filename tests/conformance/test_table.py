"""The table in docs/ is the suite's."""

from __future__ import annotations

import re

from tests.conformance.engines import ENGINES, reason_not_covered
from tests.conformance.table import PAGE, PASSED, chapters, render

VERSIONS = re.compile(r"^Tried: (.*)\.$", re.MULTILINE)


def test_page_is_that_of_the_suite() -> None:
    """docs/conformance.md names exactly its scenarios and engines, each tried with success or with the reason why not.
    When it does not: `make conformance`."""
    page = PAGE.read_text(encoding="utf-8")
    versions = VERSIONS.search(page)
    assert versions is not None
    passed = {
        (scenario.name, engine): PASSED
        for chapter in chapters()
        for scenario in chapter.scenarios
        for engine in ENGINES
    }
    assert page == render(passed, versions.group(1))


def test_every_scenario_holds_somewhere_and_has_words() -> None:
    """No scenario is left out on all engines, and each says what holds."""
    for chapter in chapters():
        for scenario in chapter.scenarios:
            assert any(not reason_not_covered(scenario.function, engine) for engine in ENGINES), scenario.name
            assert len(scenario.text) > 20, scenario.name
