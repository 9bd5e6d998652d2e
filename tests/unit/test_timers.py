"""The OnCalendar= text of every kind of task; `systemd-analyze calendar` is the judge of what it means."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiemp.plan import SCHEDULE_REGISTRY, Frequency, ScheduledTask
from aiemp.schedules import next_due, next_slot
from aiemp.timers import DAY_MINUTES, alarm_grid_minutes, on_calendar

BEFORE_CHANGES = {
    "Europe/Berlin": ("2026-03-28", "2026-10-24"),
    "America/New_York": ("2026-03-07", "2026-10-31"),
    "Australia/Lord_Howe": ("2026-04-03", "2026-10-02"),
    "Asia/Kathmandu": ("2026-03-28",),
}
"""Zones and the days before their clocks change: by an hour, by half an hour, and not at all."""

ZONES = tuple(BEFORE_CHANGES)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_END = datetime(2027, 1, 1, tzinfo=UTC)
LONGEST_INTERVAL = 366 * DAY_MINUTES

SLOT_FREQUENCIES = (Frequency.DAILY, Frequency.WEEKDAYS, Frequency.MWF, Frequency.WEEKLY)
TIMES = (
    time(0, 0),
    time(0, 5),
    time(1, 45),
    time(2, 0),
    time(2, 15),
    time(2, 30),
    time(3, 0),
    time(8, 0, 30),
)
TIMES += (time(12, 0), time(22, 0), time(23, 59))

EXPRESSIONS = (
    "Mon..Fri *-*-* 09:00",
    "*-*-* 09:00:00",
    "Mon,Wed,Fri 09:30",
    "Sat,Sun 10:15",
    "09:00",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
    "*-*-01 06:00",
    "*-*~01 23:30",
    "Fri *-*-1..7 17:00",
    "Mon *-01,04,07,10-* 08:00",
    "*-*-1,15 12:00:00",
    "*-02-29 10:00",
    "2026-10-25 12:00",
    "*-*-* 08..18/2:05",
    "Mon..Fri 8,12,16:45:30",
    "*-*-1/10 04:10",
    "*-03,10-* 02:30",
    "Sun 02:15",
)


def task(frequency: Frequency, **fields: object) -> ScheduledTask:
    return ScheduledTask("name", "description", frequency, **fields)  # type: ignore[arg-type]


def every(minutes: int) -> ScheduledTask:
    return task(Frequency.EVERY_N_MINUTES, interval_minutes=minutes)


@pytest.fixture(scope="module")
def analyze() -> str:
    """The program that knows; without it these tests skip, and fail in CI."""
    found = shutil.which("systemd-analyze")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("systemd-analyze is missing in CI: install systemd", pytrace=False)
    if found is None:
        pytest.skip("needs systemd-analyze")
    return found


def elapses(
    analyze: str, expressions: tuple[str, ...], after: datetime, count: int, zone: str = "UTC"
) -> list[datetime]:
    """The next ``count`` times of each expression, all together in order, on a machine in ``zone``."""
    base = f"--base-time={after:%Y-%m-%d %H:%M:%S} UTC"
    done = subprocess.run(
        [analyze, "calendar", f"--iterations={count}", base, *expressions],
        env={**os.environ, "TZ": zone, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    label = r"Next elapse|Iter(?:\.|ation) #\d+" if zone == "UTC" else r"\(in UTC\)"
    found = re.findall(rf"(?:{label}): \w+ (\d+-\d+-\d+ \d+:\d+:\d+) UTC", done.stdout)
    assert found or "never" in done.stdout, done.stdout
    return sorted(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in found)


def slots(of: ScheduledTask, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """What the program itself takes for the task's slots."""
    slot = next_slot(of, after, zone)
    while slot is not None:
        yield slot
        slot = next_slot(of, slot, zone)


# What is written


@pytest.mark.parametrize(
    ("of", "written"),
    [
        (task(Frequency.DAILY, time_of_day=time(8, 0)), "*-*-* 08:00:00 Europe/Berlin"),
        (task(Frequency.WEEKDAYS, time_of_day=time(0, 5)), "Mon..Fri *-*-* 00:05:00 Europe/Berlin"),
        (task(Frequency.MWF, time_of_day=time(9, 30)), "Mon,Wed,Fri *-*-* 09:30:00 Europe/Berlin"),
        (task(Frequency.WEEKLY, time_of_day=time(22, 0), day_of_week=6), "Sun *-*-* 22:00:00 Europe/Berlin"),
        (task(Frequency.WEEKLY, time_of_day=time(22, 0, 5)), "Mon *-*-* 22:00:05 Europe/Berlin"),
        (task(Frequency.HOURLY), "*-*-* *:00:00 UTC"),
        (every(1), "*-*-* *:*:00 UTC"),
        (every(15), "*-*-* *:00/15:00 UTC"),
        (every(360), "*-*-* 00/6:00:00 UTC"),
        (every(1440), "*-*-* 00:00:00 UTC"),
        (every(50), "*-*-* *:00/10:00 UTC"),
        (every(7), "*-*-* *:*:00 UTC"),
        (every(11), "*-*-* *:00/6:00 UTC"),
        (every(2880), "*-*-* *:00:00 UTC"),
        (task(Frequency.CALENDAR, calendar="Mon..Fri 09:00"), "Mon..Fri 09:00 Europe/Berlin"),
        (task(Frequency.CALENDAR, calendar=" weekly "), "weekly Europe/Berlin"),
        (task(Frequency.CALENDAR, calendar="09:00 Asia/Tokyo"), "09:00 Asia/Tokyo"),
        (task(Frequency.CALENDAR, calendar="*-*-* 09:00 UTC"), "*-*-* 09:00 UTC"),
    ],
)
def test_the_text(of: ScheduledTask, written: str) -> None:
    """One expression, its seconds written out, in the plan's zone if it follows the wall clock."""
    assert on_calendar(of, "Europe/Berlin") == (written,)


def test_the_machines_own_zone() -> None:
    """Without a zone in the configuration wall-clock tasks follow the machine; intervals stay in UTC."""
    assert on_calendar(task(Frequency.DAILY, time_of_day=time(8, 0)), None) == ("*-*-* 08:00:00",)
    assert on_calendar(task(Frequency.CALENDAR, calendar="Mon 09:00"), None) == ("Mon 09:00",)
    assert on_calendar(task(Frequency.HOURLY), None) == ("*-*-* *:00:00 UTC",)


def test_an_interval_across_hours() -> None:
    """An interval that divides a day but no hour needs an expression for each hour of its cycle."""
    assert on_calendar(every(90), None) == ("*-*-* 00/3:00:00 UTC", "*-*-* 01/3:30:00 UTC")
    assert on_calendar(every(45), None)[0] == "*-*-* 00/3:00/45:00 UTC"


# Intervals


@pytest.mark.parametrize("minutes", [n for n in range(1, DAY_MINUTES + 1) if DAY_MINUTES % n == 0])
def test_intervals_that_divide_a_day(analyze: str, minutes: int) -> None:
    """One alarm for each run: systemd elapses at every multiple and nowhere else, over midnight too.

    And over the end of a month, where a step that does not divide its unit goes wrong: of ``0/5:00``, systemd
    (252, 257) leaves out midnight of each first day.
    """
    step = timedelta(minutes=minutes)
    for start in (NEW_YEAR, NEW_YEAR - timedelta(days=1), datetime(2026, 1, 31, tzinfo=UTC)):
        seen = elapses(analyze, on_calendar(every(minutes), None), start, 2 * DAY_MINUTES // minutes)
        wanted = [start + step * n for n in range(1, 2 * DAY_MINUTES // minutes + 1)]
        assert seen[: len(wanted)] == wanted


def test_other_intervals(analyze: str) -> None:
    """Every interval up to two days, and long ones: systemd reads its expressions as an even grid."""
    texts: dict[tuple[str, ...], int] = {}
    for minutes in (*range(1, 2 * DAY_MINUTES + 2), 10_000, LONGEST_INTERVAL):
        grid = alarm_grid_minutes(minutes)
        assert texts.setdefault(on_calendar(every(minutes), None), grid) == grid
    for expressions, grid in texts.items():
        seen = elapses(analyze, expressions, NEW_YEAR, 30)
        step = timedelta(minutes=grid)
        assert seen[:30] == [NEW_YEAR + step * n for n in range(1, 31)]


@pytest.mark.parametrize("zone_name", ZONES)
def test_no_clock_change_loses_an_alarm(analyze: str, zone_name: str) -> None:
    """Whatever the machine's zone: no gap and no double alarm on the day of a clock change."""
    for day in BEFORE_CHANGES[zone_name]:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        seen = elapses(analyze, on_calendar(every(30), zone_name), start, 120, zone_name)
        assert seen == [start + timedelta(minutes=30) * n for n in range(1, 121)]


@given(interval=st.integers(1, LONGEST_INTERVAL))
@example(7)
@example(11)
@example(59)
@example(61)
@example(1441)
def test_grids(interval: int) -> None:
    """The grid is even over a day, at least as dense as the interval, and makes no run late by much."""
    grid = alarm_grid_minutes(interval)
    late = -interval % grid
    assert DAY_MINUTES % grid == 0 and grid <= interval
    assert late <= min(interval / 10, 30)
    if DAY_MINUTES % interval == 0:
        assert grid == interval
    else:
        assert grid <= 60, "how late a run can be after one that was out of step"
    wider = [each for each in range(grid + 1, min(interval, 60) + 1) if 60 % each == 0]
    assert late == 0 or all(-interval % each > min(interval / 10, 30) for each in wider)


@given(interval=st.integers(1, 3 * DAY_MINUTES), offset=st.integers(0, DAY_MINUTES - 1))
def test_runs_that_follow_from_the_alarms(interval: int, offset: int) -> None:
    """Alarms and due check together: never sooner than the interval, and no more than a tenth later."""
    grid = alarm_grid_minutes(interval)
    of = every(interval)
    last_run = first = NEW_YEAR + timedelta(minutes=-(-offset // grid) * grid)
    for _ in range(20):
        due = next_due(
            ScheduledTask("n", "", of.frequency, interval_minutes=interval, last_run=last_run), first
        )
        assert due is not None
        minutes = (due - NEW_YEAR) // timedelta(minutes=1)
        run = NEW_YEAR + timedelta(minutes=-(-minutes // grid) * grid)
        if last_run != first:
            assert timedelta(minutes=interval) <= run - last_run <= timedelta(minutes=interval) * 1.1
        last_run = run


# Slots: the program and systemd must mean the same


def split_by_meaning(ours: list[datetime], theirs: list[datetime], zone: tzinfo) -> list[datetime]:
    """Our slots that systemd does not have, after a check that there is nothing else in which they differ."""
    assert [slot for slot in ours if slot in theirs] == theirs
    only_ours = [slot for slot in ours if slot not in theirs]
    for slot in only_ours:
        earlier = (slot - timedelta(hours=2)).astimezone(zone).utcoffset()
        assert earlier != slot.astimezone(zone).utcoffset(), f"{slot} is no time that a clock change skips"
    return only_ours


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("frequency", SLOT_FREQUENCIES)
def test_slots_over_a_year(analyze: str, frequency: Frequency, zone_name: str) -> None:
    """systemd elapses at every slot of the year; only a time that a clock change skips it skips as well."""
    zone = ZoneInfo(zone_name)
    for at in TIMES:
        of = task(frequency, time_of_day=at, day_of_week=6)
        ours = list(takewhile(lambda slot: slot < YEAR_END, slots(of, NEW_YEAR, zone)))
        seen = elapses(analyze, on_calendar(of, None), NEW_YEAR, len(ours) + 1, zone_name)
        only_ours = split_by_meaning(ours, [moment for moment in seen if moment < YEAR_END], zone)
        assert only_ours == [slot for slot in ours if slot.astimezone(zone).time() != at]
        assert len(only_ours) <= 1


@pytest.mark.parametrize("zone_name", ZONES)
def test_the_name_of_a_zone(analyze: str, zone_name: str) -> None:
    """A zone in the expression means the same as the machine's own, around each clock change of the year."""
    tasks = [task(f, time_of_day=at, day_of_week=6) for f in SLOT_FREQUENCIES for at in TIMES]
    tasks += [task(Frequency.CALENDAR, calendar=expression) for expression in EXPRESSIONS]
    named, local = ([each for of in tasks for each in on_calendar(of, zone)] for zone in (zone_name, None))
    for day in BEFORE_CHANGES[zone_name]:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        seen = elapses(analyze, tuple(local), start, 3, zone_name)
        assert elapses(analyze, tuple(named), start, 3) == seen


def test_some_slots_are_skipped(analyze: str) -> None:
    """The one case where they differ: 02:30 on the day in March runs at 03:30, which systemd leaves out."""
    zone = ZoneInfo("Europe/Berlin")
    of = task(Frequency.DAILY, time_of_day=time(2, 30))
    day = datetime(2026, 3, 29, tzinfo=UTC)
    assert next_slot(of, day, zone) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert elapses(analyze, on_calendar(of, "Europe/Berlin"), day, 1) == [
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    ]


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_calendar_expressions(analyze: str, expression: str, zone_name: str) -> None:
    """An expression of the user's own has the same slots here and there, the whole year round."""
    zone = ZoneInfo(zone_name)
    of = task(Frequency.CALENDAR, calendar=expression)
    ours = list(takewhile(lambda slot: slot < YEAR_END, slots(of, NEW_YEAR, zone)))
    seen = elapses(analyze, on_calendar(of, None), NEW_YEAR, len(ours) + 1, zone_name)
    split_by_meaning(ours, [moment for moment in seen if moment < YEAR_END], zone)


def test_built_in_tasks(analyze: str) -> None:
    """systemd understands the timers of all built-in tasks, and they elapse as often as the registry says."""
    per_week = {}
    for of in SCHEDULE_REGISTRY:
        seen = elapses(analyze, on_calendar(of, None), NEW_YEAR, 700, "Europe/Berlin")
        per_week[of.name] = sum(moment <= NEW_YEAR + timedelta(days=7) for moment in seen)
    assert per_week == {
        "morning_triage": 7,
        "linkedin_post": 3,
        "stale_approval_check": 28,
        "daily_rollover": 7,
        "weekly_audit_prep": 1,
        "health_dashboard_update": 672,
        "done_archive": 7,
    }
