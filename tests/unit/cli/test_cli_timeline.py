"""Runs drawn on a line of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aiemp.cli.screen import Screen
from aiemp.cli.table import cells_of
from aiemp.cli.timeline import MARKS, Bar, timeline

END = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
START = END - timedelta(days=1)
WIDTH = 8 + 48  # `triage` and two blanks, then two cells an hour


def at(hour: float, result: str = "succeeded", task: str = "triage", lasted_h: float = 0.0) -> Bar:
    begin = START + timedelta(hours=hour)
    return Bar(task, begin, begin + timedelta(hours=lasted_h), result)


SCREEN = Screen(WIDTH)


def drawn(*bars: Bar, screen: Screen = SCREEN, names: tuple[str, ...] = ("triage",)) -> list[str]:
    return timeline(bars, names, START, END, UTC, screen)


def test_a_run_stands_where_it_ran() -> None:
    """Two cells are an hour here: a run at the third begins in the seventh cell and reaches as far as it took."""
    row = drawn(at(0), at(3, "failed"), at(10, lasted_h=2), at(24))[0]
    assert row == "triage  ■     ✗" + " " * 13 + "■■■■■" + " " * 22 + "■"


def test_what_went_wrong_is_not_hidden() -> None:
    """Of several runs in one cell the worst is shown, in whatever order they come."""
    for bars in ((at(3), at(3.1, "failed")), (at(3.1, "failed"), at(3))):
        assert drawn(*bars)[0] == "triage        ✗"


def test_the_axis_tells_the_wall_clock() -> None:
    """Ticks stand at whole hours of the plan's zone, midnights by their date."""
    _row, edge, labels, *_ = drawn()
    assert [n for n, cell in enumerate(edge[8:]) if cell == "┬"] == [12, 24, 36]
    assert labels.split("  ")[-1].strip() == "06:00"
    assert labels.index("Mon 23") == 8 + 24
    _row, edge, labels, *_ = timeline((), ("triage",), START, END, ZoneInfo("Asia/Kathmandu"), Screen(WIDTH))
    column = labels.index("Mon 23")
    assert edge[column] == "┬"
    assert column == 8 + int((24 - 12 - 5.75) * 2)


def test_a_week_has_days() -> None:
    """Seven days on 80 cells are labelled by date."""
    labels = timeline((), ("triage",), END - timedelta(days=7), END, UTC, Screen(80))[2]
    assert "Fri 20" in labels
    assert ":" not in labels


def test_without_utf_8_it_is_ascii() -> None:
    """A terminal that knows nothing else gets marks of ASCII, and the legend says which."""
    bars = [at(2 * n, result) for n, result in enumerate(MARKS)]
    lines = drawn(*bars, screen=Screen(WIDTH, unicode=False))
    assert "\n".join(lines).isascii()
    assert lines[0] == "triage  #   X   !   o   >"
    assert lines[-1] == "# succeeded  X failed  ! interrupted  o blocked  > running"


def test_runs_of_other_times_and_tasks_are_left_out() -> None:
    """What ended before the span, begins after it, or belongs to no row is not drawn; what reaches into it is."""
    assert drawn(at(-3), at(30), at(5, task="other"))[0] == "triage"
    assert drawn(at(-3, lasted_h=4))[0] == "triage  ■■■"


def test_hostile_names_do_not_reach_the_terminal() -> None:
    """A name of a task that left the plan may hold anything; it is shown escaped, and not wider than its column."""
    name = "\x1b[2J" + "x" * 90
    (row, *_rest) = drawn(names=(name,))
    assert "\x1b" not in row
    assert cells_of(row) <= WIDTH


@given(
    st.lists(st.builds(at, st.floats(-30, 50), st.sampled_from([*MARKS]), lasted_h=st.floats(0, 30))),
    st.integers(20, 250),
)
def test_it_fits_any_screen(bars: list[Bar], width: int) -> None:
    """Whatever ran, no line but the legend is wider than the screen."""
    for line in drawn(*bars, screen=Screen(width))[:-1]:
        assert cells_of(line) <= width


def test_no_tasks() -> None:
    """A plan without tasks says so."""
    assert drawn(names=()) == ["no task, so nothing to draw"]
