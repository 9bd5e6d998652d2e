"""Installing an employee on a real systemd, as a new user would, and taking it away again.

Each test runs in four variants: under the user's own systemd and the machine's, on this host's and a newer one.
"""

from __future__ import annotations

import json

import pytest

from tests.systemd.employee import ORCHESTRATOR, QUIET, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sleep", "4701"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"
OTHER = '[watchers.other]\ncommand = ["sleep", "4702"]\n'
OTHER_UNIT = "aiemp-watcher-other.service"
MARK = "[tasks.mark]\nfrequency = 'daily'\ntime = '23:59'\ncommand = ['true']\n"

COUNTED = """
import json, runpy, sys
started, written = [], []
def note(event, about):
    if event == "subprocess.Popen":
        started.append(" ".join(map(str, about[1])))
    elif event == "open" and isinstance(about[0], str) and "systemd/" in about[0] and about[2] & 3:
        written.append(about[0])
sys.addaudithook(note)
sys.argv = ["aiemp", *sys.argv[1:]]
try:
    runpy.run_module("aiemp", run_name="__main__", alter_sys=True)
finally:
    print(json.dumps([started, written]), file=sys.stderr)
"""


def test_four_lines_of_the_readme(employee: Employee) -> None:
    """Install, start, look, trigger, as typed: everything is up, and shown by systemctl, journalctl and aiemp."""
    employee.configure(QUIET.replace("[tasks.stale_approval_check]\nenabled = false\n", "") + NAP)
    typed = ["aiemp", "install-units", *employee.scope]
    said = employee.machine.run(typed, user=employee.manager).stdout
    option = "" if employee.is_system else "--user "
    assert f"systemctl {option}start aiemp.target" in said
    assert employee.state(TARGET) == "inactive"
    employee.systemctl("start", TARGET)
    assert {employee.state(unit) for unit in (TARGET, ORCHESTRATOR)} == {"active"}
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    assert "Active: active" in employee.systemctl("status", TARGET).stdout
    assert "watchers up" in employee.show(ORCHESTRATOR, "StatusText")["StatusText"]
    journal = employee.journal("-u", "aiemp-orchestrator")
    assert "orchestrator starting" in journal and "systemd engine" in journal
    assert "succeeded" in employee.aiemp("trigger", "stale_approval_check").stdout
    timers = employee.systemctl("list-timers", "--all", "aiemp-*").stdout
    assert "aiemp-task-stale_approval_check.timer" in timers
    employee.until(lambda: "| Nap Watcher | 🟢 Running |" in employee.read("Dashboard.md"), "its row")
    command = employee.machine.read_file(f"/proc/{employee.pid(NAP_UNIT)}/comm")
    assert command == "sleep\n", "the real program is the unit's main process"
    status = json.loads(employee.aiemp("--json", "status", check=False).stdout)
    assert status["orchestrator"]["engine"] == "systemd engine"
    states = {watcher["name"]: watcher["state"] for watcher in status["watchers"]}
    assert states == {"filesystem": "running", "approval": "running", "nap": "running"}


def test_second_install_changes_nothing(employee: Employee) -> None:
    """Nothing is written, reloaded or restarted when nothing has changed, with at most three child processes."""
    employee.configure(QUIET + NAP + MARK)
    employee.install("--now")
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    pids = {unit: employee.pid(unit) for unit in (NAP_UNIT, ORCHESTRATOR)}
    python = employee.machine.run(["head", "-n1", "/usr/local/bin/aiemp"]).stdout.strip()[2:]
    again = employee.machine.run(
        [python, "-c", COUNTED, "install-units", *employee.scope], user=employee.manager
    )
    assert again.stdout.startswith("unchanged")
    started, written = json.loads(again.stderr.splitlines()[-1])
    assert len(started) <= 3, started
    assert not any("daemon-reload" in command for command in started)
    assert written == []
    assert {unit: employee.pid(unit) for unit in pids} == pids


def test_edit_reaches_what_it_is_about(employee: Employee) -> None:
    """One command brings an edit of aiemp.toml to the units: what changed is restarted, what came is started, what
    went is gone, and everything else goes on."""
    employee.configure(QUIET + NAP + OTHER + MARK)
    employee.install("--now")
    watchers = (NAP_UNIT, OTHER_UNIT)
    employee.until(lambda: {employee.state(unit) for unit in watchers} == {"active"}, "the watchers")
    before = {unit: employee.pid(unit) for unit in watchers}
    new = '[watchers.new]\ncommand = ["sleep", "4704"]\n'
    employee.configure(QUIET + NAP + OTHER.replace("4702", "4703") + new)
    edited = json.loads(employee.install().stdout)
    assert set(edited["written"]) == {OTHER_UNIT, "aiemp-watcher-new.service", TARGET}
    assert all("mark" in unit for unit in edited["removed"]) and edited["removed"]
    for unit in (OTHER_UNIT, "aiemp-watcher-new.service"):
        employee.until(lambda unit=unit: employee.pid(unit) not in (0, before.get(unit)), unit)  # type: ignore[misc]
    assert employee.pid(NAP_UNIT) == before[NAP_UNIT]
    assert employee.show("aiemp-task-mark.timer", "LoadState")["LoadState"] == "not-found"
    assert (employee.processes("sleep 4703"), employee.processes("sleep 4702")) == (1, 0)


def test_disabled_task_has_no_timer(employee: Employee) -> None:
    """`aiemp disable`, then `install-units`: its timer is gone, its stamp too; `enable` brings it back, and it does
    not fire for that."""
    employee.configure(QUIET + MARK)
    employee.install("--now")
    timer = "aiemp-task-mark.timer"
    assert employee.state(timer) == "active"
    owner = None if employee.is_system else employee.user.name
    which = ["--config", str(employee.config)]
    for verb, state, listed in (("disable", "inactive", False), ("enable", "active", True)):
        employee.machine.run(["aiemp", *which, verb, "mark"], user=owner)
        employee.install()
        assert employee.state(timer) == state
        timers = employee.systemctl("list-timers", "--all", "aiemp-*").stdout
        assert (timer in timers) is listed
        assert employee.machine.exists(employee.stamps / f"stamp-{timer}") is listed
    assert employee.history("mark") == []


def test_uninstall_leaves_nothing_but_the_users_own(employee: Employee) -> None:
    """All units, links and stamps go; a drop-in of the user stays, and so do his configuration and the vault."""
    employee.configure(QUIET + NAP + MARK)
    employee.install("--now")
    employee.drop_in(ORCHESTRATOR, "Nice=3")
    employee.uninstall()
    find = ["find", employee.units, "-name", "*aiemp*", "-o", "-path", "*aiemp*"]
    folder = employee.units / f"{ORCHESTRATOR}.d"
    assert employee.machine.run(find).stdout.split() == [str(folder), f"{folder}/test.conf"]
    assert employee.systemctl("list-units", "--all", "--plain", "--no-legend", "aiemp*").stdout.strip() == ""
    assert employee.machine.run(["find", employee.stamps, "-name", "*aiemp*"], check=False).stdout == ""
    assert employee.processes("sleep 4701") == 0
    assert employee.machine.exists(employee.config)
    assert "AI Employee" in employee.read("Dashboard.md")
    employee.uninstall()


def test_foreign_unit_of_our_name_is_refused_and_untouched(employee: Employee) -> None:
    """A file that aiemp did not make stops the installation before anything is written; uninstalling leaves it."""
    theirs = employee.units / ORCHESTRATOR
    employee.machine.write_file(theirs, "[Service]\nExecStart=/bin/true\n", user=employee.manager)
    employee.configure(QUIET)
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
    due = "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['touch', 'Done/mark']\n"
    before = sorted(employee.machine.run(look).stdout.splitlines())
    employee.start("dry_run = true\n" + QUIET + NAP + due)
    employee.until(lambda: "dry run: " in employee.journal("-u", "aiemp-task-mark"), "the rehearsal")
    assert "dry run" in employee.journal("-u", "aiemp-orchestrator")
    assert sorted(employee.machine.run(look).stdout.splitlines()) == before
