"""The chart of the last day's runs on the dashboard: what is drawn, and what is left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.dashboard import set_run_chart
from aiemp.dashboard.document import Document
from aiemp.dashboard.run_chart import RunBar, chart_lines

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
GOLDEN = Path(__file__).parents[2] / "dashboards" / "run_chart.mmd"
BAR_LINE = re.compile(
    r"    (\d+ )?(ok|failed|blocked|interrupted) :(done|crit|active), \d{4}-\d\d-\d\d \d\d:\d\d, [1-9]\d*m"
)
"""What Mermaid's grammar takes for a task: a title without colon, tags, a date of the format, a length."""


def bar(hours_ago: float, task: str = "triage", result: str = "succeeded", minutes: float = 1) -> RunBar:
    begin = NOW - timedelta(hours=hours_ago)
    return RunBar(task, begin, begin + timedelta(minutes=minutes), result)


DAY = [
    *(bar(hours / 4, "health_update") for hours in range(96, 0, -1)),
    bar(3, "triage", "failed", 12),
    bar(2.9, "triage", "succeeded", 40),
    bar(5, "linkedin_post", "blocked", 0),
    bar(1, "weekly: %% audit", "interrupted"),
]


def edited(text: str, *bars: RunBar) -> str:
    return set_run_chart(bars, NOW, BERLIN)(Document.parse(text)).text


def test_a_day_is_drawn_as_expected() -> None:
    """The file beside the sample dashboards was drawn by Mermaid 10 without complaint."""
    assert "\n".join(chart_lines(DAY, NOW, BERLIN)) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_bars() -> None:
    """Wall times of the plan's zone; a short run is long enough to be seen; what began before the day begins with it;
    runs that end alike and follow closely are one bar."""
    lines = chart_lines([bar(1), bar(25, minutes=120), bar(0.9), bar(0.8, result="failed")], NOW, BERLIN)
    assert lines[6:-1] == [
        "    ok :done, 2026-11-22 13:00, 60m",
        "    2 ok :done, 2026-11-23 12:00, 7m",
        "    failed :crit, 2026-11-23 12:12, 5m",
    ]


def test_a_day_without_runs() -> None:
    """Mermaid needs something to draw, so it is told that there was nothing."""
    assert chart_lines([bar(30)], NOW, UTC)[5:] == [
        "    section no run",
        "    none :milestone, 2026-11-23 12:00, 0m",
        "```",
    ]


@given(
    st.lists(st.builds(bar, st.floats(-1, 30), st.text(max_size=60), st.text(max_size=9), st.floats(0, 3000)))
)
def test_hostile_names_stay_names(bars: list[RunBar]) -> None:
    """Whatever tasks of the history are called, each line is one that Mermaid reads as it is meant, and the block ends
    where it ends."""
    lines = chart_lines(bars, NOW, BERLIN)
    assert (lines[0], lines[-1]) == ("```mermaid", "```")
    for line in lines[5:-1]:
        assert re.fullmatch(r"    section [\w .-]{1,40}", line) or BAR_LINE.fullmatch(line) or "none" in line
        assert not re.search(r"[`%;:#<>\[\]{}|\r\n\u2028]", line.partition(" :")[0])


@pytest.mark.parametrize(
    "name",
    ["a\n```\n# x", "x: done, 2020-01-01, 1d", "%% comment", "<script>", "`= dv.x`", "", "...", "end;"],
)
def test_names_that_would_end_something(name: str) -> None:
    """No name ends the block, starts a comment, or adds a bar."""
    lines = chart_lines([bar(1, name)], NOW, UTC)
    assert len(lines) == 8
    assert lines[5].startswith("    section ")
    assert BAR_LINE.fullmatch(lines[6])


def test_the_section_is_added_once() -> None:
    """At the end, with a heading; the next time the chart alone is replaced."""
    before = "# My dashboard\n\n## Notes\nmine\n"
    first = edited(before, bar(1))
    assert first.startswith(before + "\n## Runs of the Last Day\n\n```mermaid\ngantt\n")
    assert edited(first, bar(1)) == first
    second = edited(first, bar(1), bar(0.5, result="failed"))
    assert second.count("```mermaid") == 1
    assert "failed :crit" in second


def test_what_the_owner_wrote_stays() -> None:
    """Words and other charts in the section, sections behind it, and the line endings keep their bytes."""
    before = (
        "## Runs of the last day\r\nI look here each morning.\r\n\r\n```mermaid\r\npie\r\n```\r\n\r\n"
        "~~~mermaid\r\n\r\n  gantt\r\n  old\r\n~~~\r\nbehind\r\n\r\n## After\r\nrest"
    )
    after = edited(before, bar(1))
    head, _, tail = before.partition("~~~mermaid")
    assert after.startswith(head + "```mermaid\r\ngantt\r\n")
    assert after.endswith(tail.rpartition("~~~\r\n")[2])
    assert "\n" not in after.replace("\r\n", "")
    assert "old" not in after


def test_a_section_without_a_chart_gets_one_behind_its_words() -> None:
    """The next section keeps its distance."""
    after = edited("## Runs of the Last Day\nwords\n\n## After\n", bar(1))
    assert after.startswith("## Runs of the Last Day\nwords\n\n```mermaid\n")
    assert after.endswith("```\n\n## After\n")


def test_a_fence_that_is_never_closed_is_left_alone() -> None:
    """Somebody is writing there."""
    before = "## Runs of the Last Day\n```mermaid\ngantt\n"
    assert edited(before, bar(1)).startswith(before)
