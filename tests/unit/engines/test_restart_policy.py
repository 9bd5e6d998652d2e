"""When a watcher that ended is started again."""

from __future__ import annotations

from aiemp.engines.restart_policy import LONGEST_PAUSE_S, STABLE_AFTER_S, Restarts, after_exit
from aiemp.plan import Limits

LIMITS = Limits(restarts=5, restart_window_s=600)


def test_first_restart_is_at_once_and_pauses_grow() -> None:
    """A watcher that dies young again and again is started after 0, 1, 2, 4, 8 seconds."""
    restarts, now, pauses = Restarts(), 0.0, []
    for _ in range(5):
        verdict = after_exit(restarts, now, now + 0.5, LIMITS)
        assert verdict.restart_at is not None
        pauses.append(verdict.restart_at - (now + 0.5))
        restarts, now = verdict.restarts, verdict.restart_at
    assert pauses == [0, 1, 2, 4, 8]


def test_more_than_five_restarts_in_ten_minutes_pause() -> None:
    """Five restarts are made; the sixth within the window is not."""
    restarts, now = Restarts(), 0.0
    for _ in range(5):
        verdict = after_exit(restarts, now, now, LIMITS)
        restarts, now = verdict.restarts, verdict.restart_at or 0.0
    assert after_exit(restarts, now, now, LIMITS).restart_at is None
    assert after_exit(restarts, now, 600.0, LIMITS).restart_at is not None, "the first is out of the window"


def test_stable_watcher_is_restarted_at_once_for_ever() -> None:
    """A crash every three minutes never pauses a watcher, nor does it wait."""
    restarts, now = Restarts(), 0.0
    for _ in range(50):
        verdict = after_exit(restarts, now, now + 180, LIMITS)
        assert verdict.restart_at == now + 180
        restarts, now = verdict.restarts, now + 180
    assert len(restarts.times) <= LIMITS.restarts


def test_pause_has_a_bound() -> None:
    """With a limit that allows many restarts, the pause stops growing."""
    many = Limits(restarts=1000, restart_window_s=1e9)
    restarts, now, longest = Restarts(), 0.0, 0.0
    for _ in range(40):
        verdict = after_exit(restarts, now, now, many)
        assert verdict.restart_at is not None
        longest = max(longest, verdict.restart_at - now)
        restarts, now = verdict.restarts, verdict.restart_at
    assert longest == LONGEST_PAUSE_S


def test_a_stable_run_ends_the_growing_pauses() -> None:
    """One that died young again and again and then ran for long is started at once when it dies young the next
    time."""
    stable = after_exit(Restarts(died_young=4), 0.0, STABLE_AFTER_S, Limits(restarts=100)).restarts
    assert after_exit(stable, 100.0, 100.5, Limits(restarts=100)).restart_at == 100.5
