"""An employee that was installed as the README says, and is then looked at, edited, killed and frozen.

All tests share it, in the order of this file; there is one for each variant: under the user's own systemd and under
the machine's, here and on a newer one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.quiet import QUIET
from tests.systemd.counted import run_counted
from tests.systemd.employee import EAGER, ORCHESTRATOR, TARGET, Employee

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sleep", "4701"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"
OTHER = '[watchers.other]\ncommand = ["sleep", "4702"]\n'
OTHER_UNIT = "aiemp-watcher-other.service"
NEW = '[watchers.new]\ncommand = ["sleep", "4704"]\n'
NEW_UNIT = "aiemp-watcher-new.service"
MARK = "[tasks.mark]\nfrequency = 'daily'\ntime = '23:59'\ncommand = ['true']\n"
MARK_TIMER = "aiemp-task-mark.timer"
CONFIG = QUIET.replace("[tasks.stale_approval_check]\nenabled = false\n", "") + NAP + OTHER + MARK


@pytest.fixture(scope="module")
def running(worker: Employee) -> Iterator[Employee]:
    """The employee, up and running. It looks each second and comes back without a pause."""
    worker.move_in()
    worker.drop_in(ORCHESTRATOR, EAGER, "WatchdogSec=2s", "TimeoutAbortSec=100ms", name="watchdog")
    worker.start(CONFIG, NAP_UNIT)
    worker.until(lambda: worker.state(NAP_UNIT) == "active", "the watcher")
    yield worker
    worker.clear()


def test_shown_by_systemctl_journalctl_and_aiemp(running: Employee) -> None:
    """What the README says to look at shows that everything is up, and a task can be triggered."""
    assert {running.state(unit) for unit in (TARGET, ORCHESTRATOR)} == {"active"}
    assert "Active: active" in running.systemctl("status", TARGET).stdout
    assert "watchers up" in running.show(ORCHESTRATOR, "StatusText")["StatusText"]
    journal = running.journal("-u", "aiemp-orchestrator")
    assert "orchestrator starting" in journal and "systemd engine" in journal
    assert "succeeded" in running.aiemp("trigger", "stale_approval_check").stdout
    timers = running.systemctl("list-timers", "--all", "aiemp-*").stdout
    assert "aiemp-task-stale_approval_check.timer" in timers
    running.until(lambda: "| Nap Watcher | 🟢 Running |" in running.read("Dashboard.md"), "its row")
    command = running.machine.read_file(f"/proc/{running.pid(NAP_UNIT)}/comm")
    assert command == "sleep\n", "the real program is the unit's main process"
    status = json.loads(running.aiemp("--json", "status", check=False).stdout)
    assert status["orchestrator"]["engine"] == "systemd engine"
    states = {watcher["name"]: watcher["state"] for watcher in status["watchers"]}
    assert states == dict.fromkeys(("filesystem", "approval", "nap", "other"), "running")


def test_second_supervisor_is_refused(running: Employee) -> None:
    """`aiemp run` beside it names the one that runs, and ends; so does a second watcher."""
    second = running.aiemp("run", check=False)
    assert second.returncode == 1
    assert f"pid {running.pid(ORCHESTRATOR)}" in second.stderr
    assert "systemd engine" in second.stderr
    watcher = running.aiemp("watch", "nap", check=False)
    assert (watcher.returncode, f"pid {running.pid(NAP_UNIT)}" in watcher.stderr) == (0, True)


def test_reload_takes_up_the_configuration(running: Employee) -> None:
    """`systemctl reload aiemp-orchestrator` has it read aiemp.toml again, in the same process."""
    first = running.pid(ORCHESTRATOR)
    running.systemctl("reload", ORCHESTRATOR)
    running.until(lambda: "configuration is taken up" in running.journal("-u", ORCHESTRATOR), "the reload")
    assert (running.pid(ORCHESTRATOR), running.state(TARGET)) == (first, "active")


def test_second_install_changes_nothing(running: Employee) -> None:
    """Nothing is written, reloaded or restarted when nothing has changed, with at most three child processes."""
    pids = {unit: running.pid(unit) for unit in (NAP_UNIT, ORCHESTRATOR)}
    again = run_counted(running.machine, "install-units", *running.scope, user=running.manager)
    assert again.answer.stdout.startswith("unchanged")
    assert len(again.started) <= 3, again.started
    assert (again.reloads, again.written) == (0, [])
    assert {unit: running.pid(unit) for unit in pids} == pids


def test_disabled_task_has_no_timer(running: Employee) -> None:
    """`aiemp disable`: its timer is gone, its stamp too; `enable` brings it back, and it does not fire for that."""
    which = ["--config", str(running.config)]
    for verb, state, is_there in (("disable", "inactive", False), ("enable", "active", True)):
        running.machine.run(["aiemp", *which, verb, "mark"], user=running.manager)
        assert running.state(MARK_TIMER) == state
        timers = running.systemctl("list-timers", "--all", "aiemp-*").stdout
        assert (MARK_TIMER in timers) is is_there
        assert running.machine.exists(running.stamps / f"stamp-{MARK_TIMER}") is is_there
    assert running.history("mark") == []


def test_edit_reaches_what_it_is_about(running: Employee) -> None:
    """One command brings an edit of aiemp.toml to the units: what changed is restarted, what came is started, what
    went is gone, and everything else goes on."""
    before = {unit: running.pid(unit) for unit in (NAP_UNIT, OTHER_UNIT)}
    running.configure(QUIET + NAP + OTHER.replace("4702", "4703") + NEW)
    edited = json.loads(running.install().stdout)
    new_path = {NEW_UNIT.replace(".service", ".path")} if running.is_system else set()
    assert set(edited["written"]) == {OTHER_UNIT, NEW_UNIT, TARGET, *new_path}
    assert MARK_TIMER in edited["removed"]
    assert (edited["restarted"], edited["rescheduled"]) == ([OTHER_UNIT], [])
    for unit in (OTHER_UNIT, NEW_UNIT):
        running.until(lambda unit=unit: running.pid(unit) not in (0, before.get(unit)), unit)  # type: ignore[misc]
    assert running.pid(NAP_UNIT) == before[NAP_UNIT]
    assert running.show(MARK_TIMER, "LoadState")["LoadState"] == "not-found"
    running.until(lambda: running.processes("sleep 4703") == 1, "the edited watcher")
    assert running.processes("sleep 4702") == 0


def test_upgrade_is_survived(running: Employee) -> None:
    """Another version of aiemp is installed: the orchestrator goes on with that, as the same process and without a
    word to systemd of an end; `status` says what to type, which brings the rest up to date."""
    look = "echo /opt/aiemp-test/lib/python3*/site-packages/aiemp/__init__.py"
    path = running.machine.run(["sh", "-c", look]).stdout.strip()
    before = running.machine.read_file(path)
    first, builtin = running.pid(ORCHESTRATOR), running.pid("aiemp-watcher-filesystem.service")
    nap = running.pid(NAP_UNIT)
    try:
        running.machine.write_file(path, f"{before}\n__version__ = '99.0'\n", mode=0o644)
        running.until(lambda: "another version" in running.journal("-u", ORCHESTRATOR), "the new version")
        running.until(
            lambda: "watchers up" in running.show(ORCHESTRATOR, "StatusText")["StatusText"], "its status"
        )
        running.until(lambda: running.state(ORCHESTRATOR) == "active", "the end of the reload")
        assert running.pid(ORCHESTRATOR) == first
        assert "install-units" in running.aiemp("status", check=False).stdout
        running.install()
        running.until(
            lambda: running.pid("aiemp-watcher-filesystem.service") not in (0, builtin), "built-in ones"
        )
        assert running.pid(NAP_UNIT) == nap
        running.until(lambda: running.state(ORCHESTRATOR) == "active", "the orchestrator")
        assert "install-units" not in running.aiemp("status", check=False).stdout
    finally:
        running.machine.write_file(path, before, mode=0o644)
        running.install()
    running.until(lambda: running.state(ORCHESTRATOR) == "active", "the orchestrator")


def test_killed_parts_come_back(running: Employee) -> None:
    """kill -9 of a watcher and of the orchestrator: both are back, the watcher once, others untouched; the owner
    hears of the orchestrator."""
    other = running.pid("aiemp-watcher-filesystem.service")
    for unit in (NAP_UNIT, ORCHESTRATOR):
        first = running.pid(unit)
        running.machine.run(["sh", "-c", f"kill -9 {first}"])
        running.until(lambda unit=unit, first=first: running.pid(unit) not in (0, first), unit)  # type: ignore[misc]
    running.until(lambda: running.state(ORCHESTRATOR) == "active", "the orchestrator")
    assert running.processes("sleep 4701") == 1
    assert running.pid("aiemp-watcher-filesystem.service") == other
    running.until(lambda: "killed by a signal" in _alert(running), "the alert")


def test_hung_orchestrator_is_restarted_by_the_watchdog(running: Employee) -> None:
    """SIGSTOP: no ping comes any more, systemd ends it and starts it again, which the owner is told; nothing else is
    touched."""
    nap, first = running.pid(NAP_UNIT), running.pid(ORCHESTRATOR)
    running.machine.run(["sh", "-c", f"kill -STOP {first}"])
    running.until(lambda: running.pid(ORCHESTRATOR) not in (0, first), "a new one")
    running.until(lambda: running.state(ORCHESTRATOR) == "active", "its start")
    assert running.pid(NAP_UNIT) == nap
    assert "Watchdog timeout" in running.journal("-u", ORCHESTRATOR)
    running.until(lambda: "watchdog" in _alert(running), "the alert")
    assert running.alerts() == ["ALERT_orchestrator.md"]


def _alert(employee: Employee) -> str:
    return employee.read("Needs_Action/alerts/ALERT_orchestrator.md")
