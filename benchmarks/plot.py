"""Curves as SVG, both axes logarithmic. Small, and without a library."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.findings import Plot

WIDTH, HEIGHT = 880, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 340, 40, 50
COLOURS = ("#0b6e99", "#d9480f", "#2b8a3e", "#862e9c", "#c92a2a", "#5c7cfa")
STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-size:14px;font-weight:bold}"
    ".grid{stroke:#ddd}.curve{fill:none;stroke-width:2}"
)


class LogAxis:
    """Maps values to pixels; ``ticks`` are the powers of ten within."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self) -> Iterator[float]:
        for power in range(self.low, self.high + 1):
            yield 10.0**power


def svg(plot: Plot) -> str:
    """The picture, as the text of a file."""
    x = LogAxis([size for curve in plot.curves for size in curve.sizes], LEFT, WIDTH - RIGHT)
    y = LogAxis([max(cost, 1e-4) for curve in plot.curves for cost in curve.costs], HEIGHT - BOTTOM, TOP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(plot.title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text class="title" x="{LEFT}" y="22">{escape(plot.title)}</text>',
    ]
    for value in x.ticks():
        lines += [
            f'<line class="grid" x1="{x.at(value)}" x2="{x.at(value)}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
            f'<text x="{x.at(value)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>',
        ]
    for value in y.ticks():
        lines += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(value)}" y2="{y.at(value)}"/>',
            f'<text x="{LEFT - 8}" y="{y.at(value) + 4}" text-anchor="end">{value:,g}</text>',
        ]
    lines += [
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(plot.x)}</text>',
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(plot.y)}</text>",
    ]
    for number, curve in enumerate(plot.curves):
        colour = COLOURS[number % len(COLOURS)]
        points = [
            (x.at(size), y.at(max(cost, 1e-4))) for size, cost in zip(curve.sizes, curve.costs, strict=True)
        ]
        path = " ".join(f"{across},{down}" for across, down in points)
        lines.append(f'<polyline class="curve" stroke="{colour}" points="{path}"/>')
        lines += [f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"/>' for across, down in points]
        row = TOP + 14 + number * 20
        lines += [
            f'<rect x="{WIDTH - RIGHT + 14}" y="{row - 9}" width="12" height="4" fill="{colour}"/>',
            f'<text x="{WIDTH - RIGHT + 32}" y="{row - 3}">{escape(curve.name)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
