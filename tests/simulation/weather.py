"""What happens to a machine in the course of years, drawn from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Happening(Enum):
    """What befalls the machine as a whole."""

    POWER_CUT = "power cut"  # all is killed at once, and back later
    STOP = "stop on request"
    ORCHESTRATOR_KILLED = "orchestrator killed"  # its child goes on
    CLOCK_STEP = "clock step"
    BLOCKED = "blocked"
    MANUAL = "manual run"


AIMED = (Happening.POWER_CUT, Happening.STOP, Happening.ORCHESTRATOR_KILLED, Happening.CLOCK_STEP)


class Outcome(Enum):
    """How one run ends."""

    SUCCEEDS = "succeeds"
    FAILS = "fails"
    KILLED_BEFORE_BEGIN = "killed before it was written down"
    KILLED_AFTER_BEGIN = "killed after begin"
    KILLED_AFTER_WORK = "killed after the work"
    KILLED_AFTER_END = "killed after the end was written"


@dataclass(frozen=True)
class Disturbance:
    """``at`` is true time, which no clock step moves. ``lasts``: the downtime, the block or the step."""

    at: datetime
    what: Happening
    lasts: timedelta = timedelta(0)
    choice: float = 0.0
    is_aimed: bool = False  # it strikes within the next run; runs are short, and chance would miss them


def disturbances(
    rng: random.Random, start: datetime, end: datetime, every: timedelta
) -> Iterator[Disturbance]:
    """One disturbance after the other; several may meet."""
    weights = {
        Happening.POWER_CUT: 4,
        Happening.STOP: 4,
        Happening.ORCHESTRATOR_KILLED: 3,
        Happening.CLOCK_STEP: 3,
        Happening.BLOCKED: 3,
        Happening.MANUAL: 3,
    }
    longest = {
        Happening.POWER_CUT: 30 * DAY,
        Happening.STOP: 3 * DAY,
        Happening.CLOCK_STEP: 20 * DAY,
        Happening.BLOCKED: DAY,
    }
    at = start
    while True:
        at += every * rng.expovariate(1.0)
        if at >= end:
            return
        what = rng.choices(list(weights), list(weights.values()))[0]
        lasts = between(rng, MINUTE / 6, longest.get(what, DAY))
        is_aimed = what in AIMED and rng.random() < 0.6
        yield Disturbance(at, what, lasts, rng.random(), is_aimed)


def between(rng: random.Random, least: timedelta, most: timedelta) -> timedelta:
    """A span of any order of magnitude between the two."""
    low, high = math.log(least.total_seconds()), math.log(most.total_seconds())
    return timedelta(seconds=round(math.exp(rng.uniform(low, high)), 3))


def outcome(rng: random.Random) -> Outcome:
    """One run in ten does not simply succeed."""
    if rng.random() < 0.9:
        return Outcome.SUCCEEDS
    return rng.choices(list(Outcome), [0, 5, 1, 2, 1, 1])[0]
