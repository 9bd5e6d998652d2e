"""When a watcher that ended is started again. Pure; times are monotonic seconds.

At once the first time, then with a growing pause while it keeps dying young; given up when more than
``Limits.restarts`` restarts would fall within ``Limits.restart_window_s`` (seed section 6, semantics).
"""

from __future__ import annotations

from aiemp.frozen import frozen
from aiemp.plan import Limits

STABLE_AFTER_S = 60.0
"""A watcher that ran this long did not die young: its next restart is at once again."""

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


@frozen
class Restarts:
    """The restarts of one watcher within the window, oldest first, and how often it died young in a row."""

    times: tuple[float, ...] = ()
    died_young: int = 0


@frozen
class Verdict:
    """What to do about a watcher that ended: start it at ``restart_at``, or give up (None)."""

    restart_at: float | None
    restarts: Restarts


def after_exit(restarts: Restarts, started: float, now: float, limits: Limits) -> Verdict:
    """Judge the end, at ``now``, of a watcher that was started at ``started``."""
    recent = tuple(at for at in restarts.times if now - at < limits.restart_window_s)
    if len(recent) >= limits.restarts:
        return Verdict(None, Restarts(recent, restarts.died_young))
    if now - started >= STABLE_AFTER_S:
        died_young, pause_s = 0, 0.0
    else:
        died_young = restarts.died_young + 1
        pause_s = 0.0 if died_young == 1 else min(FIRST_PAUSE_S * 2 ** (died_young - 2), LONGEST_PAUSE_S)
    return Verdict(now + pause_s, Restarts((*recent, now), died_young))
