"""When a task is due: the seed's cases (section 5A). Monday is 2026-11-23; the zone is Berlin (UTC+1)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Frequency, ScheduledTask
from aiemp.schedules import get_due_tasks, is_due, next_due

BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 on Berlin's clock."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


def task(frequency: Frequency, **facts: object) -> ScheduledTask:
    facts.setdefault("time_of_day", time(9, 30))
    return ScheduledTask(name="t", description="", frequency=frequency, **facts)  # type: ignore[arg-type]


def test_daily_task_due_after_time() -> None:
    """A daily task that ran yesterday is due once its time has passed today."""
    daily = task(Frequency.DAILY, last_run=at(22, 9, 30))
    assert is_due(daily, at(23, 9, 30), BERLIN)
    assert is_due(daily, at(23, 23, 59), BERLIN)


def test_daily_task_not_due_before_time() -> None:
    """A daily task is not due before its time, whether it ran yesterday or never."""
    assert not is_due(task(Frequency.DAILY, last_run=at(22, 9, 31)), at(23, 9, 29), BERLIN)
    assert not is_due(task(Frequency.DAILY), at(23, 9, 29), BERLIN)


def test_daily_task_not_due_already_run() -> None:
    """A daily task that has run since its time today is not due again today."""
    daily = task(Frequency.DAILY, last_run=at(23, 9, 30))
    assert not is_due(daily, at(23, 9, 31), BERLIN)
    assert not is_due(daily, at(24, 9, 29), BERLIN)


def test_daily_run_after_midnight_does_not_swallow_the_days_own_slot() -> None:
    """Yesterday's slot run late, after midnight, leaves today's slot to be run."""
    late = task(Frequency.DAILY, last_run=at(23, 0, 30))
    assert is_due(late, at(23, 9, 30), BERLIN)


def test_mwf_task_due_on_monday() -> None:
    """An mwf task is due on Monday."""
    assert is_due(task(Frequency.MWF, last_run=at(20, 10)), at(23, 9, 30), BERLIN)


def test_mwf_task_not_due_on_tuesday() -> None:
    """An mwf task that ran on Monday is not due on Tuesday, nor is one that never ran."""
    assert not is_due(task(Frequency.MWF, last_run=at(23, 10)), at(24, 12), BERLIN)
    assert not is_due(task(Frequency.MWF), at(24, 12), BERLIN)


def test_mwf_task_due_on_wednesday() -> None:
    """An mwf task is due on Wednesday."""
    assert is_due(task(Frequency.MWF, last_run=at(23, 10)), at(25, 9, 30), BERLIN)


def test_mwf_task_due_on_friday() -> None:
    """An mwf task is due on Friday, and not again at the weekend."""
    assert is_due(task(Frequency.MWF, last_run=at(25, 10)), at(27, 9, 30), BERLIN)
    assert not is_due(task(Frequency.MWF, last_run=at(27, 10)), at(29, 23), BERLIN)


def test_weekdays_task_rests_at_the_weekend() -> None:
    """A weekdays task is due on Friday and on Monday, not on Saturday or Sunday."""
    assert is_due(task(Frequency.WEEKDAYS, last_run=at(26, 10)), at(27, 9, 30), BERLIN)
    assert not is_due(task(Frequency.WEEKDAYS, last_run=at(27, 10)), at(29, 23), BERLIN)
    assert is_due(task(Frequency.WEEKDAYS, last_run=at(27, 10)), at(30, 9, 30), BERLIN)


def test_weekly_task_due_on_correct_day() -> None:
    """A weekly task is due on its weekday once its time has passed."""
    sunday = task(Frequency.WEEKLY, day_of_week=6, time_of_day=time(22, 0), last_run=at(15, 22))
    assert is_due(sunday, at(22, 22), BERLIN)
    assert not is_due(sunday, at(22, 21, 59), BERLIN)


def test_weekly_task_not_due_wrong_day() -> None:
    """A weekly task that ran on its day is not due on any other day until the next week."""
    sunday = task(Frequency.WEEKLY, day_of_week=6, time_of_day=time(22, 0), last_run=at(22, 22))
    for day in range(23, 29):
        assert not is_due(sunday, at(day, 23, 59), BERLIN)


def test_weekly_task_missed_on_sunday_runs_on_monday() -> None:
    """The machine was off on Sunday: the weekly task is due on Monday, once."""
    sunday = task(Frequency.WEEKLY, day_of_week=6, time_of_day=time(22, 0), last_run=at(15, 22))
    assert is_due(sunday, at(23, 7), BERLIN)
    assert not is_due(replace(sunday, last_run=at(23, 7)), at(23, 8), BERLIN)


def test_every_n_minutes_due() -> None:
    """An interval task is due when its interval has passed, to the second."""
    every = task(Frequency.EVERY_N_MINUTES, interval_minutes=15, last_run=at(23, 9))
    assert is_due(every, at(23, 9, 15), BERLIN)


def test_every_n_minutes_not_due() -> None:
    """An interval task is not due within its interval."""
    every = task(Frequency.EVERY_N_MINUTES, interval_minutes=15, last_run=at(23, 9))
    assert not is_due(every, at(23, 9, 15) - timedelta(seconds=1), BERLIN)


def test_hourly_task_counts_real_hours_across_a_clock_change() -> None:
    """On the night the clock goes back, an hourly task runs in both hours called two."""
    zone = BERLIN
    first_two = datetime(2026, 10, 25, 2, 0, tzinfo=zone, fold=0)
    hourly = task(Frequency.HOURLY, last_run=first_two.astimezone(UTC))
    assert is_due(hourly, datetime(2026, 10, 25, 2, 0, tzinfo=zone, fold=1).astimezone(UTC), zone)


def test_disabled_task_never_due() -> None:
    """A disabled task is never due, whatever its frequency, and has no next time."""
    for each in SCHEDULE_REGISTRY:
        off = replace(each, enabled=False)
        assert not is_due(off, at(23, 23), BERLIN)
        assert next_due(off, at(23, 23), BERLIN) is None


def test_never_run_task_is_due() -> None:
    """A task that never ran is due once its time has passed today; an interval task at once."""
    assert is_due(task(Frequency.DAILY), at(23, 9, 30), BERLIN)
    assert is_due(task(Frequency.EVERY_N_MINUTES, interval_minutes=360), at(23, 0), BERLIN)
    assert not is_due(task(Frequency.WEEKLY, day_of_week=6), at(23, 12), BERLIN)


def test_missed_schedule_runs_once() -> None:
    """However many slots were missed, one run settles them all."""
    for frequency in (Frequency.DAILY, Frequency.WEEKDAYS, Frequency.MWF):
        missed = task(frequency, last_run=at(2, 10))
        now = at(23, 10)
        assert is_due(missed, now, BERLIN)
        assert not is_due(replace(missed, last_run=now), now + timedelta(minutes=1), BERLIN)


def test_get_due_tasks_returns_sorted() -> None:
    """Due tasks come the lowest priority number first; ties keep the registry's order."""
    due = get_due_tasks(SCHEDULE_REGISTRY, at(23, 23), BERLIN)
    assert [each.name for each in due] == [
        "daily_rollover",
        "stale_approval_check",
        "done_archive",
        "morning_triage",
        "linkedin_post",
        "health_dashboard_update",
    ]
    tied = [replace(each, priority=1) for each in SCHEDULE_REGISTRY if each.enabled]
    assert get_due_tasks(tied, at(23, 23), BERLIN) == tied


def test_catch_up_false_drops_a_slot_older_than_minutes() -> None:
    """With ``catch_up = false`` a slot is run within minutes or not at all."""
    fresh = task(Frequency.DAILY, last_run=at(22, 10), catch_up=False)
    assert is_due(fresh, at(23, 9, 34), BERLIN)
    assert not is_due(fresh, at(23, 9, 36), BERLIN)
    assert next_due(fresh, at(23, 9, 36), BERLIN) == at(24, 9, 30)


def test_catch_up_age_drops_older_slots() -> None:
    """With a greatest age, a slot is caught up until it is that old."""
    half_day = task(Frequency.DAILY, last_run=at(22, 10), catch_up=timedelta(hours=12))
    assert is_due(half_day, at(23, 21, 30), BERLIN)
    assert not is_due(half_day, at(23, 21, 31), BERLIN)


def test_calendar_expression_is_evaluated_in_the_plans_zone() -> None:
    """``calendar`` means wall-clock time in the plan's zone, or in the zone that it names itself."""
    weekdays = task(Frequency.CALENDAR, calendar="Mon..Fri *-*-* 09:00", last_run=at(20, 9, 1))
    assert not is_due(weekdays, at(23, 8, 59), BERLIN)
    assert is_due(weekdays, at(23, 9), BERLIN)
    own_zone = replace(weekdays, calendar="Mon..Fri *-*-* 09:00 UTC", last_run=at(20, 10, 1))
    assert not is_due(own_zone, at(23, 9, 59), BERLIN)
    assert is_due(own_zone, at(23, 10), BERLIN)


def test_never_run_calendar_task_has_only_todays_slots() -> None:
    """A calendar task that never ran is not due for yesterday's slot."""
    fresh = task(Frequency.CALENDAR, calendar="*-*-* 09:00")
    assert not is_due(fresh, at(23, 8, 59), BERLIN)
    assert is_due(fresh, at(23, 9), BERLIN)
