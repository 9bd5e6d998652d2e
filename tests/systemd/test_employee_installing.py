"""Installing an employee on a real systemd, as a new user would, and taking it away again.

In four variants: under the user's own systemd and under the machine's, here and on a newer one.
"""

from __future__ import annotations

import re

import pytest

from tests.systemd.employee import IDLE, ORCHESTRATOR, SYSTEM_UNITS, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sleep", "4711"]\n'
MARK = "[tasks.mark]\nfrequency = 'daily'\ntime = '23:59'\ncommand = ['true']\n"
DUE = "[tasks.due]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['touch', 'Done/due']\n"


def test_install_and_uninstall_as_typed(employee: Employee) -> None:
    """What is to be typed next is said, and works. Uninstalling leaves no unit, link, stamp or process; a drop-in of
    the user stays, and so do his configuration and the vault. Twice is no mistake."""
    employee.configure(IDLE + NAP + MARK)
    said = employee.machine.run(["aiemp", "install-units", *employee.scope], user=employee.manager).stdout
    assert employee.state(TARGET) == "inactive"
    (line,) = re.findall("^Next: (.*)$", said, re.MULTILINE)
    employee.machine.run(line.split(), user=employee.manager)
    assert {employee.state(unit) for unit in (TARGET, ORCHESTRATOR)} == {"active"}
    employee.until(lambda: employee.processes("sleep 4711") == 1, "the watcher")
    employee.drop_in(ORCHESTRATOR, "Nice=3")
    employee.uninstall()
    places = [employee.units, employee.stamps, "/run/aiemp", "/var/cache/aiemp"]
    found = employee.machine.run(["find", *places, "-path", "*aiemp*"], check=False).stdout.split()
    folder = employee.units / f"{ORCHESTRATOR}.d"
    assert found == [str(folder), f"{folder}/test.conf"]
    assert employee.systemctl("list-units", "--all", "--plain", "--no-legend", "aiemp*").stdout.strip() == ""
    assert employee.processes("sleep 4711") == 0
    assert employee.machine.exists(employee.config)
    assert "AI Employee" in employee.read("Dashboard.md")
    employee.uninstall()


def test_foreign_unit_of_our_name_is_refused_and_untouched(employee: Employee) -> None:
    """A file that aiemp did not make stops the installation before anything is written; uninstalling leaves it."""
    theirs = employee.units / ORCHESTRATOR
    employee.machine.write_file(theirs, "[Service]\nExecStart=/bin/true\n", user=employee.manager)
    employee.configure(IDLE)
    done = employee.install(check=False)
    assert done.returncode == 1
    assert "not made by aiemp" in done.stderr and str(theirs) in done.stderr
    employee.uninstall()
    assert employee.machine.read_file(theirs) == "[Service]\nExecStart=/bin/true\n"
    find = ["find", employee.units, "-name", "aiemp*"]
    assert employee.machine.run(find).stdout.split() == [str(theirs)]


def test_dry_run_in_the_configuration_touches_nothing(employee: Employee) -> None:
    """`dry_run = true`: everything runs, tasks say what they would do, and no file of the vault changes."""
    locks = ["-name", ".state", "-o", "-path", "*/.state/aiemp*"]
    look = ["find", employee.vault, "-not", "(", *locks, ")", "-printf", "%p %s %T@ %C@\\n"]
    employee.machine.write_file(employee.vault / "Needs_Action/hello.md", "hi", user=employee.user.name)
    before = sorted(employee.machine.run(look).stdout.splitlines())
    employee.start("dry_run = true\n" + IDLE + NAP + DUE)
    employee.until(lambda: "dry run: " in employee.journal("-u", "aiemp-task-due"), "the rehearsal")
    assert "dry run" in employee.journal("-u", "aiemp-orchestrator")
    assert sorted(employee.machine.run(look).stdout.splitlines()) == before


def test_interrupted_installation_is_made_whole(employee: Employee) -> None:
    """Killed after its files were written and before systemd heard of them: the next installation reaches it."""
    unit = "aiemp-watcher-nap.service"
    employee.configure(IDLE + NAP)
    employee.install("--now")
    employee.until(lambda: employee.processes("sleep 4711") == 1, "the watcher")
    employee.configure(IDLE + NAP.replace("4711", "4712"))
    output = ["--output", str(employee.units)]
    employee.machine.run(["aiemp", "render", *employee.scope, *output], user=employee.manager)
    assert employee.show(unit, "NeedDaemonReload")["NeedDaemonReload"] == "yes"
    employee.install()
    employee.until(lambda: employee.processes("sleep 4712") == 1, "the new one")
    assert employee.processes("sleep 4711") == 0
    assert employee.show(unit, "NeedDaemonReload")["NeedDaemonReload"] == "no"


WATCHER = "aiemp-watcher-nap.service"
TIMER = "aiemp-task-mark.timer"


def render_into_place(employee: Employee) -> None:
    """What an installation has done when it is killed after its daemon-reload."""
    output = ["--output", str(employee.units)]
    employee.machine.run(["aiemp", "render", *employee.scope, *output], user=employee.manager)
    employee.systemctl("daemon-reload")


def test_killed_after_the_reload(employee: Employee) -> None:
    """What still runs by the older file is restarted by the next installation, and what is new is started; the one
    after that finds nothing to do."""
    employee.configure(IDLE + NAP)
    employee.install("--now")
    employee.until(lambda: employee.processes("sleep 4711") == 1, "the watcher")
    new = NAP.replace("nap", "new").replace("4711", "4713")
    employee.configure(IDLE + NAP.replace("4711", "4712") + new + MARK)
    render_into_place(employee)
    assert (employee.state(TIMER), employee.processes("sleep 4711")) == ("inactive", 1)
    employee.install()
    employee.until(lambda: employee.processes("sleep 4712") == 1, "the edited one")
    employee.until(lambda: employee.processes("sleep 4713") == 1, "the new one")
    assert (employee.state(TIMER), employee.processes("sleep 4711")) == ("active", 0)
    pids = [employee.pid(unit) for unit in (WATCHER, ORCHESTRATOR)]
    words = ["aiemp", "install-units", *employee.scope]
    assert employee.machine.run(words, user=employee.manager).stdout.startswith("unchanged")
    assert [employee.pid(unit) for unit in (WATCHER, ORCHESTRATOR)] == pids


def test_killed_after_stopping(employee: Employee) -> None:
    """What was stopped to be removed, and is wanted after all, is started again; what is not configured is not."""
    need = '[watchers.need]\ncommand = ["true"]\nrequires_env = ["NOWHERE_SET"]\n'
    employee.configure(IDLE + NAP + MARK + need)
    employee.install("--now")
    lacking = "aiemp-watcher-need.service"
    employee.until(lambda: employee.show(lacking, "ExecMainStatus")["ExecMainStatus"] == "170", "its answer")
    employee.until(lambda: employee.state(lacking) == "inactive", "its end")
    started = employee.show(lacking, "ExecMainStartTimestamp")
    employee.systemctl("stop", WATCHER, TIMER)
    employee.install()
    assert {employee.state(unit) for unit in (WATCHER, TIMER)} == {"active"}
    assert employee.show(lacking, "ExecMainStartTimestamp") == started


def test_orchestrator_that_cannot_restart_keeps_nothing_down(employee: Employee) -> None:
    """The rest is started, and what failed is named with where to read why."""
    employee.configure(IDLE)
    employee.install("--now")
    employee.drop_in(ORCHESTRATOR, "ExecStart=", "ExecStart=/bin/false")
    employee.systemctl("daemon-reload")
    employee.machine.run(["touch", employee.units / ORCHESTRATOR])  # as if it had been edited
    employee.configure(IDLE + NAP + MARK)
    done = employee.install(check=False)
    assert done.returncode == 1
    assert f"this does not start: {ORCHESTRATOR} (exit-code)" in done.stderr
    assert f"--unit={ORCHESTRATOR}" in done.stderr and "journalctl" in done.stderr
    assert employee.state(TIMER) == "active"
    employee.until(lambda: employee.processes("sleep 4711") == 1, "the watcher")
    words = ["aiemp", "install-units", *employee.scope]
    again = employee.machine.run(words, user=employee.manager).stdout
    assert again.startswith("unchanged") and f"Not running: {ORCHESTRATOR}" in again


@pytest.mark.parametrize("worker", [False], indirect=True, ids=["user"])
def test_full_disk_stops_nothing(employee: Employee) -> None:
    """What is to be removed runs on when the new files find no room."""
    employee.configure(IDLE + NAP)
    employee.install("--now")
    employee.until(lambda: employee.processes("sleep 4711") == 1, "the watcher")
    saved = employee.user.home / "saved"
    owner = employee.user.name
    employee.machine.run(["cp", "-a", employee.units, saved])
    size = "size=64k,mode=700"
    employee.machine.run(["mount", "-t", "tmpfs", "-o", size, "none", employee.units])
    try:
        employee.machine.run(["chown", f"{owner}:", employee.units])
        employee.machine.run(["cp", "-a", f"{saved}/.", employee.units])
        fill = 'dd if=/dev/zero of="$1/full" bs=1k 2> /dev/null || true'
        employee.machine.run(["sh", "-c", fill, "sh", employee.units])
        employee.configure(IDLE + MARK)
        done = employee.install(check=False)
        assert done.returncode == 1, done.stdout
        assert "No space left on device; nothing was installed" in done.stderr
        assert (employee.state(WATCHER), employee.processes("sleep 4711")) == ("active", 1)
        look = ["find", employee.units, "-name", "aiemp-task*"]
        assert employee.machine.run(look).stdout == ""
    finally:
        employee.machine.run(["umount", "-l", employee.units])
        employee.machine.run(["rm", "-r", saved])


@pytest.mark.parametrize("worker", [True], indirect=True, ids=["system"])
def test_configuration_of_the_user_serves_the_machine(employee: Employee) -> None:
    """Without /etc/aiemp/aiemp.toml it is the user's own, whose location his own commands know; only he reads it."""
    own = employee.user.home / ".config/aiemp/aiemp.toml"
    employee.machine.write_file(
        own, f'vault = "{employee.vault}"\n{IDLE}{DUE}', user=employee.user.name, mode=0o600
    )
    employee.install("--now")
    assert f"--config {own} " in employee.machine.read_file(employee.units / ORCHESTRATOR)
    employee.until(lambda: employee.history("due") == ["succeeded"], "the run")
    status = employee.machine.run(["aiemp", "status"], user=employee.user.name, check=False).stdout
    assert "running (pid" in status and str(SYSTEM_UNITS) in status
