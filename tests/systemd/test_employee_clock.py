"""An employee whose machine loses its power over a weekend on which the clocks change, and is restarted later.

Both kinds of installation go through it side by side on one machine, for each systemd.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.systemd.employee import IDLE, ORCHESTRATOR, Employee
from tests.systemd.machine import Machine

pytestmark = pytest.mark.real_engine("systemd")

BERLIN = "Europe/Berlin"
FRIDAY = datetime(2035, 3, 23, 12, 0, tzinfo=UTC)  # 13:00 there
SUNDAY = datetime(2035, 3, 25, 12, 0, tzinfo=UTC)  # 14:00: the clock went from 02:00 to 03:00 this night
WATCHER = "aiemp-watcher-nap.service"

ONE_AT_A_TIME = "['sh', '-c', 'echo begin >> Done/log; sleep 0.2; echo end >> Done/log']"
CUT_OFF = "['sh', '-c', 'test -e Done/on && exit 0; touch Done/on; sleep 4731']"
TASKS = {
    "night": f"frequency = 'daily'\ntime = '02:30'\ncommand = {ONE_AT_A_TIME}\n",  # there is no 02:30 on Sunday
    "morning": f"frequency = 'daily'\ntime = '08:00'\npriority = 1\ncommand = {ONE_AT_A_TIME}\n",
    "saturday": f"frequency = 'weekly'\nday = 'saturday'\ntime = '09:00'\ncommand = {ONE_AT_A_TIME}\n",
    "often": f"frequency = 'every_n_minutes'\ninterval_minutes = 120\ncommand = {ONE_AT_A_TIME}\n",
    "dropped": f"frequency = 'daily'\ntime = '12:00'\ncatch_up = false\ncommand = {ONE_AT_A_TIME}\n",
    "cut_off": f"frequency = 'daily'\ntime = '12:30'\npriority = 90\ncommand = {CUT_OFF}\n",
}
ON_FRIDAY = {"night": 1, "morning": 1, "saturday": 1, "often": 1, "dropped": 0}
BY_SUNDAY = {"night": 2, "morning": 2, "saturday": 2, "often": 2, "dropped": 0}


@pytest.fixture(
    params=[
        pytest.param(None, id="own"),
        pytest.param("trixie", id="257", marks=pytest.mark.systemd257),
    ]
)
def machine_on_friday(
    request: pytest.FixtureRequest, bootable: None, equip: Callable[[Machine], Machine]
) -> Iterator[Machine]:
    """A machine with aiemp in it, on that Friday."""
    lower: Path = request.getfixturevalue(request.param) if request.param else Path("/")
    machine = Machine(lower)
    try:
        machine.boot(at=FRIDAY)
        yield equip(machine)
    finally:
        machine.close()


def test_weekend_without_power(machine_on_friday: Machine) -> None:
    """Two days down: each missed task runs once, one at a time, and the run that was cut off once more; after an
    orderly restart all are back without a login, and nothing runs again."""
    machine = machine_on_friday
    config = IDLE + '[watchers.nap]\ncommand = ["sleep", "4732"]\n'
    config += "".join(f"[tasks.{name}]\n{text}" for name, text in TASKS.items())
    both = [Employee(machine, machine.add_user(f"me{kind}"), kind, BERLIN) for kind in (False, True)]
    for employee in both:
        employee.move_in()
        employee.configure(config)
        for name in ("often", "saturday"):  # of what never ran, only today's slot would count
            employee.aiemp("trigger", name)
        employee.start(config)
    for employee in both:
        employee.until(lambda employee=employee: _counts(employee) == ON_FRIDAY, "Friday's runs")  # type: ignore[misc]
        employee.until(
            lambda employee=employee: employee.read("Done/on") == "" and _is_on(employee), "the long run"
        )  # type: ignore[misc]
    machine.power_cut(at=SUNDAY)
    for employee in both:
        employee.until(lambda employee=employee: _counts(employee) == BY_SUNDAY, "what was missed")  # type: ignore[misc]
        employee.until(
            lambda employee=employee: employee.history("cut_off") == ["interrupted", "succeeded"],  # type: ignore[misc]
            "the second attempt",
        )
        lines = employee.read("Done/log").split()
        assert lines == ["begin", "end"] * (len(lines) // 2), "one at a time"
        _assert_is_up(employee)
        assert employee.alerts() == []
    machine.reboot()
    for employee in both:
        _assert_is_up(employee)
        assert _counts(employee) == BY_SUNDAY
        assert employee.history("cut_off") == ["interrupted", "succeeded"]
        stopped = employee.journal("-u", ORCHESTRATOR, "-b", "-1")
        assert "orchestrator stopped" in stopped, "the shutdown was an orderly one"


def _counts(employee: Employee) -> dict[str, int]:
    """How often each of the short tasks has succeeded."""
    return {name: employee.history(name).count("succeeded") for name in ON_FRIDAY}


def _is_on(employee: Employee) -> bool:
    return employee.machine.exists(employee.vault / "Done/on")


def _assert_is_up(employee: Employee) -> None:
    for unit in (ORCHESTRATOR, WATCHER, "aiemp-task-morning.timer"):
        employee.until(lambda unit=unit: employee.state(unit) == "active", unit)  # type: ignore[misc]
    assert json.loads(employee.aiemp("--json", "status", check=False).stdout)["orchestrator"]["running"]
