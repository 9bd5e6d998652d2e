"""What a real systemd makes of the units of tasks: it loads them without a word, and runs as they say."""

from __future__ import annotations

import pytest

from aiemp.frozen import replace
from aiemp.systemd.names import start_request
from aiemp.systemd.units import render
from tests.golden.regenerate import CASES, installation_of, plan_of
from tests.systemd.units.installed import MAIL, TASK, Installed
from tests.systemd.waiting import wait_until

# What systemd says of them


def test_units_load_without_a_word(installed: Installed) -> None:
    """Every golden plan, rendered for this systemd: loaded, and no complaint but of missing programs, neither
    from `systemd-analyze verify` nor in the journal."""
    scope, folder = installed.scope, installed.installation.unit_folder
    version = installed.installation.systemd_version
    verify = ["systemd-analyze", f"--{scope.value}", "verify", "--man=no", "--recursive-errors=no"]
    for case in CASES:
        installation = replace(installation_of(case, scope), systemd_version=version)
        names = installed.write(render(plan_of(case), installation))
        shown = installed.systemctl("show", "--property=LoadState,LoadError", *names)
        assert set(shown.splitlines()) == {"LoadState=loaded", "LoadError=", ""}, case
        files = [folder / name.replace("@x.", "@.") for name in names]
        said = installed.machine.run([*verify, *files], user=installed.name, check=False).stderr.splitlines()
        assert [line for line in said if "is not executable" not in line] == [], case
        installed.clear()
    complaints = installed.machine.journal("-p", "warning").splitlines()
    assert [line for line in complaints if "/aiemp" in line] == []


# Tasks


def test_task_waits_runs_and_ends(installed: Installed) -> None:
    """Waiting for the lock is activating, with the reason in its status; READY makes it active; its end
    inactive. Program, PATH and home are as installed."""
    unit = "aiemp-task-job.service"
    go = installed.vault / "go"
    installed.behave(
        "trigger-job",
        f"tell('STATUS=waiting for the lock')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)\n"
        f"ready()\nwhile os.path.exists({str(go)!r}): time.sleep(0.02)",
    )
    installed.install(TASK)
    installed.systemctl("start", "--no-block", unit)
    wait_until(lambda: installed.show(unit, "StatusText") == ["waiting for the lock"], 10)
    assert installed.show(unit, "ActiveState", "SubState") == ["activating", "start"]
    installed.machine.write_file(go, "", user=installed.user.name)
    installed.wait_for(unit, "active")
    installed.machine.run(["rm", go])
    installed.wait_for(unit, "inactive")
    assert installed.show(unit, "Result") == ["success"]
    (start,) = installed.log("trigger-job")
    assert start["argv"][1:] == [
        "-P",
        "-m",
        "aiemp",
        "--vault",
        str(installed.vault),
        "trigger",
        "job",
        "--scheduled",
    ]
    home = str(installed.user.home)
    path = f"{home}/.local/bin:/usr/bin:/bin"
    assert {**start["env"], "PATH": path, "HOME": home, "USER": installed.user.name} == start["env"]


@pytest.mark.parametrize(
    ("script", "result", "alerts"),
    [
        ("ready()", "success", 0),
        ("ready(); sys.exit(1)", "exit-code", 1),
        ("ready(); os.kill(os.getpid(), 9)", "signal", 1),
        ("ready(); sys.exit(143)", "success", 0),
        ("sys.exit(0)", "protocol", 1),  # so a trigger has to say READY even when it finds itself not due
    ],
)
def test_failed_task_alerts(installed: Installed, script: str, result: str, alerts: int) -> None:
    """What fails is reported once, by its full name; what ends well or was stopped is not."""
    installed.behave("trigger-job", script)
    installed.install(TASK)
    unit = "aiemp-task-job.service"
    installed.systemctl("start", unit, check=False)
    wait_until(lambda: installed.state(unit) in ("inactive", "failed"), 10)
    assert installed.show(unit, "Result") == [result]
    wait_until(
        lambda: len(installed.log(f"alert-{unit}")) >= alerts, 10, lambda: installed.journal("aiemp-alert@*")
    )
    assert len(installed.log(f"alert-{unit}")) == alerts
    for entry in installed.log(f"alert-{unit}"):
        assert (entry["env"]["MONITOR_UNIT"], entry["env"]["MONITOR_SERVICE_RESULT"]) == (unit, result)


def test_limit_ends_the_whole_group(installed: Installed) -> None:
    """Over its limit nothing of a task is left, not even a child in a session of its own; its wait for the
    lock does not count."""
    unit = "aiemp-task-job.service"
    installed.behave(
        "trigger-job",
        "time.sleep(1.5)\nready()\n"
        "if os.fork() == 0:\n    os.setsid()\n    signal.signal(15, signal.SIG_IGN)\nstay()",
    )
    installed.install(TASK)
    installed.drop_in(unit, "[Service]\nRuntimeMaxSec=1s\n")
    installed.systemctl("start", unit)
    installed.wait_for(unit, "failed")
    assert installed.show(unit, "Result", "ControlGroup") == ["timeout", ""]
    assert len(installed.log("trigger-job")) == 1


def test_stopped_target_stops_a_run(installed: Installed) -> None:
    """Stopping the target tells a running task, which ends as interrupted and not as failed; timers are gone,
    and starting the target again starts no task."""
    installed.behave("trigger-job", "signal.signal(signal.SIGTERM, stop_well)\nready()\nstay()")
    units = installed.install(TASK, watchers=[MAIL])
    installed.systemctl("enable", "--now", "aiemp.target")
    for unit in ("aiemp-orchestrator.service", "aiemp-watcher-mail.service", "aiemp-task-job.timer"):
        assert installed.state(unit) == "active", unit
    assert installed.state("aiemp-task-job.service") == "inactive"
    installed.systemctl("start", "aiemp-task-job.service")
    installed.systemctl("stop", "aiemp.target")
    wait_until(lambda: {installed.state(unit) for unit in units} == {"inactive"}, 15)
    assert installed.log("trigger-job", "stopped")
    assert installed.log("alert-aiemp-task-job.service") == []
    installed.systemctl("start", "aiemp.target")
    assert installed.state("aiemp-task-job.timer") == "active"
    assert len(installed.log("trigger-job")) == 1


def test_orchestrator_asks_for_a_task(for_system: Installed) -> None:
    """In a system installation the unprivileged orchestrator starts a task by touching a file, also twice; a
    restart of it starts nothing."""
    for_system.install(TASK)
    for_system.systemctl("start", "aiemp.target")
    request = start_request("aiemp-task-job.path")
    for expected in (1, 2):
        for_system.machine.run(["touch", request], user=for_system.user.name)
        wait_until(lambda: len(for_system.log("trigger-job")) == expected, 10)  # noqa: B023
        for_system.wait_for("aiemp-task-job.service", "inactive")
    for_system.systemctl("restart", "aiemp-orchestrator.service")
    for_system.machine.run(
        ["systemctl", "start", "aiemp-task-job.service"], user=for_system.user.name, check=False
    )
    for_system.machine.journal()
    assert len(for_system.log("trigger-job")) == 2
