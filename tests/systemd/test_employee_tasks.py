"""Runs under a real systemd: killed, too long, stopped half-way, blocked; and what they may touch.

Each test runs in four variants: under the user's own systemd and the machine's, here and on a newer one.
"""

from __future__ import annotations

import json

import pytest

from tests.systemd.employee import QUIET, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

DUE = "frequency = 'daily'\ntime = '00:00'\nretry_delay_minutes = 0\n"
JOB = "aiemp-task-job.service"

FIRST_TIME_LONG = "test -e Done/on && exit 0; touch Done/on; sleep 4721 & setsid sleep 4722 & wait"

OWN_LIMIT = """
import signal, subprocess, time

def run(vault, *, dry_run):
    subprocess.Popen(["sleep", "4723"], start_new_session=True)
    (vault / "Done/on").touch()
    signal.setitimer(signal.ITIMER_REAL, 0.5)  # instead of the whole minute that is the shortest limit
    time.sleep(300)
"""

DEAF = """
import signal, subprocess, time

def run(vault, *, dry_run):
    subprocess.Popen(["sleep", "4724"], start_new_session=True)
    (vault / "Done/on").touch()
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(300)
"""

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


def test_killed_run_is_written_down_and_done_again_once(employee: Employee) -> None:
    """kill -9 of a run: nothing of it is left, it is recorded as interrupted, and it is done once more."""
    employee.start(QUIET + f"[tasks.job]\n{DUE}command = ['sh', '-c', '{FIRST_TIME_LONG}']\n")
    employee.until(lambda: employee.processes("sleep 4722") == 1, "the run")
    assert "running job@" in employee.show(JOB, "StatusText")["StatusText"]
    employee.machine.run(["sh", "-c", f"kill -9 {employee.pid(JOB)}"])
    employee.until(lambda: employee.history("job") == ["interrupted", "succeeded"], "the second attempt")
    assert (employee.processes("sleep 4721"), employee.processes("sleep 4722")) == (0, 0)
    assert employee.alerts() == []


OBEDIENT = """
import subprocess

def run(vault, *, dry_run):
    subprocess.Popen(["sleep", "4725"], start_new_session=True)
    (vault / "Done/on").touch()
    subprocess.run(["sleep", "300"])
"""


@pytest.mark.parametrize(
    ("function", "sleeper", "history"),
    [
        (OWN_LIMIT, "sleep 4723", ["failed"]),
        (DEAF, "sleep 4724", ["failed"]),
        (OBEDIENT, "sleep 4725", ["interrupted", "failed"]),
    ],
    ids=["own", "deaf", "obedient"],
)
def test_run_over_its_limit_is_ended_with_everything_it_started(
    employee: Employee, function: str, sleeper: str, history: list[str]
) -> None:
    """By its own limit, or when it does not hear that any more by systemd's: the whole group is gone, and the run
    is recorded as failed, with an alert after its last attempt."""
    module = employee.config.parent / "too_long.py"
    employee.machine.write_file(module, function, user=employee.manager)
    if function != OWN_LIMIT:
        employee.drop_in(JOB, "RuntimeMaxSec=1s", "TimeoutStopSec=500ms")
    employee.start(QUIET + f"[tasks.job]\n{DUE}max_attempts = 1\nfunction = 'too_long:run'\n")
    employee.until(lambda: employee.machine.exists(employee.vault / "Done/on"), "the run")
    employee.until(lambda: employee.history("job") == history, "its end")
    employee.until(lambda: employee.state(JOB) == "failed", "the end of its unit")
    assert employee.show(JOB, "Result")["Result"] == ("exit-code" if function == OWN_LIMIT else "timeout")
    assert employee.processes(sleeper) == 0
    employee.until(lambda: employee.alerts() == ["ALERT_task-job.md"], "the alert")
    alert = f"aiemp-alert@{JOB}.service"
    employee.until(lambda: employee.state(alert) == "inactive", "the end of telling")
    rows = [line for line in employee.read("Dashboard.md").splitlines() if "Task job failed" in line]
    assert len(rows) == 1, rows


def test_stopped_run_is_interrupted_and_done_later(employee: Employee) -> None:
    """Stopping the target in the middle of a run ends all of it without a failure; after the next start it is done
    again, once."""
    employee.start(QUIET + f"[tasks.job]\n{DUE}command = ['sh', '-c', '{FIRST_TIME_LONG}']\n")
    employee.until(lambda: employee.processes("sleep 4722") == 1, "the run")
    employee.systemctl("stop", TARGET)
    employee.until(lambda: employee.state(JOB) == "inactive", "the end of the run")
    assert employee.show(JOB, "Result")["Result"] == "success"
    assert employee.history("job") == ["interrupted"]
    assert (employee.processes("sleep 4721"), employee.processes("sleep 4722")) == (0, 0)
    employee.systemctl("start", TARGET)
    employee.until(lambda: employee.history("job") == ["interrupted", "succeeded"], "the second attempt")
    assert employee.alerts() == []


def test_blocked_task_runs_when_the_cause_is_gone(employee: Employee) -> None:
    """No Claude: it waits, is told once and costs no attempt. Claude appears on the units' PATH: it runs, in a sandbox
    in which it can work in the vault, and in a system installation nowhere else."""
    claude = employee.user.home / ".local/bin/claude-here"
    employee.machine.run(
        ["mkdir", "-p", claude.parent, employee.user.home / ".claude"], user=employee.user.name
    )
    employee.machine.run(["mkdir", "-p", "/home/other"])
    task = f"[claude]\ncommand = 'claude-here'\n[tasks.ask]\n{DUE}prompt = 'Work.'\n"
    employee.start(QUIET + task)
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
    employee.start(QUIET + f"[tasks.job]\n{DUE}command = ['true']\n")
    employee.until(lambda: employee.history("job") == ["succeeded"], "the run")
    employee.until(lambda: employee.state(JOB) == "inactive", "its end")
    employee.configure(QUIET + "[tasks.job]\nfrequenzy = 'daily'\n")
    employee.systemctl("start", JOB, check=False)
    employee.until(lambda: employee.alerts() == ["ALERT_task-job.md"], "the alert")
    assert "frequenzy" in employee.read("Needs_Action/alerts/ALERT_task-job.md")
    assert employee.state("aiemp-orchestrator.service") == "active"
