"""What one part of the benchmark found: figures against promises, tables, and curves. All of it goes into JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value that was promised: ``key`` names the promise, ``value`` is in its unit (or a ratio).
    ``detail`` says what it was made of."""

    key: str
    value: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows side by side. The first column names what was measured."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Curve:
    """How something grows: ``costs`` in ``unit`` at ``sizes``."""

    name: str
    sizes: Sequence[float]
    costs: Sequence[float]


@dataclass(frozen=True, slots=True)
class Plot:
    """Some curves in one picture, both axes logarithmic; its file's name is ``key``."""

    key: str
    title: str
    x: str
    y: str
    curves: Sequence[Curve]


@dataclass(slots=True)
class Findings:
    """All that one part found, or why it found nothing (``left_out``)."""

    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: str = ""
    samples: dict[str, Any] = field(default_factory=dict)
    """What the medians are of, where somebody may want to look."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Findings:
        return cls(
            [Figure(**each) for each in data["figures"]],
            [Table(**each) for each in data["tables"]],
            [
                Plot(**{**each, "curves": [Curve(**curve) for curve in each["curves"]]})
                for each in data["plots"]
            ],
            data["notes"],
            data["left_out"],
            data.get("samples", {}),
        )
