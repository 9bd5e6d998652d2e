"""Each watcher is there once, comes back, or is given up and told."""

from __future__ import annotations

from tests.conformance.employee import Employee
from tests.conformance.plans import IDLE, WORKS, script, table, watcher

CRASHES = "import sys\nopen('Done/starts', 'a').write('x\\n')\nsys.exit(3)\n"
SIGN = "import pathlib, time\nsign = pathlib.Path('.state/{0}_processed.json')\n"
HANGS = SIGN.format("hung") + "sign.write_text('{}')\ntime.sleep(1000)\n"
BUSY = SIGN.format("busy") + "while True:\n    sign.write_text('{}')\n    time.sleep(0.2)\n"


def test_killed_watcher(employee: Employee) -> None:
    """It is back at once, one process; the other one is not touched."""
    for name in ("nap", "other"):
        employee.write(script(name), WORKS)
    employee.begin(IDLE + "".join(watcher(name, employee.name_of_vault) for name in ("nap", "other")))
    employee.until(lambda: employee.watcher("nap") and employee.watcher("other"), "the watchers")
    killed, other = employee.watcher("nap"), employee.watcher("other")
    employee.kill(killed)
    employee.until(lambda: employee.watcher("nap") not in (0, killed), "its successor")
    employee.until(lambda: employee.copies(script("nap")) == [employee.watcher("nap")], "its program")
    assert employee.watcher("other") == other
    assert employee.alerts() == []


def test_watcher_that_always_crashes(employee: Employee) -> None:
    """After the restarts that are allowed it is paused, with one alert; the other one is not touched."""
    employee.write(script("nap"), WORKS)
    employee.write(script("bad"), CRASHES)
    employee.begin(
        IDLE
        + table("limits", restarts=2)
        + "".join(watcher(name, employee.name_of_vault) for name in ("nap", "bad"))
    )
    employee.until(lambda: employee.watcher("nap"), "the good one")
    good = employee.watcher("nap")
    employee.until(lambda: employee.alerts() == ["ALERT_watcher-bad.md"], "the alert")
    employee.until(lambda: "| Bad Watcher | 🟡 Paused" in employee.read("Dashboard.md"), "its row")
    assert employee.lines("Done/starts") == ["x"] * 3
    assert employee.watcher("nap") == good
    rows = [line for line in employee.lines("Dashboard.md") if "is paused" in line]
    assert len(rows) == 1, rows


def test_hung_watcher(employee: Employee) -> None:
    """One that is alive and does no work is ended and started again; one that works is left alone."""
    employee.write(script("hung"), HANGS)
    employee.write(script("busy"), BUSY)
    names = ("hung", "busy")
    employee.begin(
        IDLE + "".join(watcher(name, employee.name_of_vault, fresh_within_minutes=0.05) for name in names)
    )
    employee.until(lambda: employee.watcher("hung") and employee.watcher("busy"), "the watchers")
    hung, busy = employee.watcher("hung"), employee.watcher("busy")
    employee.until(lambda: employee.watcher("hung") not in (0, hung), "its restart")
    assert employee.watcher("busy") == busy
