"""docs/benchmarks.md, made from the results. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.findings import Figure, Findings, Table, Value
from benchmarks.promises import PROMISES
from benchmarks.samples import growth

INTRODUCTION = """# What aiemp costs

Made by `make bench`: aiemp and what one would use instead, side by side on one machine, several rounds in turn. Shown
are medians, where nothing else is said. Compare what stands beside each other: on another machine all of it is other.
The peers' configurations are in [benchmarks/peers](../benchmarks/peers/README.md), all numbers in
[benchmarks.json](benchmarks.json).
"""


def page(results: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The whole page. ``titles`` are those of the parts, in their order."""
    parts = {name: results["parts"][name] for name in titles if name in results["parts"]}
    found = {name: Findings.from_json(part["findings"]) for name, part in parts.items()}
    lines = [INTRODUCTION, _machine(results["machine"]), "", "## Promises", ""]
    figures = [figure for findings in found.values() for figure in findings.figures]
    lines += _promises(figures)
    for name, findings in found.items():
        part = parts[name]
        lines += ["", f"## {titles[name]}", ""]
        lines += _part(findings)
        lines += ["", f"<sub>{part['date']}, {part['took_s']:.0f} s, load average {part['load']}</sub>"]
    return "\n".join(lines) + "\n"


def _machine(machine: Mapping[str, str]) -> str:
    return "The machine: " + ", ".join(
        f"{value} {name}" if name in ("cores", "memory") else f"{name} {value}"
        for name, value in machine.items()
    )


def _promises(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| figure | measured | limit | |"
    yield "|---|---:|---:|---|"
    missed = []
    for figure in sorted(figures, key=lambda figure: list(PROMISES).index(figure.key)):
        promise = PROMISES[figure.key]
        reached = promise.reached(figure.value)
        detail = f" ({figure.detail})" if figure.detail else ""
        yield (
            f"| {promise.text}{detail} | {shown(figure.value)} | {promise.limit:g} {promise.unit} "
            f"| {'reached' if reached else '**not reached**'} |"
        )
        if not reached:
            missed.append(promise)
    measured = {figure.key for figure in figures}
    for key, promise in PROMISES.items():
        if key not in measured:
            yield f"| {promise.text} | – | {promise.limit:g} {promise.unit} | not measured here |"
    for promise in missed:
        yield ""
        yield f"**Not reached: {promise.text}.** {promise.bound or 'Not explained yet.'}"


def _part(findings: Findings) -> Iterator[str]:
    if findings.left_out:
        yield f"Left out: {findings.left_out}."
    for number, table in enumerate(findings.tables):
        if number:
            yield ""
        yield from _table(table)
    for plot in findings.plots:
        yield ""
        yield f"![{plot.title}](benchmarks/{plot.key}.svg)"
        yield ""
        slopes = (f"{curve.name} {growth(curve.sizes, curve.costs):.2f}" for curve in plot.curves)
        yield f"Growth (slope in the picture; 1 is linear): {', '.join(slopes)}."
    for note in findings.notes:
        yield ""
        yield note


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"{table.caption}:"
        yield ""
    yield "| " + " | ".join(table.columns) + " |"
    yield "|---|" + "---:|" * (len(table.columns) - 1)
    for row in table.rows:
        yield "| " + " | ".join(shown(cell) for cell in row) + " |"


def shown(value: Value) -> str:
    """A cell: a number with three digits that count."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3g}"
