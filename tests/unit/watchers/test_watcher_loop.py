"""When the next look is due."""

from __future__ import annotations

from aiemp.watchers.loop import Looked, pause_s


def looked(again_in_s: float | None = None, **problems: str) -> Looked:
    made = Looked()
    made.again_in_s = again_in_s
    made.problems = problems
    return made


def test_with_nothing_to_wait_for_the_interval_counts() -> None:
    """Quiet folder: one look each interval."""
    assert pause_s(looked(), failures=0, interval_s=30, look_took_s=0.01) == 30


def test_a_file_that_settles_brings_the_next_look_forward() -> None:
    """Not beyond the interval, and never in a tight loop."""
    assert pause_s(looked(3.0), 0, 30, 0.01) == 3
    assert pause_s(looked(100.0), 0, 30, 0.01) == 30
    assert pause_s(looked(0.0), 0, 30, 0.01) == 0.5


def test_slow_looks_are_not_repeated_at_once() -> None:
    """A look at a huge folder took 2 s: at most a sixth of the time is spent looking."""
    assert pause_s(looked(0.0), 0, 30, look_took_s=2.0) == 10


def test_failures_back_off() -> None:
    """Each pause is twice the one before, up to five minutes; a slow watcher keeps its own interval."""
    pauses = [pause_s(looked(work="full"), failures, 10, 0.01) for failures in range(1, 8)]
    assert pauses == [10, 20, 40, 80, 160, 300, 300]
    assert pause_s(looked(work="full"), 50, 3600, 0.01) == 3600


def test_a_vanished_vault_is_looked_for_often() -> None:
    """Looking costs nothing, and its owner expects it to be noticed."""
    assert pause_s(looked(vault="gone"), failures=20, interval_s=30, look_took_s=0.01) == 5
