"""What breaks comes back: processes that are killed, hang or always crash, and times that were missed.

Each test runs in four variants: under the user's own systemd and the machine's, here and on a newer one.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.systemd.employee import EAGER, ORCHESTRATOR, QUIET, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sleep", "4711"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"
BAD_UNIT = "aiemp-watcher-bad.service"


def test_hung_orchestrator_is_restarted_by_the_watchdog(employee: Employee) -> None:
    """SIGSTOP: no ping comes any more, systemd ends it and starts it again; nothing else is touched."""
    employee.drop_in(ORCHESTRATOR, EAGER)
    quick = ["WatchdogSec=2s", "TimeoutAbortSec=100ms"]
    employee.machine.write_file(
        employee.units / f"{ORCHESTRATOR}.d" / "watchdog.conf",
        "\n".join(["[Service]", *quick, ""]),
        user=employee.manager,
    )
    employee.start(QUIET + NAP)
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    nap, first = employee.pid(NAP_UNIT), employee.pid(ORCHESTRATOR)
    employee.machine.run(["sh", "-c", f"kill -STOP {first}"])
    employee.until(lambda: employee.pid(ORCHESTRATOR) not in (0, first), "a new one")
    employee.until(lambda: employee.state(ORCHESTRATOR) == "active", "its start")
    assert employee.pid(NAP_UNIT) == nap
    assert "Watchdog timeout" in employee.journal("-u", ORCHESTRATOR)
    employee.until(lambda: employee.alerts() == ["ALERT_orchestrator.md"], "the alert")
    assert "watchdog" in employee.read("Needs_Action/alerts/ALERT_orchestrator.md")


def test_killed_parts_come_back(employee: Employee) -> None:
    """kill -9 of a watcher and of the orchestrator: both are back, the watcher once, the other one untouched."""
    employee.start(QUIET + NAP, NAP_UNIT)
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    other = employee.pid("aiemp-watcher-filesystem.service")
    for unit in (NAP_UNIT, ORCHESTRATOR):
        first = employee.pid(unit)
        employee.machine.run(["sh", "-c", f"kill -9 {first}"])
        employee.until(lambda unit=unit, first=first: employee.pid(unit) not in (0, first), unit)  # type: ignore[misc]
    employee.until(lambda: employee.state(ORCHESTRATOR) == "active", "the orchestrator")
    assert employee.processes("sleep 4711") == 1
    assert employee.pid("aiemp-watcher-filesystem.service") == other
    employee.until(lambda: employee.alerts() == ["ALERT_orchestrator.md"], "the alert")
    assert "killed by a signal" in employee.read("Needs_Action/alerts/ALERT_orchestrator.md")


def test_watcher_that_always_crashes_is_paused_with_one_alert(employee: Employee) -> None:
    """More than the allowed restarts: given up, told once, with a remedy that works; the other one untouched."""
    script = "echo x >> Done/starts; test -e Done/mended && exec sleep 4712"
    bad = f'[limits]\nrestarts = 2\n[watchers.bad]\ncommand = ["sh", "-c", "{script}"]\n'
    employee.start(QUIET + NAP + bad, BAD_UNIT)
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
    (remedy,) = re.findall(
        "mend the cause, then: (.*)", employee.read("Needs_Action/alerts/ALERT_watcher-bad.md")
    )
    employee.machine.run(["sh", "-c", remedy.replace("sudo ", "")], user=employee.manager)
    employee.until(lambda: employee.state(BAD_UNIT) == "active", "its return")


def test_hung_watcher_is_restarted(employee: Employee) -> None:
    """A foreign watcher that is alive but does no work (`fresh_within_minutes`) is ended by the orchestrator and
    started again by systemd; one that works is left alone."""
    work = "while :; do echo {} > .state/busy_processed.json; sleep 0.3; done"
    watchers = (
        '[watchers.hung]\ncommand = ["sh", "-c", "echo {} > .state/hung_processed.json; exec sleep 4713"]\n'
        f'[watchers.busy]\ncommand = ["sh", "-c", "{work}"]\nfresh_within_minutes = 0.03\n'
    )
    employee.start(QUIET + watchers.replace('4713"]', '4713"]\nfresh_within_minutes = 0.03'))
    unit = "aiemp-watcher-hung.service"
    employee.until(lambda: employee.state(unit) == "active", "the watcher")
    hung, busy = employee.pid(unit), employee.pid("aiemp-watcher-busy.service")
    employee.until(lambda: employee.pid(unit) not in (0, hung), "its restart")
    assert "no sign of work" in employee.journal("-u", ORCHESTRATOR)
    assert employee.pid("aiemp-watcher-busy.service") == busy


def test_manual_orchestrator_beside_systemd_is_refused(employee: Employee) -> None:
    """A second supervisor names the first, and ends; so does a second watcher."""
    employee.start(QUIET + NAP)
    second = employee.aiemp("run", check=False)
    assert second.returncode == 1
    assert f"pid {employee.pid(ORCHESTRATOR)}" in second.stderr
    assert "systemd engine" in second.stderr
    watcher = employee.aiemp("watch", "nap", check=False)
    assert (watcher.returncode, f"pid {employee.pid(NAP_UNIT)}" in watcher.stderr) == (0, True)


def test_systemd_beside_a_manual_orchestrator_waits(employee: Employee) -> None:
    """The other way round: the unit says who is there, goes on trying, and takes over when that one ends."""
    employee.configure(QUIET)
    employee.drop_in(ORCHESTRATOR, "RestartSec=200ms")
    which = ["--config", str(employee.config)]
    manual = employee.machine.background(["aiemp", *which, "run"], user=employee.user.name)
    employee.until(lambda: "Orchestrator | 🟢" in employee.read("Dashboard.md"), "the manual one")
    employee.install("--now")
    employee.until(
        lambda: "is kept running already by the orchestrator" in employee.journal("-u", ORCHESTRATOR),
        "refusal",
    )
    employee.machine.run(["sh", "-c", f"kill {_pid_of(employee)}"])
    manual.communicate(timeout=30)
    employee.until(lambda: employee.state(ORCHESTRATOR) == "active", "the take-over")


def test_never_run_task_is_healed_after_todays_slot(employee: Employee) -> None:
    """A first enable of a persistent timer does not fire; the orchestrator starts what is overdue, once."""
    mark = (
        "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['sh', '-c', 'echo x >> Done/marks']\n"
    )
    employee.start(QUIET + mark)
    employee.until(lambda: employee.history("mark") == ["succeeded"], "the healing run")
    ticks = employee.machine.run(["date", "+%s"]).stdout
    employee.until(lambda: _ticks_since(employee, int(ticks)) >= 2, "two more ticks")
    assert employee.read("Done/marks") == "x\n"


def test_edited_time_fires_no_spurious_run(employee: Employee) -> None:
    """A new time between the last activation and now makes systemd fire at the reload (issue 16732); the trigger
    asks the ledger, which knows of a run since then."""
    now = employee.machine.now()
    task = "[tasks.mark]\ncalendar = '{} UTC'\ncommand = ['sh', '-c', 'echo x >> Done/marks']\n"
    employee.configure(QUIET + task.format(f"{now + timedelta(hours=6):%H:%M:%S}"))
    employee.install("--now")
    stamp = employee.machine.now() + timedelta(seconds=1)
    employee.until(lambda: employee.machine.now() > stamp + timedelta(seconds=1), "a moment")
    employee.aiemp("trigger", "mark")
    employee.configure(QUIET + task.format(f"{stamp:%H:%M:%S}"))
    assert "aiemp-task-mark.timer" in json.loads(employee.install().stdout)["written"]
    employee.until(lambda: "not yet" in employee.journal("-u", "aiemp-task-mark"), "the alarm")
    assert employee.history("mark") == ["succeeded"]
    assert employee.read("Done/marks") == "x\n"


def test_reload_takes_up_the_configuration(employee: Employee) -> None:
    """`systemctl reload aiemp-orchestrator` has it read aiemp.toml again, in the same process."""
    employee.start(QUIET)
    first = employee.pid(ORCHESTRATOR)
    employee.configure(QUIET + "# edited\n")
    employee.systemctl("reload", ORCHESTRATOR)
    employee.until(lambda: "configuration is taken up" in employee.journal("-u", ORCHESTRATOR), "the reload")
    assert (employee.pid(ORCHESTRATOR), employee.state(TARGET)) == (first, "active")


def _pid_of(employee: Employee) -> int:
    """Of the orchestrator, by its lock."""
    return int(json.loads(employee.read(".state/aiemp/orchestrator.lock"))["pid"])


def _ticks_since(employee: Employee, since: int) -> int:
    """How many ticks systemd has heard of: pings come with them."""
    shown = employee.show(ORCHESTRATOR, "WatchdogTimestamp")["WatchdogTimestamp"]
    seen = employee.machine.run(["date", "--date", shown, "+%s"]).stdout
    return int(seen) - since
