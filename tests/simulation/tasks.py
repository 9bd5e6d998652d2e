"""The tasks of a simulated vault."""

from __future__ import annotations

import random
from datetime import time, timedelta
from typing import Any

from aiemp.plan import Frequency, ScheduledTask


def tasks_of(rng: random.Random) -> tuple[ScheduledTask, ...]:
    """One task of each kind, at times where zones are odd; what the rules depend on is drawn."""
    minute = rng.randrange(60)
    kinds: list[dict[str, Any]] = [
        {"frequency": Frequency.DAILY, "time_of_day": time(8, minute)},
        {"frequency": Frequency.DAILY, "time_of_day": time(0, 0), "catch_up": False},
        {"frequency": Frequency.DAILY, "time_of_day": time(2, 30), "catch_up": timedelta(hours=12)},
        {"frequency": Frequency.WEEKDAYS, "time_of_day": time(23, 58)},
        {"frequency": Frequency.MWF, "time_of_day": time(rng.randrange(24), minute)},
        {"frequency": Frequency.WEEKLY, "time_of_day": time(22, 0), "day_of_week": rng.randrange(7)},
        {"frequency": Frequency.EVERY_N_MINUTES, "interval_minutes": 360},
        {"frequency": Frequency.EVERY_N_MINUTES, "interval_minutes": 700},
        {"frequency": Frequency.CALENDAR, "calendar": "Mon..Fri *-*-* 09:00"},
        {"frequency": Frequency.CALENDAR, "calendar": "*-*-* 02,14:15", "catch_up": timedelta(hours=6)},
    ]
    return tuple(
        ScheduledTask(
            f"t{n}-{kind['frequency'].value}",
            "",
            priority=rng.randrange(100),
            max_attempts=rng.randint(1, 3),
            retry_delay_minutes=rng.choice((1, 5, 60)),
            requires_claude=rng.random() < 0.5,
            **kind,
        )
        for n, kind in enumerate(kinds)
    )
