"""What a campaign counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.weather import Happening

DISTURBANCES = (*(each.value for each in Happening if each is not Happening.BLOCKED), "set back")
"""What is counted beside what came of it; the last: a last run that had to follow the clock back."""


@dataclass
class Report:
    """What came of a campaign."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    log: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count the other one in."""
        self.counts.update(other.counts)
        self.violations += other.violations

    def line(self) -> str:
        shown = "slots", "run", "caught up", "interrupted", "stopped", "failed", "blocked", "lost", "doubled"
        return ", ".join(f"{name} {self.counts[name]}" for name in shown)
