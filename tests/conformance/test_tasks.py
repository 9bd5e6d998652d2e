"""Each slot of a task runs once, one run at a time, and what fails is tried again or told."""

from __future__ import annotations

from tests.conformance.employee import Employee, utc
from tests.conformance.engines import in_make_test, not_covered
from tests.conformance.plans import (
    AT_FIRST,
    CLAUDE,
    DUE,
    IDLE,
    WORKS,
    one_after_the_other,
    script,
    table,
    task,
    watcher,
)

LEFT_ALONE = (
    "When the run itself is killed, nobody is left who knows the process group of its program, and a Mac does not tell "
    "which processes carry the mark of a run. What the run had started works on."
)
LEFT_GROUP = (
    "A Mac does not tell which processes have left the process group of a run's program. What stays in the group is "
    "ended (see: Run over its limit)."
)


@in_make_test
def test_first_start(employee: Employee) -> None:
    """The watchers run, one process each; what is due runs once; the dashboard says how all of it is."""
    employee.write(script("nap"), WORKS)
    employee.begin(
        IDLE.replace("[watchers.filesystem]\nenabled = false\n", "")
        + watcher("nap", employee.name_of_vault)
        + task("job", **DUE)
    )
    employee.until(lambda: employee.watcher("nap") and employee.watcher("filesystem"), "the watchers")
    employee.until(lambda: employee.attempts("job") == ["succeeded"], "the run")
    employee.until(lambda: "| Nap Watcher | 🟢 Running" in employee.read("Dashboard.md"), "the watcher's row")
    employee.until(lambda: "| Orchestrator | 🟢" in employee.read("Dashboard.md"), "the orchestrator's row")
    assert employee.copies(script("nap")) == [employee.watcher("nap")]
    assert employee.lines() == ["begin job", "end job"]
    assert employee.alerts() == []


def test_task_comes_due(employee: Employee) -> None:
    """A daily task does not run before its time, then once, and not again on that day."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.begin(IDLE + task("noon", frequency="daily", time="12:00") + task("canary", priority=99, **DUE))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "what is due at the start")
    assert employee.attempts("noon") == []
    employee.set_clock(utc("2035-03-21 12:05"))
    employee.until(lambda: employee.attempts("noon") == ["succeeded"], "the run")
    employee.set_clock(utc("2035-03-22 00:05"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"] * 2, "the next day's run")
    assert employee.attempts("noon") == ["succeeded"]


def test_several_due_at_the_start(employee: Employee) -> None:
    """One at a time, the lowest priority number first."""
    names = {"late": 30, "early": 10, "middle": 20}
    employee.begin(
        IDLE + "".join(task(name, "sleep 0.2", priority=number, **DUE) for name, number in names.items())
    )
    employee.until(lambda: len(employee.lines()) >= 6, "three runs")
    assert one_after_the_other(employee.lines()) == ["early", "middle", "late"]


@in_make_test
def test_several_due_at_one_time(employee: Employee) -> None:
    """While it runs, the same time comes for several: one at a time, the lowest priority number first."""
    names = {"late": 30, "early": 10, "middle": 20}
    employee.set_clock(utc("2035-03-21 10:00"))
    noon = {"frequency": "daily", "time": "12:00"}
    employee.begin(
        IDLE
        + task("canary", **DUE)
        + "".join(task(name, "sleep 0.2", priority=number, **noon) for name, number in names.items())
    )
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "what is due at the start")
    employee.set_clock(utc("2035-03-21 12:05"))
    employee.until(lambda: len(employee.lines()) >= 8, "three runs")
    assert one_after_the_other(employee.lines()) == ["canary", "early", "middle", "late"]


def test_trigger_by_hand_during_a_run(employee: Employee) -> None:
    """It waits for the end of that run, and then runs, whether it is due or not."""
    employee.begin(
        IDLE
        + task("long", "while ! test -e Done/go; do sleep 0.1; done", **DUE)
        + task("other", frequency="weekly", day="monday", time="09:00", enabled=False)
    )
    employee.until(lambda: employee.lines() == ["begin long"], "the scheduled run")
    by_hand = employee.call("trigger", "other")
    employee.until(lambda: "other: waiting for task long" in by_hand.said(), "its wait")
    assert employee.lines() == ["begin long"]
    employee.write("Done/go", "")
    assert by_hand.wait() == 0
    assert one_after_the_other(employee.lines()) == ["long", "other"]
    employee.until(lambda: employee.attempts("long") == ["succeeded"], "the record")
    assert employee.attempts("other") == ["succeeded"]


@in_make_test
def test_days_of_downtime(employee: Employee) -> None:
    """The machine is off from Wednesday to Saturday: each task that missed its time runs once, one at a time,
    the lowest priority number first."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.begin(
        IDLE
        + task("morning", priority=1, frequency="daily", time="08:00")
        + task("evening", priority=2, frequency="daily", time="20:00")
        + task("dropped", priority=3, frequency="daily", time="08:30", catch_up=False)
        + task("canary", priority=99, **DUE)
    )
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "Wednesday's runs")
    assert employee.trigger("evening") == 0  # of what never ran, only today's time would count
    before = employee.lines()
    assert one_after_the_other(before) == ["morning", "canary", "evening"]
    employee.cut_power()
    employee.power_up(at=utc("2035-03-24 10:00"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"] * 2, "Saturday's runs")
    employee.until(lambda: len(employee.lines()) >= len(before) + 6, "what was missed")
    assert one_after_the_other(employee.lines()[len(before) :]) == ["morning", "evening", "canary"]
    assert employee.attempts("dropped") == []


def test_never_run(employee: Employee) -> None:
    """Of a task that never ran only today's time counts: it runs if that has passed; an interval begins at once."""
    employee.set_clock(utc("2035-03-21 10:00"))  # a Wednesday
    employee.begin(
        IDLE
        + task("passed", frequency="daily", time="09:00")
        + task("ahead", frequency="daily", time="11:00")
        + task("yesterday", frequency="weekly", day="tuesday", time="09:00")
        + task("today", frequency="weekly", day="wednesday", time="09:00")
        + task("often", priority=99, frequency="every_n_minutes", interval_minutes=120)
    )
    employee.until(lambda: employee.attempts("today") == ["succeeded"], "the weekly run of today")
    employee.set_clock(utc("2035-03-21 10:04"))
    employee.until(lambda: employee.attempts("often") == ["succeeded"], "the first of the interval")
    assert employee.attempts("passed") == ["succeeded"]
    assert employee.attempts("ahead") == employee.attempts("yesterday") == []
    employee.set_clock(utc("2035-03-21 12:15"))
    employee.until(lambda: employee.attempts("often") == ["succeeded"] * 2, "the second of the interval")
    assert employee.attempts("ahead") == employee.attempts("passed") == ["succeeded"]
    assert employee.attempts("yesterday") == []


def test_failing_task(employee: Employee) -> None:
    """It is tried again after its delay, as often as configured; then it has failed, with one alert, until its next
    time."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.begin(
        IDLE
        + task("bad", "exit 3", priority=1, max_attempts=2, retry_delay_minutes=5, **DUE)
        + task("canary", priority=99, frequency="daily", time="10:01")
    )
    employee.until(lambda: employee.attempts("bad") == ["failed"], "the first attempt")
    employee.set_clock(utc("2035-03-21 10:04"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "a task of that time")
    assert employee.attempts("bad") == ["failed"]
    assert employee.alerts() == []
    employee.set_clock(utc("2035-03-21 10:06"))
    employee.until(lambda: employee.attempts("bad") == ["failed"] * 2, "the second attempt")
    employee.until(lambda: employee.alerts() == ["ALERT_task-bad.md"], "the alert")
    employee.set_clock(utc("2035-03-22 00:04"))
    employee.until(lambda: employee.attempts("bad") == ["failed"] * 3, "the next day's")
    rows = [line for line in employee.lines("Dashboard.md") if "Task bad failed" in line]
    assert len(rows) == 1, rows
    assert employee.alerts() == ["ALERT_task-bad.md"]


def test_blocked_task(employee: Employee) -> None:
    """Without Claude it waits, which is recorded once and costs no attempt; it runs when Claude is there."""
    employee.begin(
        IDLE
        + table("claude", command=employee.name_of_claude)
        + table("tasks.ask", prompt="Work.", max_attempts=1, priority=1, **DUE)
        + task("canary", priority=99, **DUE)
    )
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "the task behind it")
    assert employee.attempts("ask") == ["blocked"]
    employee.write(employee.name_of_claude, CLAUDE, mode=0o755)
    employee.until(lambda: employee.attempts("ask") == ["blocked", "succeeded"], "the run")
    assert employee.alerts() == []


TOO_LONG = """
import signal, subprocess, time

def work(vault, *, dry_run):
    subprocess.Popen(["python3", "-IS", f"{vault}/Accounting/child.py"])
    signal.setitimer(signal.ITIMER_REAL, 0.5)  # instead of the whole minute that is the shortest limit
    time.sleep(300)
"""


def test_run_over_its_limit(employee: Employee) -> None:
    """It is ended with all that it started, and has failed; the task behind it runs."""
    employee.write(script("child"), WORKS)
    employee.write_beside_config("too_long.py", TOO_LONG)
    employee.begin(
        IDLE
        + table("tasks.endless", function="too_long:work", max_attempts=1, priority=1, **DUE)
        + task("canary", priority=99, **DUE)
    )
    employee.until(lambda: employee.attempts("endless") == ["failed"], "its end")
    assert "timed out" in employee.history()[0]["error"]
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "the task behind it")
    employee.until(lambda: employee.copies(script("child")) == [], "the end of its child")
    employee.until(lambda: employee.alerts() == ["ALERT_task-endless.md"], "the alert")


@not_covered(LEFT_GROUP, "local-mac")
def test_silent_claude_with_hidden_children(employee: Employee) -> None:
    """A Claude that shows no sign of work is ended, and what it has started in sessions of their own, too."""
    employee.write(script("child"), WORKS)
    child = f'python3 -IS "{employee.name_of_vault}/{script("child")}"'.replace("$", "\\$")
    hangs = f"#!/bin/sh\n{child} &\nsetsid {child} &\nwait\n"
    employee.write(employee.name_of_claude, hangs, mode=0o755)
    employee.begin(
        IDLE
        + table("claude", command=employee.name_of_claude, silent_minutes=0.02)
        + table("tasks.ask", prompt="Work.", max_attempts=1, **DUE)
    )
    employee.until(lambda: len(employee.copies(script("child"))) == 2, "its children")
    employee.until(lambda: employee.attempts("ask") == ["failed"], "its end")
    assert employee.copies(script("child")) == []


def test_killed_run(employee: Employee) -> None:
    """kill -9 of a run: it was interrupted, and is done once more."""
    employee.begin(IDLE + task("job", AT_FIRST.format("sleep 300"), **DUE))
    employee.until(lambda: employee.exists("Done/on") and employee.run, "the run")
    employee.kill(employee.run)
    employee.until(lambda: employee.attempts("job") == ["interrupted", "succeeded"], "the second attempt")
    assert employee.lines() == ["begin job", "begin job", "end job"]
    assert employee.alerts() == []


@not_covered(LEFT_ALONE, "local-mac")
def test_what_a_killed_run_had_started(employee: Employee) -> None:
    """Nothing of it works on beside the next attempt, not even what had a session of its own."""
    employee.write(script("child"), WORKS)
    child = f"python3 -IS {script('child')}"
    employee.begin(IDLE + task("job", AT_FIRST.format(f"{child} & setsid {child} & wait"), **DUE))
    employee.until(lambda: len(employee.copies(script("child"))) == 2, "its children")
    employee.kill(employee.run)
    employee.until(lambda: employee.attempts("job") == ["interrupted", "succeeded"], "the second attempt")
    assert employee.copies(script("child")) == []
