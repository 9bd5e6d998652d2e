"""Whether a log's newest row is its first or its last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aiemp.dashboard.timestamps import parse_clock, parse_stamp

DAY = timedelta(days=1)
AHEAD = timedelta(minutes=10)
"""A time of day this little ahead of now was written by a clock that runs ahead, not almost a day ago."""


def is_newest_first(times: Sequence[str], now: datetime) -> bool:
    """Judge by the time cells of the rows, from top to bottom. In doubt the newest is the last.

    Rows with dates say it plainly. A log of times of day runs over midnight, so a step down says little;
    the end that lies closer before ``now`` is the newer one.
    """
    stamps = [stamp for text in times if (stamp := parse_stamp(text)) is not None]
    if len(stamps) > 1 and stamps[0] != stamps[-1]:
        return stamps[0] > stamps[-1]
    ages = [age for text in times if (age := _age(text, now)) is not None]
    if len(ages) < 2 or ages[0] == ages[-1]:
        return False
    falling = sum(later > earlier for earlier, later in pairwise(ages))
    rising = sum(later < earlier for earlier, later in pairwise(ages))
    if abs(falling - rising) > 1:
        return falling > rising
    return ages[0] < ages[-1]


def _age(text: str, now: datetime) -> timedelta | None:
    """How long before ``now`` a time of day was last reached."""
    clock = parse_clock(text)
    if clock is None:
        return None
    now = now.astimezone(UTC)
    today = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    age = (timedelta(hours=now.hour, minutes=now.minute, seconds=now.second) - today) % DAY
    return age - DAY if age > DAY - AHEAD else age
