"""What a campaign counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SHOWN = ("injected", "survived", "lost", "doubled")


@dataclass
class Tally:
    """``injected`` faults, how many of them everything ``survived``, and what was ``lost`` or ``doubled``.

    A problem's first word, before its colon, says what kind it is; those that are neither lost nor doubled (torn,
    left over, refused) only keep a fault from counting as survived.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        return ", ".join(f"{name} {self.counts[name]}" for name in SHOWN)

    def note(self, what: str, problems: list[str]) -> None:
        """One injected fault and what was wrong afterwards."""
        self.counts["injected"] += 1
        self.counts["survived"] += not problems
        for problem in problems:
            self.counts[problem.split(":")[0]] += 1
            self.wrong.append(f"{what}: {problem}")

    def conclude(self, what: str, problems: list[str]) -> None:
        """What shows only when all is over; it belongs to faults that were counted already."""
        for problem in problems:
            self.counts[problem.split(":")[0]] += 1
            self.wrong.append(f"{what}: {problem}")
        self.counts["survived"] = max(0, self.counts["survived"] - len(problems))

    def add(self, other: Tally) -> Tally:
        """Count the other one in."""
        self.counts.update(other.counts)
        self.wrong += other.wrong
        return self
