"""What goes down under an employee: the orchestrator, the machine, the engine."""

from __future__ import annotations

import json
import random
import time

import pytest

from tests.conformance.employee import Employee, utc
from tests.conformance.engines import in_make_test, not_covered
from tests.conformance.plans import AT_FIRST, DUE, IDLE, WORKS, one_after_the_other, script, task, watcher

NOBODY_LOOKS = (
    "Nothing looks after the loop itself: a terminal and PM2 see that its process lives, not that it works. systemd's "
    "watchdog does."
)
POWER_CUTS = 3


@in_make_test
def test_killed_orchestrator(employee: Employee) -> None:
    """kill -9 during a run: it is back, with the same watchers, no second copy of any; the run goes on to its end
    and is not repeated."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.write(script("nap"), WORKS)
    employee.begin(
        IDLE
        + watcher("nap", employee.name_of_vault)
        + task("job", "while ! test -e Done/go; do sleep 0.1; done", priority=1, **DUE)
        + task("canary", priority=99, frequency="daily", time="12:00")
    )
    employee.until(lambda: employee.lines() == ["begin job"] and employee.watcher("nap"), "run and watcher")
    watches, runs = employee.watcher("nap"), employee.run
    killed = employee.kill_orchestrator()
    employee.until(lambda: employee.orchestrator not in (0, killed), "its successor")
    assert employee.run == runs
    employee.write("Done/go", "")
    employee.until(lambda: employee.attempts("job") == ["succeeded"], "the end of the run")
    employee.set_clock(utc("2035-03-21 12:05"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "the next task")
    assert one_after_the_other(employee.lines()) == ["job", "canary"]
    assert employee.copies(script("nap")) == [employee.watcher("nap")] == [watches]


@not_covered(NOBODY_LOOKS, "local", "local-mac", "pm2")
def test_hung_orchestrator(employee: Employee) -> None:
    """One that lives and does nothing (SIGSTOP) is noticed, ended and started again; its watchers are not touched."""
    employee.write(script("nap"), WORKS)
    employee.begin(IDLE + watcher("nap", employee.name_of_vault) + task("job", **DUE))
    employee.until(lambda: employee.attempts("job") == ["succeeded"] and employee.watcher("nap"), "the start")
    watches, hung = employee.watcher("nap"), employee.orchestrator
    employee.kill(hung, 19)
    employee.until(lambda: employee.orchestrator not in (0, hung), "its successor")
    employee.until(lambda: employee.alerts() == ["ALERT_orchestrator.md"], "the alert")
    assert employee.copies(script("nap")) == [watches]
    assert employee.attempts("job") == ["succeeded"]


def test_stop_and_start(employee: Employee) -> None:
    """An orderly stop in the middle of a run: nothing is left running, the run was interrupted; it is done after the
    next start, once."""
    employee.write(script("nap"), WORKS)
    job = task("job", AT_FIRST.format("sleep 300"), **DUE)
    employee.begin(IDLE + watcher("nap", employee.name_of_vault) + job)
    employee.until(lambda: employee.exists("Done/on") and employee.watcher("nap"), "run and watcher")
    employee.stop()
    assert [each.command for each in employee.processes()] == []
    assert employee.attempts("job") == ["interrupted"]
    employee.start()
    employee.until(lambda: employee.attempts("job") == ["interrupted", "succeeded"], "the second attempt")
    employee.until(lambda: employee.watcher("nap"), "the watcher")
    assert employee.copies(script("nap")) == [employee.watcher("nap")]
    assert employee.alerts() == []


def test_orderly_reboot(employee: Employee) -> None:
    """The machine goes down and comes up again: all is back by itself, without a login, and nothing runs again."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.write(script("nap"), WORKS)
    employee.begin(
        IDLE
        + watcher("nap", employee.name_of_vault)
        + task("job", priority=1, **DUE)
        + task("canary", priority=99, frequency="daily", time="12:00")
    )
    employee.until(lambda: employee.attempts("job") == ["succeeded"] and employee.watcher("nap"), "the start")
    employee.reboot()
    employee.until(lambda: employee.watcher("nap") and employee.orchestrator, "its return")
    employee.set_clock(utc("2035-03-21 12:05"))
    employee.until(lambda: employee.attempts("canary") == ["succeeded"], "the next task")
    assert one_after_the_other(employee.lines()) == ["job", "canary"]
    assert employee.copies(script("nap")) == [employee.watcher("nap")]
    assert employee.alerts() == []


@pytest.mark.timeout(240)
def test_power_cuts_at_random_moments(employee: Employee) -> None:
    """Everything is killed at once, again and again, at random moments of its work; in the end each task has run to
    its end, every attempt is on record, and there is one of each watcher."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    employee.write(script("nap"), WORKS)
    names = ("one", "two", "three")
    employee.configure(
        IDLE
        + watcher("nap", employee.name_of_vault)
        + "".join(task(name, "sleep 0.3", max_attempts=50, **DUE) for name in names)
    )
    employee.start()
    for _ in range(POWER_CUTS):
        # From the first moment of the start, until some of the tasks have run.
        time.sleep(moments.uniform(0, 2.5))
        employee.cut_power()
        employee.power_up()
    employee.until(lambda: all(employee.attempts(name)[-1:] == ["succeeded"] for name in names), "their ends")
    lines = employee.lines()
    for name in names:
        attempts = employee.attempts(name)
        assert attempts == ["interrupted"] * (len(attempts) - 1) + ["succeeded"], (name, attempts)
        assert 1 <= lines.count(f"end {name}") <= lines.count(f"begin {name}") <= len(attempts), lines
    employee.until(lambda: employee.watcher("nap"), "the watcher")
    assert employee.copies(script("nap")) == [employee.watcher("nap")]
    json.loads(employee.read(".state/orchestrator_state.json"))
    assert employee.alerts() == []


@in_make_test
def test_switched_engine(employee: Employee) -> None:
    """Between two runs another engine takes over, and later the first one again: each slot runs once."""
    employee.set_clock(utc("2035-03-21 10:00"))
    employee.write(script("nap"), WORKS)
    employee.begin(
        IDLE
        + watcher("nap", employee.name_of_vault)
        + task("morning", priority=1, frequency="daily", time="09:00")
        + task("noon", priority=2, frequency="daily", time="12:00")
    )
    employee.until(lambda: employee.attempts("morning") == ["succeeded"] and employee.watcher("nap"), "a run")
    employee.stop()
    other = employee.other_engine()
    other.set_clock(utc("2035-03-21 12:05"))
    other.start()
    other.until(lambda: other.attempts("noon") == ["succeeded"] and other.watcher("nap"), "the other's run")
    assert one_after_the_other(other.lines()) == ["morning", "noon"]
    other.stop()
    employee.set_clock(utc("2035-03-22 12:05"))
    employee.start()
    employee.until(lambda: employee.attempts("noon") == ["succeeded"] * 2, "the next day's runs")
    employee.until(lambda: len(employee.lines()) >= 8, "both of them")
    assert one_after_the_other(employee.lines()) == ["morning", "noon"] * 2
    assert employee.copies(script("nap")) == [employee.watcher("nap")]
