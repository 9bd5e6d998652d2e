"""Schedules, moments and spans in words."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.cli.words import ahead_in_words, duration_in_words, moment_in_words
from aiemp.frozen import replace
from aiemp.plan import Frequency, ScheduledTask
from aiemp.schedule_words import schedule_in_words, span_in_words

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
TASK = ScheduledTask("t", "", Frequency.DAILY, time_of_day=time(8, 0))


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (TASK, "daily at 08:00"),
        (replace(TASK, time_of_day=time(8, 0, 30)), "daily at 08:00:30"),
        (replace(TASK, time_of_day=None), "daily at 00:00"),
        (replace(TASK, frequency=Frequency.WEEKDAYS, time_of_day=time(9, 5)), "Mon to Fri at 09:05"),
        (replace(TASK, frequency=Frequency.MWF, time_of_day=time(9, 30)), "Mon, Wed, Fri at 09:30"),
        (replace(TASK, frequency=Frequency.WEEKLY, day_of_week=6, time_of_day=time(22, 0)), "Sun at 22:00"),
        (replace(TASK, frequency=Frequency.HOURLY), "every 1 h"),
        (replace(TASK, frequency=Frequency.EVERY_N_MINUTES, interval_minutes=360), "every 6 h"),
        (replace(TASK, frequency=Frequency.EVERY_N_MINUTES, interval_minutes=15), "every 15 min"),
        (replace(TASK, frequency=Frequency.EVERY_N_MINUTES, interval_minutes=90), "every 1 h 30 min"),
        (replace(TASK, frequency=Frequency.EVERY_N_MINUTES, interval_minutes=1), "every 1 min"),
        (replace(TASK, frequency=Frequency.CALENDAR, calendar="Mon..Fri 9:00"), "Mon..Fri 9:00"),
    ],
)
def test_schedule_in_words(task: ScheduledTask, words: str) -> None:
    """Each frequency is told the way a person would say it; a calendar expression as it is written."""
    assert schedule_in_words(task) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (125, "2 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
    ],
)
def test_span_in_words(seconds: int, words: str) -> None:
    """A span has its two largest units; seconds are told only where they matter."""
    assert span_in_words(timedelta(seconds=seconds)) == words


@given(st.integers(0, 10**9))
def test_spans_of_any_length_have_words(seconds: int) -> None:
    """No span is empty or has more than two units, and none claims more than there is."""
    parts = span_in_words(timedelta(seconds=seconds)).split()
    unit_s = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    told = sum(int(count) * unit_s[unit] for count, unit in zip(parts[::2], parts[1::2], strict=True))
    assert len(parts) in (2, 4)
    assert 0 <= seconds - told < unit_s[parts[-1]] * 60


def test_moments_are_the_wall_clock_of_the_zone() -> None:
    """A moment is told in the plan's zone, near days by name, others by weekday and date."""
    apia = ZoneInfo("Pacific/Apia")  # UTC+13: there it is 23:00 on the same day
    assert moment_in_words(NOW, NOW, apia) == "today 23:00"
    assert moment_in_words(NOW + timedelta(hours=2), NOW, apia) == "tomorrow 01:00"
    assert moment_in_words(NOW - timedelta(days=1), NOW, UTC) == "yesterday 10:00"
    assert moment_in_words(NOW + timedelta(days=2), NOW, UTC) == "Wed 2026-11-25 10:00"


def test_the_past_is_not_ahead() -> None:
    """What has come is ``now``, what comes is told as a span."""
    assert ahead_in_words(NOW, NOW) == "now"
    assert ahead_in_words(NOW - timedelta(days=9), NOW) == "now"
    assert ahead_in_words(NOW + timedelta(hours=3), NOW) == "in 3 h"


def test_durations_of_quick_tasks_have_tenths() -> None:
    """Tenths below ten seconds, none above, and no negative duration."""
    assert duration_in_words(0.04) == "0.0 s"
    assert duration_in_words(9.94) == "9.9 s"
    assert duration_in_words(9.96) == "9 s"
    assert duration_in_words(-1) == "0.0 s"
    assert duration_in_words(754.2) == "12 min"


def test_edited_files_do_no_harm() -> None:
    """Moments at the ends of the calendar and impossible durations are shown somehow."""
    west, first = ZoneInfo("America/New_York"), datetime(1, 1, 1, tzinfo=UTC)
    assert moment_in_words(first, NOW, west) == "0001-01-01T00:00:00+00:00"
    for seconds in (float("inf"), float("nan"), 1e300):
        assert duration_in_words(seconds) == "?"
