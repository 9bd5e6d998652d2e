"""The employee under a user's own systemd, on a real one: installed from the wheel, broken, healed."""

from __future__ import annotations

import json

from tests.systemd.employee import QUIET, Employee

NAP = '[watchers.nap]\ncommand = ["sleep", "300"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"


def test_install_start_status_journal_trigger(employee: Employee) -> None:
    """The owner's four lines work as typed, and everything is up and shown."""
    employee.configure(QUIET.replace("[tasks.stale_approval_check]\nenabled = false\n", "") + NAP)
    done = employee.aiemp("install-units", "--user")
    assert "systemctl --user start aiemp.target" in done.stdout
    employee.systemctl("start", "aiemp.target")
    assert employee.state("aiemp.target") == "active"
    assert employee.state("aiemp-orchestrator.service") == "active"
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    status = employee.show("aiemp-orchestrator.service", "StatusText", "Type", "WatchdogUSec")
    assert "watchers up" in status["StatusText"]
    journal = employee.machine.journal("-u", "aiemp-orchestrator", user=employee.user.name)
    assert "orchestrator starting" in journal
    assert "systemd engine" in journal
    ran = employee.aiemp("trigger", "stale_approval_check")
    assert "succeeded" in ran.stdout
    timers = employee.systemctl("list-timers", "--all", "aiemp-*").stdout
    assert "aiemp-task-stale_approval_check.timer" in timers
    employee.until(lambda: "| Nap Watcher | 🟢 Running |" in employee.read("Dashboard.md"), "its row")
    command = employee.machine.run(["cat", f"/proc/{employee.pid(NAP_UNIT)}/comm"]).stdout
    assert command == "sleep\n", "the real program is the unit's main process"


def test_second_install_changes_nothing(employee: Employee) -> None:
    """Nothing is written and nothing is restarted when nothing has changed; an edit reaches what it is about."""
    employee.configure(QUIET + NAP + '[watchers.other]\ncommand = ["sleep", "301"]\n')
    employee.aiemp("install-units", "--now")
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    pids = {unit: employee.pid(unit) for unit in (NAP_UNIT, "aiemp-watcher-other.service")}
    again = json.loads(employee.aiemp("--json", "install-units").stdout)
    assert (again["written"], again["removed"]) == ([], [])
    assert employee.aiemp("install-units").stdout.startswith("unchanged")
    employee.configure(QUIET + NAP + '[watchers.other]\ncommand = ["sleep", "302"]\n')
    edited = json.loads(employee.aiemp("--json", "install-units").stdout)
    assert edited["written"] == ["aiemp-watcher-other.service"]
    employee.until(
        lambda: employee.pid("aiemp-watcher-other.service") not in (0, pids["aiemp-watcher-other.service"]),
        "its restart",
    )
    assert employee.pid(NAP_UNIT) == pids[NAP_UNIT]


def test_uninstall_leaves_nothing_but_the_users_own(employee: Employee) -> None:
    """All units, links and stamps go; a drop-in of the user stays, and so does the vault."""
    employee.configure(
        QUIET + NAP + "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['true']\n"
    )
    employee.aiemp("install-units", "--now")
    drop_in = employee.units / "aiemp-orchestrator.service.d" / "mine.conf"
    employee.machine.write_file(drop_in, "[Service]\nNice=3\n", user=employee.user.name)
    employee.aiemp("uninstall-units")
    left = employee.machine.run(
        ["find", str(employee.user.home / ".config/systemd"), "-type", "f", "-o", "-type", "l"]
    ).stdout
    assert left.split() == [str(drop_in)]
    assert employee.systemctl("list-units", "--all", "--plain", "--no-legend", "aiemp*").stdout.strip() == ""
    stamps = employee.machine.run(
        ["find", str(employee.user.home / ".local/share/systemd"), "-name", "*aiemp*"], check=False
    )
    assert stamps.stdout == ""
    assert "AI Employee" in employee.read("Dashboard.md")


def test_foreign_unit_of_our_name_is_refused_and_untouched(employee: Employee) -> None:
    """A file that aiemp did not make stops the installation before anything is written."""
    theirs = employee.units / "aiemp-orchestrator.service"
    employee.machine.write_file(theirs, "[Service]\nExecStart=/bin/true\n", user=employee.user.name)
    done = employee.aiemp("install-units", check=False)
    assert done.returncode == 1
    assert "not made by aiemp" in done.stderr
    assert employee.machine.read_file(theirs) == "[Service]\nExecStart=/bin/true\n"
    assert employee.machine.run(["ls", str(employee.units)]).stdout == "aiemp-orchestrator.service\n"


def test_killed_parts_come_back(employee: Employee) -> None:
    """kill -9 of the watcher and of the orchestrator: both are back, the watcher not twice."""
    employee.configure(QUIET + NAP)
    employee.aiemp("install-units", "--now")
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    for unit in (NAP_UNIT, "aiemp-orchestrator.service"):
        first = employee.pid(unit)
        employee.machine.run(["kill", "-9", str(first)])
        employee.until(lambda unit=unit, first=first: employee.pid(unit) not in (0, first), f"{unit} again")  # type: ignore[misc]
    employee.until(lambda: employee.state("aiemp-orchestrator.service") == "active", "the orchestrator")
    naps = employee.machine.run(["pgrep", "-u", employee.user.name, "-c", "-x", "sleep"]).stdout
    assert naps.strip() == "1"


def test_watcher_that_always_crashes_is_paused_with_one_alert(employee: Employee) -> None:
    """More than the allowed restarts: given up, one file in Needs_Action/alerts, the other one untouched."""
    employee.configure(QUIET + NAP + '[limits]\nrestarts = 1\n[watchers.bad]\ncommand = ["false"]\n')
    employee.aiemp("install-units", "--now")
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the good one")
    nap = employee.pid(NAP_UNIT)
    employee.until(
        lambda: employee.state("aiemp-watcher-bad.service") == "failed", "the pause", deadline_s=60
    )
    employee.until(
        lambda: employee.machine.exists(employee.vault / "Needs_Action/alerts/ALERT_watcher-bad.md"),
        "the alert",
    )
    assert employee.pid(NAP_UNIT) == nap


def test_task_over_its_limit_is_ended_with_everything_it_started(employee: Employee) -> None:
    """The run's own limit ends the command; a stop of the target leaves a run interrupted, to be done again."""
    employee.configure(
        QUIET
        + "[tasks.long]\nfrequency = 'hourly'\ncommand = ['sh', '-c', 'touch Done/on; setsid sleep 333 & wait']\n"
    )
    employee.aiemp("install-units", "--now")
    unit = "aiemp-task-long.service"
    employee.systemctl("start", "--no-block", unit)
    employee.until(lambda: employee.machine.exists(employee.vault / "Done/on"), "the command")
    assert "running long@" in employee.show(unit, "StatusText")["StatusText"]
    employee.systemctl("stop", "aiemp.target")
    employee.until(lambda: employee.state(unit) == "inactive", "the end of the run")
    assert employee.show(unit, "Result")["Result"] == "success"
    assert employee.history("long") == ["interrupted"]
    assert employee.machine.run(["pgrep", "-f", "sleep 333"], check=False).stdout == ""


def test_manual_orchestrator_beside_systemd_is_refused(employee: Employee) -> None:
    """A second supervisor names the first, and ends."""
    employee.configure(QUIET)
    employee.aiemp("install-units", "--now")
    second = employee.aiemp("run", check=False)
    assert second.returncode == 1
    assert f"pid {employee.pid('aiemp-orchestrator.service')}" in second.stderr
    assert "systemd engine" in second.stderr


def test_hung_orchestrator_is_restarted_by_the_watchdog(employee: Employee) -> None:
    """SIGSTOP: no ping comes any more, systemd ends it and starts it again; nothing else is touched."""
    employee.configure(QUIET + NAP)
    drop_in = employee.units / "aiemp-orchestrator.service.d" / "quick.conf"
    employee.machine.write_file(
        drop_in, "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n", user=employee.user.name
    )
    quick = employee.units / "aiemp-orchestrator.service.d" / "interval.conf"
    employee.aiemp("install-units")
    line = next(
        line
        for line in employee.machine.read_file(employee.units / "aiemp-orchestrator.service").splitlines()
        if line.startswith("ExecStart=")
    )
    employee.machine.write_file(
        quick, f"[Service]\nExecStart=\n{line} --interval 1\n", user=employee.user.name
    )
    employee.systemctl("daemon-reload")
    employee.systemctl("start", "aiemp.target")
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    nap, first = employee.pid(NAP_UNIT), employee.pid("aiemp-orchestrator.service")
    employee.machine.run(["kill", "-STOP", str(first)])
    employee.until(lambda: employee.pid("aiemp-orchestrator.service") not in (0, first), "a new one")
    assert employee.pid(NAP_UNIT) == nap


def test_never_run_task_is_healed_after_todays_slot(employee: Employee) -> None:
    """A first enable of a persistent timer does not fire; the orchestrator starts what is overdue."""
    employee.configure(
        QUIET
        + "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['sh', '-c', 'echo x >> Done/marks']\n"
    )
    employee.aiemp("install-units", "--now")
    employee.until(lambda: employee.read("Done/marks") == "x\n", "the healing run", deadline_s=60)
    assert employee.history("mark") == ["succeeded"]
