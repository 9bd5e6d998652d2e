"""Scenarios about tasks: each slot runs once, one run at a time, and what fails is tried again or told."""

from __future__ import annotations

from tests.conformance.employee import Employee, utc
from tests.conformance.plans import DUE, IDLE, WORKS, one_after_the_other, script, task, watcher


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


def test_two_tasks_due(employee: Employee) -> None:
    """Several are due when it starts: one at a time, the lowest priority first."""
    names = {"late": 30, "early": 10, "middle": 20}
    employee.begin(
        IDLE + "".join(task(name, "sleep 0.3", priority=number, **DUE) for name, number in names.items())
    )
    employee.until(lambda: len(employee.lines()) >= 6, "three runs")
    assert one_after_the_other(employee.lines()) == ["early", "middle", "late"]


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
