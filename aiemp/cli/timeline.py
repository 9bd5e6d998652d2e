"""Runs drawn on a line of time, a row for each task. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from aiemp.cli.screen import USUAL_WIDTH, Screen, visible
from aiemp.cli.table import cells_of, cut
from aiemp.cli.task_facts import RESULT_STYLES
from aiemp.frozen import frozen
from aiemp.runs import Result
from aiemp.schedule_words import DAY_NAMES

WIDEST = 200
LONGEST_NAME = 24
LEAST_COLUMNS = 10
LABEL_ROOM = 8
"""Cells from one label of the axis to the next, at least."""

RUNNING = "running"
MARKS: dict[str, tuple[str, str]] = {
    Result.SUCCEEDED.value: ("■", "#"),
    Result.FAILED.value: ("✗", "X"),
    Result.INTERRUPTED.value: ("!", "!"),
    Result.BLOCKED.value: ("◌", "o"),
    RUNNING: ("▶", ">"),
}
"""For each result its mark, and the one for a terminal that shows no UTF-8."""

SEVERITY = (
    Result.FAILED.value,
    Result.INTERRUPTED.value,
    RUNNING,
    Result.BLOCKED.value,
    Result.SUCCEEDED.value,
)
"""Of several runs in one column the first of these is shown: what went wrong must not hide behind what went well."""

STEPS_H = (1, 2, 3, 6, 12, 24, 48, 7 * 24, 28 * 24)
LOOK = timedelta(minutes=15)
"""Every time zone is some quarters of an hour away from UTC."""


@frozen
class Bar:
    """One run: of which task, from when to when, and how it ended (a key of :data:`MARKS`)."""

    task: str
    begin: datetime
    end: datetime
    result: str


def timeline(
    bars: Iterable[Bar], names: Sequence[str], start: datetime, end: datetime, zone: tzinfo, screen: Screen
) -> list[str]:
    """A row for each of ``names``, an axis below, and what the marks mean. ``start`` < ``end``, both aware."""
    if not names:
        return ["no task, so nothing to draw"]
    shown = [cut(visible(name), LONGEST_NAME, screen.ellipsis) for name in names]
    margin = max(map(cells_of, shown)) + 2
    columns = max(min(screen.width or USUAL_WIDTH, WIDEST) - margin, LEAST_COLUMNS)
    by_task: dict[str, list[Bar]] = {name: [] for name in names}
    for bar in bars:
        if bar.task in by_task:
            by_task[bar.task].append(bar)
    lines = []
    for name, label in zip(names, shown, strict=True):
        row = _row(by_task[name], start, end, columns)
        lines.append((label + " " * (margin - cells_of(label)) + _painted(row, screen)).rstrip())
    axis, labels = _axis(start, end, zone, columns)
    edge = axis if screen.unicode else axis.replace("┬", "+").replace("─", "-")
    lines.append(" " * margin + screen.paint(edge, "faint"))
    lines.append(" " * margin + screen.paint(labels.rstrip(), "faint"))
    return [*lines, "", _legend(screen)]


def _row(bars: Iterable[Bar], start: datetime, end: datetime, columns: int) -> list[str | None]:
    row: list[str | None] = [None] * columns
    for bar in bars:
        if bar.end < start or bar.begin > end:
            continue
        first, last = (_column(moment, start, end, columns) for moment in (bar.begin, bar.end))
        for column in range(first, max(first, last) + 1):
            there = row[column]
            if there is None or SEVERITY.index(bar.result) < SEVERITY.index(there):
                row[column] = bar.result
    return row


def _column(moment: datetime, start: datetime, end: datetime, columns: int) -> int:
    part = (moment - start) / (end - start)
    return min(max(int(part * columns), 0), columns - 1)


def _painted(row: Iterable[str | None], screen: Screen) -> str:
    """The marks of a row; those of one kind together, so that few colours are switched."""
    text, pending, style = "", "", ""
    for result in row:
        mark = " " if result is None else _mark(result, screen)
        wanted = style if result is None else _style(result)
        if wanted != style:
            text, pending = text + screen.paint(pending, style), ""
        style, pending = wanted, pending + mark
    return text + screen.paint(pending.rstrip(), style)


def _mark(result: str, screen: Screen) -> str:
    return MARKS[result][0 if screen.unicode else 1]


def _style(result: str) -> str:
    return "strong" if result == RUNNING else RESULT_STYLES[Result(result)]


def _axis(start: datetime, end: datetime, zone: tzinfo, columns: int) -> tuple[str, str]:
    """The edge with a tick at each label, and the labels."""
    hours = max((end - start) / timedelta(hours=1), 0.01)
    step = next((step for step in STEPS_H if step * columns / hours >= LABEL_ROOM), STEPS_H[-1])
    edge, labels = ["─"] * columns, ""
    for moment, label in _ticks(start, end, zone, step):
        column = _column(moment, start, end, columns)
        if len(labels) > column or column + len(label) > columns:
            continue
        edge[column] = "┬"
        labels += " " * (column - len(labels)) + label + " "
    return "".join(edge), labels


def _ticks(start: datetime, end: datetime, zone: tzinfo, step_h: int) -> Iterator[tuple[datetime, str]]:
    """The moments that get a label: whole hours of the wall clock, or midnights."""
    moment = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    while (moment := moment + LOOK) <= end:
        local = moment.astimezone(zone)
        if local.minute or local.hour % min(step_h, 24):
            continue
        if step_h > 24 and local.toordinal() % (step_h // 24):
            continue
        is_day = local.hour == 0
        yield moment, f"{DAY_NAMES[local.weekday()]} {local.day}" if is_day else f"{local:%H:%M}"


def _legend(screen: Screen) -> str:
    return "  ".join(f"{screen.paint(_mark(result, screen), _style(result))} {result}" for result in MARKS)
