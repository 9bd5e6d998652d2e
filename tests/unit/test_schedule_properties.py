"""Properties of slots over ten years, in zones with odd clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.frozen import replace
from aiemp.plan import Frequency, ScheduledTask
from aiemp.schedules import clamped_last_run, is_due, latest_slot, next_due, next_slot, slot_on, weekdays_of

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
]
TIMES = [time(0, 0), time(0, 5), time(1, 30), time(2, 0), time(2, 30), time(3, 0), time(8, 0), time(23, 59)]
CALENDAR_FREQUENCIES = [Frequency.DAILY, Frequency.WEEKDAYS, Frequency.MWF, Frequency.WEEKLY]


def make_task(frequency: Frequency, at: time) -> ScheduledTask:
    return ScheduledTask("t", "", frequency, time_of_day=at, day_of_week=6, interval_minutes=15)


@cache
def dates_of(zone: ZoneInfo) -> frozenset[date]:
    """The dates that were on the calendar there, found by walking the hours of UTC."""
    start = datetime(2006, 12, 31, tzinfo=UTC)
    return frozenset((start + timedelta(hours=h)).astimezone(zone).date() for h in range(24 * 3656))


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("at", TIMES, ids=str)
def test_every_matching_date_has_exactly_one_run(zone_name: str, at: time) -> None:
    """From 2007 to 2016, walking from slot to slot meets each existing matching date once, in order.

    The years hold Apia's skipped day, Casablanca's pauses for Ramadan, Sao Paulo's midnight changes and
    the half-hour change of Lord Howe.
    """
    zone = ZoneInfo(zone_name)
    days = [date(2007, 1, 1) + timedelta(days=n) for n in range(3653)]
    existing = dates_of(zone)
    # The time of day and the weekday do not meet in the code; a few times show each frequency.
    for frequency in CALENDAR_FREQUENCIES if at in TIMES[:2] else [Frequency.DAILY]:
        task = make_task(frequency, at)
        expected = [
            slot_on(day, at, zone) for day in days if day.weekday() in weekdays_of(task) and day in existing
        ]
        assert None not in expected
        walked = []
        moment = datetime(2006, 12, 31, 0, 0, tzinfo=zone) + timedelta(hours=23, minutes=59, seconds=59)
        moment = max(moment, slot_on(date(2006, 12, 31), at, zone) or moment)
        while len(walked) < len(expected):
            slot = next_slot(task, moment, zone)
            assert slot is not None
            walked.append(slot)
            moment = slot
        assert walked == expected
        assert all(earlier < later for earlier, later in pairwise(walked))


@pytest.mark.parametrize("zone_name", ZONES)
def test_slot_is_as_long_after_midnight_as_on_any_other_day_when_skipped(zone_name: str) -> None:
    """A wall time that exists is that wall time; one that is skipped lies the same time after midnight."""
    zone = ZoneInfo(zone_name)
    for n in range(3653):
        day = date(2007, 1, 1) + timedelta(days=n)
        slot = slot_on(day, time(2, 30), zone)
        if slot is None:
            continue
        local = slot.astimezone(zone)
        if (local.hour, local.minute) == (2, 30):
            assert local.fold == 0, "of two, the first"
        else:
            before_the_change = datetime.combine(day, time(2, 30), tzinfo=zone).utcoffset()
            assert before_the_change is not None
            assert slot == datetime.combine(day, time(2, 30), tzinfo=UTC) - before_the_change


moments = st.datetimes(datetime(2007, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
calendar_tasks = st.builds(
    make_task, st.sampled_from(CALENDAR_FREQUENCIES), st.times().map(lambda t: t.replace(microsecond=0))
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@given(calendar_tasks, moments, moments, zones)
@settings(max_examples=400, deadline=None)
def test_due_means_that_a_slot_lies_between_last_run_and_now(
    task: ScheduledTask, last_run: datetime, now: datetime, zone: ZoneInfo
) -> None:
    """is_due says exactly whether the first slot after the last run has come."""
    task = replace(task, last_run=last_run)
    first = next_slot(task, last_run, zone)
    assert first is not None
    # A slot more than the longest gap back is still found: the latest one stands for all.
    assert is_due(task, now, zone) == (first <= now)
    slot = latest_slot(task, task.last_run, now, zone)
    if slot is not None:
        assert last_run < slot <= now
        following = next_slot(task, slot, zone)
        assert following is not None
        assert following > now


@given(calendar_tasks, moments, moments, zones)
@settings(max_examples=300, deadline=None)
def test_a_run_at_next_due_settles_the_task_until_its_next_slot(
    task: ScheduledTask, last_run: datetime, now: datetime, zone: ZoneInfo
) -> None:
    """Nothing is due before next_due, it is due then, and a run at that moment settles it. (A last run far ahead of
    the clock is written down as now before anything else is asked: the ledger's ``clamp_future``.)"""
    task = replace(task, last_run=clamped_last_run(task, last_run, now))
    moment = next_due(task, now, zone)
    assert moment is not None
    assert moment >= now
    assert is_due(task, moment, zone)
    if moment > now:
        assert not is_due(task, moment - timedelta(microseconds=1), zone)
    assert not is_due(replace(task, last_run=moment), moment, zone)


@given(st.integers(1, 2000), moments, moments)
@settings(deadline=None)
def test_interval_tasks_are_due_exactly_after_their_interval(
    minutes: int, last_run: datetime, now: datetime
) -> None:
    """Intervals are real time: no zone and no clock change moves them."""
    task = ScheduledTask("t", "", Frequency.EVERY_N_MINUTES, interval_minutes=minutes, last_run=last_run)
    assert is_due(task, now, ZoneInfo("Europe/Berlin")) == (now - last_run >= timedelta(minutes=minutes))


@given(st.sampled_from(["*-*-* 02:30", "Sun *-*-* 02:30", "*:0/15", "*-*-01 08:00"]), moments, zones)
@settings(max_examples=150, deadline=None)
def test_calendar_expression_agrees_with_itself(expression: str, last_run: datetime, zone: ZoneInfo) -> None:
    """The latest slot up to some moment is the last of the slots walked from the last run."""
    task = ScheduledTask("t", "", Frequency.CALENDAR, calendar=expression, last_run=last_run)
    now = last_run + timedelta(hours=31)
    walked = []
    moment = last_run
    while (slot := next_slot(task, moment, zone)) is not None and slot <= now:
        walked.append(slot)
        moment = slot
    assert latest_slot(task, task.last_run, now, zone) == (walked[-1] if walked else None)


@pytest.mark.parametrize("calendar", ["Mon..Fri *-*-* 09:00", "Fri *-*-* 09:00", "*-*-30 23:30"])
def test_calendar_expression_has_no_slot_on_a_date_that_never_was(calendar: str) -> None:
    """Apia went from Thursday 29 to Saturday 31 December 2011: the Friday's slot is none, and does not come on the
    Saturday instead."""
    zone = ZoneInfo("Pacific/Apia")
    task = ScheduledTask("t", "", Frequency.CALENDAR, calendar=calendar)
    after = datetime(2011, 12, 29, 12, tzinfo=zone)
    first = next_slot(task, after, zone)
    assert first is not None
    assert first.astimezone(zone).date() > date(2011, 12, 31)
    assert latest_slot(task, after, datetime(2012, 1, 1, 12, tzinfo=zone), zone) is None


def test_calendar_expression_whose_time_is_skipped_is_still_ahead_until_it_runs() -> None:
    """There is no 02:30 in Berlin on that Sunday, so it runs at 03:30: at 03:10, when clocks are past 02:30, it is
    yet to come."""
    zone = ZoneInfo("Europe/Berlin")
    task = ScheduledTask("night", "", Frequency.CALENDAR, calendar="*-*-* 02:30:00")
    assert next_slot(task, datetime(2026, 3, 29, 1, 10, tzinfo=UTC), zone) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )
