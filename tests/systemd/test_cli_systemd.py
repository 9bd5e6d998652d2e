"""The command line knows systemd: logs, enable, disable, status and doctor; a user's own and the machine's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.quiet import QUIET
from tests.systemd.employee import ORCHESTRATOR, TARGET, Employee, zone_at_noon
from tests.systemd.machine import Machine
from tests.systemd.waiting import wait_until

pytestmark = pytest.mark.real_engine("systemd")

NAP = '[watchers.nap]\ncommand = ["sh", "-c", "echo nap says hello; exec sleep 4811"]\n'
NAP_UNIT = "aiemp-watcher-nap.service"
TASK = '[tasks.mark]\nfrequency = "daily"\ntime = "23:59"\ncommand = ["true"]\n'
TIMER = "aiemp-task-mark.timer"
ASK = '[tasks.ask]\nfrequency = "daily"\ntime = "23:59"\nprompt = "x"\n'


@pytest.fixture(scope="module", params=[False, True], ids=["user", "system"])
def worker(
    request: pytest.FixtureRequest, machine: Machine, equip: Callable[[Machine], Machine]
) -> Iterator[Employee]:
    """On this host's own systemd alone: nothing here depends on its version."""
    user = equip(machine).add_user(f"cli{'system' if request.param else 'user'}")
    yield Employee(machine, user, request.param, zone_at_noon(machine.now()))
    machine.remove_user(user.name)


only_user = pytest.mark.parametrize("worker", [False], indirect=True, ids=["user"])
"""For what does not depend on whose systemd it is."""


def answer(employee: Employee, *words: str) -> Any:
    """What a command prints with ``--json``, whatever it ends with."""
    return json.loads(employee.aiemp("--json", *words, check=False).stdout)


def findings(employee: Employee, *checks: str) -> dict[str, dict[str, str]]:
    """What doctor does not find well, by check."""
    found = answer(employee, "doctor", *checks)["checks"]
    return {each["check"]: each for each in found if each["level"] != "ok"}


def by_root(employee: Employee, *words: str) -> str:
    """``aiemp WORDS`` by whoever may change the units."""
    config = ["--config", str(employee.config)] if employee.is_system else []
    return employee.machine.run(["aiemp", *config, *words], user=employee.manager, timeout_s=60).stdout


def do(employee: Employee, remedy: str) -> None:
    """Type a remedy, as it was shown; there is no sudo on the machine, so root does without."""
    as_root = remedy.replace("sudo ", "")
    user = None if as_root != remedy else employee.user.name
    employee.machine.run(["sh", "-ec", as_root], user=user, timeout_s=60)


def test_logs_become_the_journal(employee: Employee) -> None:
    """A unit's log is its journal, also followed; what has no unit has its file, as without systemd."""
    employee.start(QUIET + NAP)
    employee.until(lambda: "nap says hello" in employee.journal("-u", NAP_UNIT), "the watcher's output")
    shown = employee.aiemp("logs", "nap").stdout
    assert "nap says hello" in shown
    assert "aiemp-watcher-nap[" in shown, "as journalctl writes it"
    assert "orchestrator starting" in employee.aiemp("logs", "-n", "200").stdout
    assert "there is no log yet" in employee.aiemp("logs", "done_archive").stderr
    follow = employee.machine.background(
        ["sh", "-c", 'exec aiemp --config "$1" logs -f nap', "sh", employee.config], user=employee.user.name
    )
    try:
        unit = f"--unit={NAP_UNIT}"
        scope = [] if employee.is_system else ["--user"]
        line = " ".join(["journalctl", *scope, "--no-pager", "--lines=50", "--follow", unit])
        wait_until(lambda: employee.processes(line) == 1, what="the same process, now journalctl")
    finally:
        os.killpg(follow.pid, signal.SIGKILL)
        follow.communicate()


def test_disable_and_enable_reach_systemd_at_once(employee: Employee) -> None:
    """The timer is gone and comes back, watchers end and start; what is not meant is left alone."""
    employee.start(QUIET + NAP + TASK)
    employee.until(lambda: employee.state(NAP_UNIT) == "active", "the watcher")
    orchestrator, nap = employee.pid(ORCHESTRATOR), employee.pid(NAP_UNIT)
    if employee.is_system:
        refused = employee.aiemp("disable", "mark", check=False)
        assert refused.returncode == 1
        assert f"run: sudo /usr/local/bin/aiemp --config {employee.config} disable mark" in refused.stderr
        assert employee.state(TIMER) == "active"
    assert f"{TIMER}" in by_root(employee, "disable", "mark")
    assert employee.show(TIMER, "LoadState")["LoadState"] == "not-found"
    assert not employee.machine.exists(employee.units / TIMER)
    assert "nothing to change" in by_root(employee, "disable", "mark")
    by_root(employee, "enable", "mark")
    assert employee.state(TIMER) == "active"
    by_root(employee, "disable", "filesystem")
    assert employee.show("aiemp-watcher-filesystem.service", "LoadState")["LoadState"] == "not-found"
    assert (employee.pid(ORCHESTRATOR), employee.pid(NAP_UNIT)) == (orchestrator, nap)


@only_user
def test_what_appears_in_the_vault_is_not_adopted_in_passing(employee: Employee) -> None:
    """Claude writes into the vault: an edit of something else installs nothing that it left there."""
    employee.start(QUIET + TASK)
    found = employee.vault / "scripts/watchers/late_watcher.py"
    employee.machine.write_file(found, "import time; time.sleep(999)\n", user=employee.user.name)
    by_root(employee, "disable", "mark")
    assert not employee.machine.exists(employee.units / "aiemp-watcher-late.service")
    assert answer(employee, "status")["new_watchers"] == ["late"]
    assert "late is new in the vault" in findings(employee, "watchers")["watchers"]["what"]
    by_root(employee, "enable", "late")
    employee.until(lambda: employee.state("aiemp-watcher-late.service") == "active", "the adopted one")


@only_user
def test_the_configuration_reaches_its_units_whatever_vault_is_looked_at(employee: Employee) -> None:
    """--vault names another vault, but what is edited is the configuration that the units go by."""
    employee.start(QUIET + TASK)
    other = employee.user.home / "other"
    employee.machine.run(["mkdir", "-p", other / "Needs_Action"], user=employee.user.name)
    assert TIMER in employee.aiemp("--vault", str(other), "disable", "mark").stdout
    assert employee.show(TIMER, "LoadState")["LoadState"] == "not-found"
    found = findings(employee, "--vault", str(other), "units-current")["units-current"]["what"]
    assert "keep ~/Bob's vault 100% ü, not this vault" in found


@only_user
def test_edit_that_systemd_cannot_follow_is_kept(employee: Employee) -> None:
    """A foreign file where a unit has to be: the configuration is changed, and it says what to do."""
    employee.start(QUIET + TASK.replace("command", "enabled = false\ncommand"))
    employee.machine.write_file(employee.units / TIMER, "[Timer]\n", user=employee.manager)
    config = ["--config", str(employee.config)]
    done = employee.machine.run(["aiemp", *config, "enable", "mark"], user=employee.manager, check=False)
    assert done.returncode == 1
    assert "enabled now" in done.stdout
    assert "not made by aiemp" in done.stdout
    assert "install-units" in done.stdout
    assert "enabled = true" in employee.machine.read_file(employee.config)


def test_status_shows_what_systemd_gave_up(employee: Employee) -> None:
    """Paused with its restarts and the command that revives it; one that lacks its variable is no problem."""
    bad = '[watchers.bad]\ncommand = ["sh", "-c", "test -e mended && exec sleep 4812"]\n'
    need = '[watchers.need]\ncommand = ["true"]\nrequires_env = ["NOWHERE_SET"]\n'
    employee.start(f"{QUIET}[limits]\nrestarts = 1\n{bad}{need}", "aiemp-watcher-bad.service")

    def watchers() -> dict[str, Any]:
        return {each["name"]: each for each in answer(employee, "status")["watchers"]}

    wait_until(lambda: watchers()["bad"]["state"] == "paused", 30, "the pause")
    seen = answer(employee, "status")
    assert seen["units"]["scope"] == ("system" if employee.is_system else "user")
    assert watchers()["bad"]["restarts"] >= 1
    assert watchers()["need"]["state"] == "not configured"
    assert "NOWHERE_SET" in watchers()["need"]["reason"]
    (problem,) = [each for each in seen["problems"] if "watcher" in each["what"]]
    assert "bad is paused" in problem["what"]
    found = answer(employee, "doctor", "watchers", "units-failed")["checks"]
    (failed,) = [each for each in found if each["level"] == "fail"]
    assert "bad is paused" in failed["what"]
    employee.machine.write_file(employee.vault / "mended", "", user=employee.user.name)
    do(employee, failed["remedy"].partition("mend it, then: ")[2])
    employee.until(lambda: employee.state("aiemp-watcher-bad.service") == "active", "its return")


def test_doctor_names_what_is_broken_with_a_remedy_that_works(employee: Employee) -> None:
    """Nothing fails on a healthy installation; each of four broken things is named, and typing what it says
    mends it."""
    claude = employee.user.home / ".local/bin/claude"
    employee.machine.write_file(claude, "#!/bin/sh\necho 2.1.197\n", user=employee.user.name, mode=0o755)
    employee.start(QUIET + NAP + TASK + ASK)
    employee.until(lambda: "| Nap Watcher | 🟢 Running |" in employee.read("Dashboard.md"), "the start")
    healthy = employee.aiemp("doctor", check=False)
    assert healthy.returncode == 0, healthy.stdout
    assert "All is well." in healthy.stdout
    assert str(employee.user.home) not in healthy.stdout

    employee.machine.run(["mv", claude, f"{claude}.away"])
    employee.configure(QUIET + NAP + TASK + ASK + '[tasks.more]\nfrequency = "hourly"\ncommand = ["true"]\n')
    employee.systemctl("stop", TIMER)
    found = findings(employee)
    assert set(found) == {"claude-path", "units-current", "units-failed"}
    assert "on the PATH of aiemp" in found["claude-path"]["what"]
    assert "install it" in found["claude-path"]["remedy"]
    assert "aiemp-task-more.timer" in found["units-current"]["what"]
    outdated = answer(employee, "status")["units"]["outdated"]
    assert "aiemp-task-more.timer" in outdated
    employee.machine.run(["mv", f"{claude}.away", claude])
    do(employee, found["units-current"]["remedy"])
    do(employee, found["units-failed"]["remedy"])
    assert findings(employee) == {}

    employee.systemctl("stop", TARGET)
    found = findings(employee)
    assert set(found) == {"orchestrator"}, "what was stopped is one finding"
    do(employee, found["orchestrator"]["remedy"])
    employee.until(lambda: findings(employee) == {}, "all is well again")


@only_user
def test_a_bus_that_is_gone_is_one_failure(employee: Employee) -> None:
    """Without linger and login the user's systemd is gone, and nobody is told of its seven consequences."""
    employee.start(QUIET)
    employee.machine.run(["loginctl", "disable-linger", employee.user.name])
    try:
        employee.until(
            lambda: not employee.machine.exists(employee.user.runtime_dir / "systemd/private"), "its end"
        )
        seen = answer(employee, "doctor")
        (failed,) = [each for each in seen["checks"] if each["level"] == "fail"]
        assert failed["check"] == "systemd-bus"
        assert {"units-current", "linger", "journal", "orchestrator"} <= set(seen["left_out"])
    finally:
        do(employee, f"sudo loginctl enable-linger {employee.user.name}")
        employee.machine.wait_for_user_manager(employee.user.name)
    assert failed["remedy"] == f"sudo loginctl enable-linger {employee.user.name}"
    assert "orchestrator" not in answer(employee, "doctor")["left_out"]


@only_user
def test_doctor_fix_mends_what_is_safe(employee: Employee) -> None:
    """A process older than its unit file is started afresh, a stopped timer started, an edited configuration
    installed, linger switched on: one call, and all is well. An orchestrator that was stopped stays so."""
    claude = employee.user.home / ".local/bin/claude"
    employee.machine.write_file(claude, "#!/bin/sh\necho 2.1.197\n", user=employee.user.name, mode=0o755)
    employee.start(QUIET + NAP + TASK)
    employee.until(lambda: "| Nap Watcher | 🟢 Running |" in employee.read("Dashboard.md"), "the start")
    assert findings(employee) == {}
    before, started = employee.pid(ORCHESTRATOR), employee.machine.now()
    employee.until(
        lambda: (employee.machine.now() - started).total_seconds() > 3, "seconds that can be told apart"
    )
    employee.machine.run(["touch", employee.units / ORCHESTRATOR])
    employee.systemctl("daemon-reload")
    old = findings(employee)
    assert set(old) == {"units-current"}
    assert f"{ORCHESTRATOR} still runs as its file was" in old["units-current"]["what"]
    assert old["units-current"]["remedy"] == f"systemctl --user restart {ORCHESTRATOR}"
    employee.systemctl("stop", TIMER)
    employee.configure(QUIET + NAP + TASK + '[tasks.more]\nfrequency = "hourly"\ncommand = ["true"]\n')
    seen = answer(employee, "doctor", "--fix")
    assert [each for each in seen["fixed"] if not each["done"]] == []
    employee.until(lambda: findings(employee) == {}, "all is well")
    assert employee.state(TIMER) == "active"
    assert employee.pid(ORCHESTRATOR) != before

    employee.systemctl("stop", TARGET)
    assert set(findings(employee)) == {"orchestrator"}
    assert answer(employee, "doctor", "--fix")["fixed"] == []
    assert employee.state(ORCHESTRATOR) == "inactive"
