"""``pings``: the addresses that aiemp calls answer. Pure."""

from __future__ import annotations

from datetime import datetime

from aiemp.doctor.findings import Finding, ok, warn
from aiemp.frozen import frozen
from aiemp.ping_trouble import PingTrouble
from aiemp.schedule_words import span_in_words


@frozen
class PingsSeen:
    """``called``: the settings with an address; ``troubles``: which of them did not answer when last called."""

    called: tuple[str, ...]
    troubles: tuple[PingTrouble, ...]
    now: datetime


def judge_pings(seen: PingsSeen) -> list[Finding]:
    """Nothing where nothing is called. No failure: that is whoever waits for the call to tell."""
    if seen.called and not seen.troubles:
        return [ok(f"no call of {' and '.join(seen.called)} has failed since the last answer")]
    return [
        warn(f"{each.setting}: {each.why} (for {span_in_words(seen.now - each.since)})", each.remedy)
        for each in seen.troubles
    ]
