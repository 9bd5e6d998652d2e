"""The two lives of a vault that a campaign plays."""

from __future__ import annotations

import random
from datetime import timedelta

from tests.simulation.campaign import START, Campaign
from tests.simulation.report import Report
from tests.simulation.stores import MemoryStore


def old_vault(zone: str, seed: int, years: float, *, timers: bool) -> Report:
    """One vault for years, with something happening every third day."""
    return Campaign(zone, seed, timedelta(days=365.25 * years), MemoryStore(), timers=timers).play()


def young_vault(zone: str, seed: int, *, timers: bool) -> Report:
    """A new vault's first ten days, somewhere in ten years, with much happening: nothing has ever run there."""
    start = START + timedelta(days=random.Random(f"{seed} {zone}").randrange(3640))
    often = timedelta(hours=8)
    span = timedelta(days=10)
    return Campaign(zone, seed, span, MemoryStore(), timers=timers, disturbed_every=often, start=start).play()
