"""The runs of the last day as a Mermaid gantt chart, which Obsidian and code hosts draw by themselves. Pure.

Only the chart in its own section is ours: a fenced block of Mermaid that begins with ``gantt``. Everything else in
the section is its owner's, as everywhere on the dashboard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from aiemp.dashboard.document import Document, Section, body_of, words_of
from aiemp.frozen import frozen, replace

TITLE = "Runs of the Last Day"
KEY = words_of(TITLE)
DAY = timedelta(days=1)
JOINED_WITHIN = timedelta(hours=1)
"""Runs of one task that end alike and follow one another this closely are one bar: 96 of them would hide the rest."""

LEAST = timedelta(minutes=5)
"""A bar of a day's chart that is shorter cannot be seen."""

MOST_BARS = 200
LONGEST_NAME = 40
STYLES = {"succeeded": "done", "failed": "crit", "interrupted": "crit", "blocked": "active"}
MOMENT = "%Y-%m-%d %H:%M"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*(\S*)")
_UNSAFE = re.compile(r"[^\w .-]+")


@frozen
class RunBar:
    """One run: of which task, from when to when (aware), and how it ended, by the words of the history."""

    task: str
    begin: datetime
    end: datetime
    result: str
    count: int = 1


def with_run_chart(document: Document, bars: Sequence[RunBar], now: datetime, zone: tzinfo) -> Document:
    """The document with the chart of the day before ``now``; wall times are those of ``zone``. A section that is
    missing is added at the end."""
    ending = document.ending
    block = [line + ending for line in chart_lines(bars, now, zone)]
    section = next((each for each in document.sections if each.key == KEY), None)
    if section is None:
        at = len(document.lines)
        gap = [ending] if at and body_of(document.lines[-1]).strip() else []
        return document.replace(at, at, [*gap, f"## {TITLE}{ending}", ending, *block])
    there = _chart_in(document, section)
    if there is not None:
        return document.replace(there.start, there.stop, block)
    at = section.end
    while at > section.start and not body_of(document.lines[at - 1]).strip():
        at -= 1
    after = [ending] if at == section.end and at < len(document.lines) else []
    return document.replace(at, at, [ending, *block, *after])


def chart_lines(bars: Sequence[RunBar], now: datetime, zone: tzinfo) -> list[str]:
    """The fenced block. A task that did not run is not in it; without any run it says so."""
    start = now - DAY
    lines = [
        "```mermaid",
        "gantt",
        "    dateFormat YYYY-MM-DD HH:mm",
        "    axisFormat %H:%M",
        "    todayMarker off",
    ]
    shown = [bar for bar in bars if bar.end >= start and bar.begin <= now]
    if not shown:
        return [
            *lines,
            "    section no run",
            f"    none :milestone, {now.astimezone(zone):{MOMENT}}, 0m",
            "```",
        ]
    left = MOST_BARS
    for task in dict.fromkeys(bar.task for bar in shown):
        joined = _joined(bar for bar in shown if bar.task == task)[-max(left, 1) :]
        left -= len(joined)
        lines.append(f"    section {_harmless(task)}")
        lines += [_line(bar, start, zone) for bar in joined]
    return [*lines, "```"]


def _joined(bars: Iterable[RunBar]) -> list[RunBar]:
    found: list[RunBar] = []
    for bar in sorted(bars, key=lambda bar: bar.begin):
        last = found[-1] if found else None
        if last is not None and last.result == bar.result and bar.begin - last.end <= JOINED_WITHIN:
            found[-1] = replace(last, end=max(last.end, bar.end), count=last.count + 1)
        else:
            found.append(bar)
    return found


def _line(bar: RunBar, start: datetime, zone: tzinfo) -> str:
    begin = max(bar.begin, start)
    minutes = max(max(bar.end - begin, LEAST) // timedelta(minutes=1), 1)
    known = bar.result if bar.result in STYLES else "failed"
    name = "ok" if known == "succeeded" else known
    title = name if bar.count == 1 else f"{bar.count} {name}"
    # By its length, not its end: a clock change in between would make that come before the begin.
    return f"    {title} :{STYLES[known]}, {begin.astimezone(zone):{MOMENT}}, {minutes}m"


def _harmless(name: str) -> str:
    """``name`` without anything that ends a line, a fence or a title in Mermaid, or is a command of Obsidian's."""
    kept = _UNSAFE.sub("_", name[: 4 * LONGEST_NAME])[:LONGEST_NAME].strip(" .-")
    return kept if any(each.isalnum() for each in kept) else "task"


def _chart_in(document: Document, section: Section) -> range | None:
    """The lines of the first Mermaid block in the section that is a gantt chart, with its fence."""
    number = section.start
    while number < section.end:
        fence = _FENCE.match(document.lines[number])
        if fence is None:
            number += 1
            continue
        mark, language = fence[1], fence[2]
        end = _closing(document, number, section.end, mark)
        if end is None:
            return None
        inside = [text for line in document.lines[number + 1 : end] if (text := line.strip())]
        if language.lower() == "mermaid" and inside[:1] == ["gantt"]:
            return range(number, end + 1)
        number = end + 1
    return None


def _closing(document: Document, first: int, stop: int, mark: str) -> int | None:
    for number in range(first + 1, stop):
        text = document.lines[number].strip()
        if len(text) >= len(mark) and not text.strip(mark[0]):
            return number
    return None
