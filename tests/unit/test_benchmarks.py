"""The parts of the benchmark that judge and show: what they say must follow from what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.agent.lives import wake_ups
from benchmarks.findings import Curve, Figure, Findings, Plot, Table
from benchmarks.page import page, shown
from benchmarks.plot import svg
from benchmarks.promises import PROMISES
from benchmarks.samples import growth, percentile

MACHINE = {"cores": "2", "kernel": "Linux 6.1 x86_64"}


def page_of(findings: Findings) -> str:
    part = {"date": "2026-11-25", "took_s": 1.0, "load": "0.1, 0.1", "findings": findings.as_json()}
    return page({"machine": MACHINE, "parts": {"tick": part}}, {"tick": "A tick", "other": "Not run"})


@pytest.mark.parametrize(("power", "slope"), [(0, 0), (1, 1), (2, 2)])
def test_growth_is_the_power_by_which_a_cost_grows(power: int, slope: float) -> None:
    """1 for what is linear, 2 for what is quadratic, 0 for what does not grow."""
    sizes = [10, 100, 1000]
    assert growth(sizes, [3 * size**power for size in sizes]) == pytest.approx(slope)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """The smallest one that so many do not exceed."""
    assert percentile(list(range(1, 101)), 95) == 95
    assert percentile([5.0], 99) == 5.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_a_figure_beyond_its_limit_is_shown_as_such_and_explained() -> None:
    """Nobody has to compare numbers, and the reason stands beside it."""
    promise = PROMISES["crash_local"]
    text = page_of(Findings(figures=[Figure("crash_local", promise.limit + 0.1)]))
    assert "| **not reached** |" in text
    assert promise.bound in text
    text = page_of(Findings(figures=[Figure("crash_local", promise.limit)]))
    assert "| reached |" in text
    assert promise.bound not in text


def test_what_was_found_survives_json() -> None:
    """Parts that are not run again are shown as they were."""
    plot = Plot("p", "A plot", "n", "ms", [Curve("a", [1, 10], [1.0, 2.0])])
    found = Findings(
        [Figure("tick", 1.0)], [Table("T", ("", "ms"), [["a", 1.0]])], [plot], ["a note"], "", {}
    )
    assert Findings.from_json(found.as_json()) == found


def test_a_part_that_found_nothing_says_why() -> None:
    """A machine without systemd has a page too."""
    assert "Left out: no systemd here." in page_of(Findings(left_out="no systemd here"))


def test_a_plot_is_a_picture_with_every_curve_and_name() -> None:
    """Well-formed XML; names with signs of XML in them are text."""
    plot = Plot("p", "A <plot>", "n", "ms", [Curve("a & b", [10, 1000], [0.1, 10]), Curve("c", [10], [0])])
    root = ElementTree.fromstring(svg(plot))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("polyline") == 2
    assert tags.count("circle") == 3
    assert "a & b" in [element.text for element in root.iter()]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0, "0"), (0.01234, "0.0123"), (12.34, "12.3"), (12345.6, "12,346")]
)
def test_numbers_are_shown_with_the_digits_that_count(value: float | None, text: str) -> None:
    """Three of them; whole numbers above a hundred."""
    assert shown(value) == text


def test_a_process_that_stays_awake_counts_as_waking_up_again_and_again() -> None:
    """Else one that never sleeps would have woken up once."""
    assert wake_ups([False, True, True, False, False, True]) == 2
    assert wake_ups([True] * 600) == 120
    assert wake_ups([False] * 600) == 0
