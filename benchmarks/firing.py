"""How late a task starts: from the slot of its timer to the first line that its trigger prints.

Promise (issue Systemd): p95 of at most 300 ms over 60 firings. Beside it, in the seconds between, a timer of the
same kind, whose service is a Python that prints one line, as nice as a task.
"""

from __future__ import annotations

import json
import time
from functools import partial
from statistics import median

from benchmarks.figures import Figure, p95
from tests.systemd.counted import python_of_aiemp
from tests.systemd.employee import IDLE, Employee
from tests.systemd.machine import Machine
from tests.systemd.waiting import wait_until

FIRINGS = 60
PERIOD_S = 2
EVEN = f"*-*-* *:*:0/{PERIOD_S}"
ODD = f"*-*-* *:*:1/{PERIOD_S}"
TASK = f"[tasks.lag]\ncalendar = '{EVEN}'\ncommand = ['true']\n"
BARE_TIMER = f"[Timer]\nOnCalendar={ODD}\nAccuracySec=1us\n"
PATIENCE_S = 60.0


def measured(machine: Machine) -> tuple[Figure, str]:
    """The lag of both; and a remark about it."""
    employee = Employee(machine, machine.add_user("firing"), False, "Etc/UTC")
    employee.move_in()
    employee.configure(IDLE + TASK)
    employee.install()
    service = (
        f'[Service]\nSyslogIdentifier=bare\nNice=10\nExecStart={python_of_aiemp(machine)} -P -c "print(1)"\n'
    )
    for name, text in (("bare.service", service), ("bare.timer", BARE_TIMER)):
        machine.write_file(employee.units / name, text, user="firing")
    employee.systemctl("daemon-reload")
    employee.systemctl("start", "aiemp-task-lag.timer", "bare.timer")
    time.sleep(FIRINGS * PERIOD_S)  # looking on would make them late
    seen = partial(seen_lags_ms, machine)
    wait_until(lambda: min(map(len, seen())) >= FIRINGS, PATIENCE_S, lambda: f"all firings: {seen()}")
    employee.systemctl("stop", "aiemp-task-lag.timer", "bare.timer")
    task, bare = (lags[:FIRINGS] for lags in seen())
    machine.remove_user("firing")
    figure = Figure(f"firing lag of a task, p95 of {FIRINGS}", p95(task), 300, "ms", p95(bare), "`print(1)`")
    return figure, (
        f"Median of the firing lag: {median(task):.0f} ms; of `print(1)`: {median(bare):.0f} ms. Both run with "
        "nice 10, so the figure wants a machine that has nothing else to do."
    )


def seen_lags_ms(machine: Machine) -> tuple[list[float], list[float]]:
    """The lags of all runs until now: those of the task, and the bare ones."""
    return lags_ms(machine, "aiemp-task-lag", 0), lags_ms(machine, "bare", 1)


def lags_ms(machine: Machine, identifier: str, phase_s: int) -> list[float]:
    """How long after its slot each run printed its first line, as the journal received that.

    Runs are told apart by their pid: of a process that has ended by then the journal does not learn the unit.
    """
    lines = machine.journal("-o", "json", "-t", identifier, "_TRANSPORT=stdout").splitlines()
    firsts: dict[str, float] = {}
    for entry in map(json.loads, lines):
        firsts.setdefault(entry["_PID"], int(entry["__REALTIME_TIMESTAMP"]) / 1000)
    return [(moment - phase_s * 1000) % (PERIOD_S * 1000) for moment in firsts.values()]
