"""What breaks comes back or is told: watchers that crash or hang, times that were missed, a second supervisor.

In four variants: under the user's own systemd and under the machine's, here and on a newer one.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.systemd.employee import IDLE, ORCHESTRATOR, Employee

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sleep", "4721"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"
BAD_UNIT = "aiemp-watcher-bad.service"
LACKS_UNIT = "aiemp-watcher-lacks.service"


def test_watcher_that_always_crashes_is_paused_with_one_alert(employee: Employee) -> None:
    """More than the allowed restarts: given up, told once, with a remedy that works; the other one untouched."""
    script = "echo x >> Done/starts; test -e Done/mended && exec sleep 4722"
    bad = f'[limits]\nrestarts = 2\n[watchers.bad]\ncommand = ["sh", "-c", "{script}"]\n'
    employee.start(IDLE + NAP + bad, BAD_UNIT)
    employee.until(lambda: employee.state(BAD_UNIT) == "failed", "the pause")
    nap = employee.pid(NAP_UNIT)
    employee.until(lambda: employee.alerts() == ["ALERT_watcher-bad.md"], "the alert")
    employee.until(lambda: "| Bad Watcher | 🟡 Paused" in employee.read("Dashboard.md"), "its row")
    alert = f"aiemp-alert@{BAD_UNIT}.service"
    employee.until(lambda: employee.state(alert) != "activating", "the end of telling")
    rows = [line for line in employee.read("Dashboard.md").splitlines() if "is paused" in line]
    assert len(rows) == 1, rows
    assert employee.read("Done/starts") == "x\n" * 3
    assert employee.pid(NAP_UNIT) == nap
    employee.machine.write_file(employee.vault / "Done/mended", "", user=employee.user.name)
    text = employee.read("Needs_Action/alerts/ALERT_watcher-bad.md")
    (remedy,) = re.findall("mend the cause, then: (.*)", text)
    employee.machine.run(["sh", "-c", remedy.replace("sudo ", "")], user=employee.manager)
    employee.until(lambda: employee.state(BAD_UNIT) == "active", "its return")


def test_watcher_that_could_not_run_before_is_started(employee: Employee) -> None:
    """Its variable comes into `.env`, or the one that somebody runs by hand ends: systemd would not start it again,
    the orchestrator has it started."""
    lacks = '[watchers.lacks]\ncommand = ["sleep", "4724"]\nrequires_env = ["LACKS_PATH"]\n'
    employee.configure(IDLE + NAP + lacks)
    which = ["--config", str(employee.config)]
    manual = employee.machine.background(["aiemp", *which, "watch", "nap"], user=employee.user.name)
    employee.until(lambda: employee.processes("sleep 4721") == 1, "the one by hand")
    employee.start(IDLE + NAP + lacks)
    for unit in (NAP_UNIT, LACKS_UNIT):
        employee.until(
            lambda unit=unit: employee.show(unit, "ExecMainStatus")["ExecMainStatus"] == "170", unit
        )  # type: ignore[misc]
    employee.machine.write_file(employee.vault / ".env", "LACKS_PATH=token\n", user=employee.user.name)
    employee.until(lambda: employee.state(LACKS_UNIT) == "active", "the one that lacked something")
    assert (employee.state(NAP_UNIT), employee.processes("sleep 4721")) == ("inactive", 1)
    (pid,) = [pid for pid, line in employee.command_lines() if line == "sleep 4721"]
    employee.machine.run(["sh", "-c", f"kill {pid}"])
    manual.communicate(timeout=30)
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "systemd's own")
    employee.until(lambda: employee.processes("sleep 4721") == 1, "its program")
    assert employee.alerts() == []


def test_built_in_watcher_that_runs_elsewhere_is_no_failure(employee: Employee) -> None:
    """Somebody runs it by hand: its unit is left alone, without an alert, and started when that one ends."""
    unit, config = (
        "aiemp-watcher-approval.service",
        IDLE.replace("[watchers.approval]\nenabled = false\n", ""),
    )
    employee.configure(config)
    which = ["--config", str(employee.config)]
    manual = employee.machine.background(["aiemp", *which, "watch", "approval"], user=employee.user.name)
    ours = "-m aiemp.watchers.approval"

    def pids() -> list[int]:
        return [pid for pid, line in employee.command_lines() if ours in line]

    employee.until(pids, "the one by hand")
    employee.start(config)
    employee.until(lambda: employee.show(unit, "ExecMainStatus")["ExecMainStatus"] == "170", "the other one")
    assert employee.show(unit, "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
    employee.machine.run(["sh", "-c", f"kill {pids()[0]}"])
    manual.communicate(timeout=30)
    employee.until(lambda: employee.state(unit) == "active", "systemd's own")
    assert (len(pids()), employee.alerts()) == (1, [])


def test_vault_that_comes_late_is_waited_for(employee: Employee) -> None:
    """Its disk is mounted, or unlocked, long after the boot: nothing is given up meanwhile, the status says what is
    waited for, and then all of it runs."""
    away = f"{employee.vault}.away"
    employee.configure(IDLE + NAP)
    employee.install()
    employee.machine.run(["mv", employee.vault, away])
    employee.start(IDLE + NAP, NAP_UNIT)
    status = "StatusText"
    employee.until(lambda: "waiting" in employee.show(ORCHESTRATOR, status)[status], "the wait")
    employee.until(
        lambda: employee.show(NAP_UNIT, "ExecMainStatus")["ExecMainStatus"] == "170", "its watcher"
    )
    assert {employee.state(unit) for unit in (ORCHESTRATOR, NAP_UNIT)} == {"active", "inactive"}
    employee.machine.run(["mv", away, employee.vault])
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    employee.until(lambda: "Nap Watcher | 🟢" in employee.read("Dashboard.md"), "its row")
    assert employee.alerts() == []


def test_missed_slot_is_healed_and_an_edited_time_fires_no_spurious_run(employee: Employee) -> None:
    """A first enable of a persistent timer does not fire for today's slot; the orchestrator starts what is overdue,
    once. A new time between the last activation and now makes systemd fire at the reload (issue 16732); the trigger
    asks the ledger, which knows of a run since then."""
    task = "[tasks.mark]\ncalendar = '{} UTC'\ncommand = ['sh', '-c', 'echo x >> Done/marks']\n"
    now = employee.machine.now()
    employee.start(IDLE + task.format(f"{now - timedelta(minutes=5):%H:%M:%S}"))
    activated = employee.machine.now() + timedelta(seconds=1)
    employee.until(lambda: employee.history("mark") == ["succeeded"], "the healing run")
    employee.until(lambda: employee.machine.now() > activated + timedelta(seconds=1), "a moment")
    employee.aiemp("trigger", "mark")
    employee.configure(IDLE + task.format(f"{activated:%H:%M:%S}"))
    edited = json.loads(employee.install().stdout)
    assert (edited["rescheduled"], edited["restarted"]) == (["aiemp-task-mark.timer"], [])
    employee.until(lambda: "not yet" in employee.journal("-u", "aiemp-task-mark"), "the alarm")
    assert employee.history("mark") == ["succeeded"] * 2
    assert employee.read("Done/marks") == "x\n" * 2


def test_systemd_beside_a_manual_orchestrator_waits(employee: Employee) -> None:
    """Somebody runs `aiemp run` already: the unit says who, goes on trying, and takes over when that one ends."""
    employee.configure(IDLE)
    employee.drop_in(ORCHESTRATOR, "RestartSec=200ms")
    which = ["--config", str(employee.config)]
    manual = employee.machine.background(["aiemp", *which, "run"], user=employee.user.name)
    employee.until(lambda: "Orchestrator | 🟢" in employee.read("Dashboard.md"), "the manual one")
    done = employee.install("--now", check=False)
    pid = json.loads(employee.read(".state/aiemp/orchestrator.lock"))["pid"]
    assert done.returncode == 1
    assert f"`aiemp run` (pid {pid}) has the vault" in done.stderr
    assert "how to end the other: aiemp doctor second-supervisor" in done.stderr
    refusal = "is kept running already by the orchestrator"
    employee.until(lambda: refusal in employee.journal("-u", ORCHESTRATOR), "the refusal")
    employee.machine.run(["sh", "-c", f"kill {pid}"])
    manual.communicate(timeout=30)
    employee.until(lambda: employee.state(ORCHESTRATOR) == "active", "the take-over")
