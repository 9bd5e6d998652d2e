"""Whether a log's newest row is its first or its last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from aiemp.dashboard.timestamps import parse_clock, parse_stamp

CLOCKS_DIFFER_S = 600
"""A newest row this little ahead of now was written by a clock that runs ahead, not almost a day ago."""


def is_newest_first(times: Sequence[str], now: datetime) -> bool:
    """Judge by the time cells of the rows, from top to bottom. In doubt the newest is the last.

    Dates say it plainly. A log of times of day runs over midnight; the order that needs fewer midnights to
    get from its oldest row to ``now`` is the likelier one.
    """
    zone = now.tzinfo or UTC
    stamps = [stamp for text in times if (stamp := parse_stamp(text, zone)) is not None]
    if len(stamps) > 1 and stamps[0] != stamps[-1]:
        return stamps[0] > stamps[-1]
    clocks = [clock for text in times if (clock := parse_clock(text)) is not None]
    seconds = [clock.hour * 3600 + clock.minute * 60 + clock.second for clock in clocks]
    return _midnights(seconds[::-1], now) < _midnights(seconds, now)


def _midnights(oldest_first: Sequence[int], now: datetime) -> int:
    if not oldest_first:
        return 0
    now_s = now.hour * 3600 + now.minute * 60 + now.second
    passed = sum(later < earlier for earlier, later in pairwise(oldest_first))
    return passed + (oldest_first[-1] - now_s > CLOCKS_DIFFER_S)
