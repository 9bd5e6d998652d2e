"""A figure that was promised, as it was measured; and the table that shows several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside the most that was promised and what else it was measured against.

    ``baseline``: what the least that could do the job took in the same rounds, in the same unit. A promise with
    ``of_baseline`` is about the ratio of the two, which is the same on a fast machine and a slow one.
    """

    name: str
    measured: float
    limit: float
    unit: str = ""
    baseline: float | None = None
    baseline_name: str = ""
    of_baseline: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times the baseline was needed."""
        return self.measured / self.baseline if self.baseline else None

    @property
    def reached(self) -> bool:
        """Whether the promise is kept."""
        held = self.ratio if self.of_baseline else self.measured
        return held is not None and held <= self.limit

    def cells(self) -> list[str]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} × {self.baseline_name}"
        limit = f"{self.limit:g} ×" if self.of_baseline else _shown(self.limit, self.unit)
        return [
            self.name,
            _shown(self.measured, self.unit),
            limit,
            ratio,
            "yes" if self.reached else "**no**",
        ]


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    head = ["figure", "measured", "limit", "ratio", "reached"]
    lines = ["| " + " | ".join(head) + " |", "|---|---:|---:|---:|---|"]
    lines += ["| " + " | ".join(figure.cells()) + " |" for figure in figures]
    return "\n".join(lines)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * 95 // 100) - 1, 0)]


def paired(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The medians of what was measured in interleaved rounds."""
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def _shown(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{number} {unit}".rstrip()
