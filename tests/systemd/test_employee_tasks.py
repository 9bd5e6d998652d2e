"""Runs under a real systemd: killed, too long, stopped half-way, blocked; and what they may touch.

Each test runs in four variants: under the user's own systemd and the machine's, here and on a newer one.
"""

from __future__ import annotations

import json

import pytest

from tests.systemd.employee import IDLE, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

DUE = "frequency = 'daily'\ntime = '00:00'\nretry_delay_minutes = 0\n"
JOB = "aiemp-task-job.service"

LONG_AT_FIRST = "test -e Done/{0} && exit 0; touch Done/{0}; sleep {1} & setsid sleep {1} & wait"

TOO_LONG = """
import signal, subprocess, time

def start_a_child():
    subprocess.Popen(["sleep", "4733"], start_new_session=True)

def own_limit(vault, *, dry_run):
    start_a_child()
    signal.setitimer(signal.ITIMER_REAL, 0.5)  # instead of the whole minute that is the shortest limit
    time.sleep(300)

def deaf(vault, *, dry_run):
    start_a_child()
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(300)

def obedient(vault, *, dry_run):
    start_a_child()
    time.sleep(300)
"""
OVERLONG = {"own_limit": ["failed"], "deaf": ["failed"], "obedient": ["interrupted", "failed"]}

CLAUDE = """#!/usr/bin/python3
# As node does for its compiler: memory that is writable and executable; and a child, as for a tool.
import json, mmap, os, pathlib, subprocess, sys
mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
def can(path):
    try:
        pathlib.Path(path).touch()
        return True
    except OSError:
        return False
home = pathlib.Path.home()
places = {"vault": "Done/by-claude", "claude": home / ".claude/session", "etc": "/etc/by-claude",
          "home": home / "by-claude", "other": "/home/other/by-claude"}
said = {name: can(place) for name, place in places.items()}
said["node"] = subprocess.run(["sh", "-c", "command -v node && node -p 6*7 || echo none"], capture_output=True,
                              text=True).stdout.split()[-1]
pathlib.Path("Done/claude.json").write_text(json.dumps(said))
print("done:", sys.argv[-1])
"""


def test_killed_or_stopped_run_is_done_again_once(employee: Employee) -> None:
    """kill -9 of a run: nothing of it is left, it is recorded as interrupted, and it is done once more. Stopping the
    target in the middle of one ends all of it without a failure; it is done after the next start."""
    killed, stopped = (
        f"[tasks.{name}]\n{DUE}priority = {priority}\ncommand = ['sh', '-c', '{LONG_AT_FIRST.format(name, sleep)}']\n"
        for priority, name, sleep in ((1, "killed", 4731), (2, "stopped", 4732))
    )
    unit = "aiemp-task-killed.service"
    employee.start(IDLE + killed + stopped)
    employee.until(lambda: employee.processes("sleep 4731") == 2, "the run")
    assert "running killed@" in employee.show(unit, "StatusText")["StatusText"]
    employee.machine.run(["sh", "-c", f"kill -9 {employee.pid(unit)}"])
    employee.until(lambda: employee.history("killed") == ["interrupted", "succeeded"], "the second attempt")
    assert employee.processes("sleep 4731") == 0
    employee.until(lambda: employee.processes("sleep 4732") == 2, "the other run")
    employee.systemctl("stop", TARGET)
    unit = "aiemp-task-stopped.service"
    employee.until(lambda: employee.state(unit) == "inactive", "the end of the run")
    assert employee.show(unit, "Result")["Result"] == "success"
    assert employee.history("stopped") == ["interrupted"]
    assert employee.processes("sleep 4732") == 0
    employee.systemctl("start", TARGET)
    employee.until(lambda: employee.history("stopped") == ["interrupted", "succeeded"], "the second attempt")
    assert employee.history("killed") == ["interrupted", "succeeded"]
    assert employee.alerts() == []


def test_run_over_its_limit_is_ended_with_everything_it_started(employee: Employee) -> None:
    """By its own limit; or by systemd's when it does not hear that any more, or when the user has set that to less:
    the whole group is gone, and the run is recorded as failed, with an alert after its last attempt."""
    employee.machine.write_file(employee.config.parent / "too_long.py", TOO_LONG, user=employee.manager)
    tasks = ""
    for name in OVERLONG:
        tasks += f"[tasks.{name}]\n{DUE}max_attempts = 1\nfunction = 'too_long:{name}'\n"
        if name != "own_limit":
            employee.drop_in(f"aiemp-task-{name}.service", "RuntimeMaxSec=1s", "TimeoutStopSec=500ms")
    employee.start(IDLE + tasks)
    employee.until(lambda: {name: employee.history(name) for name in OVERLONG} == OVERLONG, "their ends")
    employee.until(lambda: len(employee.alerts()) == len(OVERLONG), "the alerts")
    for name in OVERLONG:
        unit = f"aiemp-task-{name}.service"
        employee.until(lambda unit=unit: employee.state(unit) == "failed", "the end of its unit")  # type: ignore[misc]
        assert employee.show(unit, "Result")["Result"] == ("exit-code" if name == "own_limit" else "timeout")
        alert = f"aiemp-alert@{unit}.service"
        employee.until(lambda alert=alert: employee.state(alert) == "inactive", "the end of telling")  # type: ignore[misc]
        rows = [line for line in employee.read("Dashboard.md").splitlines() if f"Task {name} failed" in line]
        assert len(rows) == 1, rows
    assert employee.processes("sleep 4733") == 0


def test_blocked_task_runs_when_the_cause_is_gone(employee: Employee) -> None:
    """No Claude: it waits, is told once and costs no attempt. Claude appears on the units' PATH: it runs, in a sandbox
    in which it can work in the vault, and in a system installation nowhere else."""
    claude = employee.user.home / ".local/bin/claude-here"
    employee.machine.run(
        ["mkdir", "-p", claude.parent, employee.user.home / ".claude"], user=employee.user.name
    )
    employee.machine.run(["mkdir", "-p", "/home/other"])
    task = f"[claude]\ncommand = 'claude-here'\n[tasks.ask]\n{DUE}prompt = 'Work.'\n"
    employee.start(IDLE + task)
    employee.until(lambda: employee.history("ask") == ["blocked"], "the reason")
    assert employee.alerts() == []
    employee.machine.write_file(claude, CLAUDE, user=employee.user.name, mode=0o755)
    employee.until(lambda: employee.history("ask") == ["blocked", "succeeded"], "the run")
    said = json.loads(employee.read("Done/claude.json"))
    node = said.pop("node")
    assert node == ("42" if employee.machine.exists("/usr/bin/node") else "none")
    free = {"vault": True, "claude": True, "etc": False, "home": True, "other": False}
    closed = {"home": False} if employee.is_system else {}
    assert said == {**free, **closed}


def test_broken_configuration_is_told(employee: Employee) -> None:
    """After a mistake in aiemp.toml no task can start; the owner hears of it, with the mistake, and what runs goes
    on."""
    employee.start(IDLE + f"[tasks.job]\n{DUE}command = ['true']\n")
    employee.until(lambda: employee.history("job") == ["succeeded"], "the run")
    employee.until(lambda: employee.state(JOB) == "inactive", "its end")
    employee.configure(IDLE + "[tasks.job]\nfrequenzy = 'daily'\n")
    employee.systemctl("start", JOB, check=False)
    employee.until(lambda: employee.alerts() == ["ALERT_task-job.md"], "the alert")
    assert "frequenzy" in employee.read("Needs_Action/alerts/ALERT_task-job.md")
    assert employee.state("aiemp-orchestrator.service") == "active"
