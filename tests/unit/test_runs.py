"""How a run ended that died without a word: interrupted, or over its time limit."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from aiemp.frozen import replace
from aiemp.plan import Frequency, ScheduledTask
from aiemp.runs import Result, Run, Sighting, TaskRecord, end_without_a_word, set_back

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LIMIT = timedelta(minutes=10)
JOB = ScheduledTask("job", "", Frequency.DAILY, time_of_day=time(8, 0), timeout_minutes=10)
RUN = Run("job", NOW, 1, NOW, pid=4711)
LONG_AFTER = NOW + timedelta(days=2)


def seen(at: timedelta, pid: int = RUN.pid) -> Sighting:
    return Sighting(pid, NOW + at)


def test_seen_beyond_its_limit_it_timed_out() -> None:
    """It was at work when it should have ended itself long before: it no longer heard that, and failed."""
    end = end_without_a_word(RUN, JOB, NOW + LIMIT, seen(LIMIT))
    assert (end.result, end.duration_s, end.on_request) == (Result.FAILED, 600.0, False)
    assert end.error == "timed out after 10 min and died without a word (was pid 4711)"


@pytest.mark.parametrize(
    "sighting",
    [
        pytest.param(None, id="nobody looked"),
        pytest.param(seen(LIMIT - timedelta(seconds=1)), id="seen within its limit"),
        pytest.param(seen(-timedelta(hours=1)), id="seen before it began"),
        pytest.param(seen(LIMIT, pid=1), id="it was another that was seen"),
    ],
)
def test_otherwise_it_was_cut_off(sighting: Sighting | None) -> None:
    """Found late, after a power cut or with nobody there to look, it may have died at once: interrupted."""
    end = end_without_a_word(RUN, JOB, LONG_AFTER, sighting)
    assert (end.result, end.error) == (Result.INTERRUPTED, "died without a word (was pid 4711)")


def test_task_that_left_the_plan_has_no_limit() -> None:
    """Its limit is not known any more: a run of it that died counts as interrupted."""
    assert end_without_a_word(RUN, None, LONG_AFTER, seen(LIMIT)).result is Result.INTERRUPTED


def test_an_open_slot_far_ahead_of_the_clock_is_forgotten() -> None:
    """Set back by more than a day, the clock makes a begun slot one that is still to come; by less, it stays open; and
    a run that goes on keeps its record."""
    record = TaskRecord(slot=NOW, attempts=1, retry_at=NOW)
    assert set_back(record, JOB, NOW - timedelta(hours=30)) == TaskRecord()
    assert set_back(record, JOB, NOW - timedelta(hours=20)) is record
    running = replace(record, running=RUN)
    assert set_back(running, JOB, NOW - timedelta(hours=30)) is running
