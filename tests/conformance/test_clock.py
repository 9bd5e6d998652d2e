"""The clock is set forward, set back, and there are two nights of the year."""

from __future__ import annotations

from tests.conformance.employee import Employee, utc
from tests.conformance.plans import DUE, IDLE, task

BERLIN = "Europe/Berlin"


def test_clock_set_forward_and_back(employee: Employee) -> None:
    """Forward by a day: what was passed over runs once. Back again: nothing is repeated at once, and nothing waits
    for the day that was shown before."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.begin(
        IDLE
        + task("noon", priority=1, frequency="daily", time="12:00")
        + task("canary", priority=99, **DUE)
        + task("hand", frequency="daily", time="11:00", enabled=False)
    )
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "what is due at the start")
    employee.set_clock(utc("2035-03-22 13:00"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"] * 2, "the canary of the next day")
    employee.until(lambda: employee.attempts("noon") == ["succeeded"], "what was passed over")
    employee.set_clock(utc("2035-03-21 10:30"))
    assert employee.trigger("hand") == 0
    assert len(employee.lines()) == 8, employee.lines()
    employee.set_clock(utc("2035-03-21 12:05"))
    employee.until(lambda: employee.attempts("noon") == ["succeeded"] * 2, "noon by the clock as it is now")
    assert employee.attempts("canary") == ["succeeded"] * 2
    employee.set_clock(utc("2035-03-22 00:05"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"] * 3, "the next day again")
    assert employee.attempts("noon") == ["succeeded"] * 2


def test_night_that_skips_an_hour(employee: Employee) -> None:
    """There is no 02:30 in Berlin on that Sunday: the task runs as long after midnight as always, at 03:30, once."""
    employee.zone = BERLIN
    employee.set_clock(utc("2035-03-24 22:55"))  # 23:55 there
    employee.begin(
        IDLE
        + task("night", priority=1, frequency="daily", time="02:30")
        + task("midnight", priority=98, **DUE)
        + task("three", priority=99, frequency="daily", time="03:10")
    )
    employee.until(lambda: employee.attempts("three") == ["succeeded"], "the day before")
    assert employee.attempts("night") == ["succeeded"]
    employee.set_clock(utc("2035-03-25 01:20"))  # 03:20 there, 80 minutes after midnight
    employee.until(lambda: employee.attempts("three") == ["succeeded"] * 2, "a task just before")
    assert employee.attempts("night") == ["succeeded"]
    employee.set_clock(utc("2035-03-25 01:35"))
    employee.until(lambda: employee.attempts("night") == ["succeeded"] * 2, "its run")
    employee.set_clock(utc("2035-03-25 22:05"))  # after midnight, there
    employee.until(lambda: employee.attempts("midnight") == ["succeeded"] * 3, "the next day")
    assert employee.attempts("night") == ["succeeded"] * 2


def test_night_that_repeats_an_hour(employee: Employee) -> None:
    """02:30 comes twice in Berlin on that Sunday: the task runs at the first, and not at the second."""
    employee.zone = BERLIN
    employee.set_clock(utc("2035-10-27 21:55"))  # 23:55 there
    employee.begin(
        IDLE
        + task("night", priority=1, frequency="daily", time="02:30")
        + task("midnight", priority=98, **DUE)
        + task("three", priority=99, frequency="daily", time="03:00")
    )
    employee.until(lambda: employee.attempts("three") == ["succeeded"], "the day before")
    employee.set_clock(utc("2035-10-28 00:35"))  # 02:35 there, for the first time
    employee.until(lambda: employee.attempts("night") == ["succeeded"] * 2, "its run")
    employee.set_clock(utc("2035-10-28 01:35"))  # 02:35 there, for the second time
    employee.set_clock(utc("2035-10-28 02:05"))  # 03:05
    employee.until(lambda: employee.attempts("three") == ["succeeded"] * 2, "a task just after")
    assert employee.attempts("night") == ["succeeded"] * 2
