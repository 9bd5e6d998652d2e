"""What a real systemd makes of the units that run for long: restarts, stops, hangs, reloads."""

from __future__ import annotations

import pytest

from aiemp.frozen import replace
from aiemp.systemd.names import NOT_STARTED
from aiemp.watchers.registry import BUILT_IN
from tests.systemd.units.installed import MAIL, Installed
from tests.systemd.waiting import wait_until

QUICK = "[Service]\nRestartSec=20ms\n"
"""A drop-in that lets a test not wait; how often systemd restarts is what the units say."""


# Watchers


@pytest.mark.parametrize("end", ["sys.exit(1)", "sys.exit(0)", "os.kill(os.getpid(), 9)"])
def test_more_than_five_restarts_and_it_is_given_up(installed: Installed, end: str) -> None:
    """Started once and restarted five times; the sixth restart is refused, one alert is raised, and the other
    watcher never notices."""
    other = replace(MAIL, name="other")
    installed.behave("watch-mail", end)
    installed.install(watchers=[MAIL, other])
    unit = "aiemp-watcher-mail.service"
    installed.drop_in(unit, QUICK + ("RestartSteps=0\n" if installed.installation.has_restart_steps else ""))
    installed.systemctl("start", "aiemp.target")
    installed.wait_for(unit, "failed")
    assert len(installed.log("watch-mail")) == 6
    wait_until(lambda: installed.log(f"alert-{unit}"), 10)
    installed.wait_for(f"aiemp-alert@{unit}.service", "inactive")
    assert len(installed.log(f"alert-{unit}")) == 1
    assert len(installed.log("watch-other")) == 1
    assert installed.state("aiemp-watcher-other.service") == "active"
    installed.systemctl("reset-failed", unit)
    installed.behave("watch-mail", "stay()")
    installed.systemctl("start", unit)
    assert installed.state(unit) == "active"


def test_watchers_pause_between_restarts(installed: Installed) -> None:
    """As it is installed, a watcher that always ends at once is tried for a quarter of a minute."""
    installed.behave("watch-mail", "sys.exit(1)")
    installed.install(watchers=[MAIL])
    installed.systemctl("start", "aiemp-watcher-mail.service")
    wait_until(lambda: len(installed.log("watch-mail")) >= 3, 20)  # after 0.1 s and 0.3 s, or 3 s each
    assert installed.state("aiemp-watcher-mail.service") == "activating"
    first, last = (
        installed.machine.journal(
            "-u", "aiemp-watcher-mail.service", "-o", "short-unix", user=installed.name
        ).splitlines()[at]
        for at in (0, -1)
    )
    assert float(last.split()[0]) - float(first.split()[0]) > 0.4


def test_watcher_that_has_nothing_to_do_is_left_alone(installed: Installed) -> None:
    """Not configured, or running elsewhere: not restarted, not failed, no alert."""
    installed.behave("watch-mail", f"sys.exit({NOT_STARTED})")
    installed.install(watchers=[MAIL])
    unit = "aiemp-watcher-mail.service"
    installed.systemctl("start", unit)
    installed.wait_for(unit, "inactive")
    assert installed.show(unit, "Result", "NRestarts") == ["success", "0"]
    assert (len(installed.log("watch-mail")), installed.log(f"alert-{unit}")) == (1, [])


@pytest.mark.parametrize("status", [0, 1, 130])
def test_stopped_watcher_is_not_failed(installed: Installed, status: int) -> None:
    """It is told by its own signal, and however it then ends, a stop is no failure and raises no alert."""
    installed.behave(
        "watch-mail", f"signal.signal(signal.SIGINT, lambda *_: os._exit({status}))\nlog('set')\nstay()"
    )
    installed.install(watchers=[MAIL])
    unit = "aiemp-watcher-mail.service"
    installed.systemctl("start", unit)
    wait_until(lambda: installed.log("watch-mail", "set"), 10)
    installed.systemctl("stop", unit)
    assert installed.show(unit, "ActiveState", "Result") == ["inactive", "success"]
    assert installed.log(f"alert-{unit}") == []


@pytest.mark.parametrize("unit", ["aiemp-orchestrator.service", "aiemp-watcher-filesystem.service"])
def test_hung_process_comes_back(installed: Installed, unit: str) -> None:
    """One that is stopped in its tracks (SIGSTOP) is killed by its watchdog and started again."""
    what = "run-systemd" if "orchestrator" in unit else "watch-filesystem"
    installed.behave(what, "ready()\nwhile True:\n    tell('WATCHDOG=1')\n    time.sleep(0.1)")
    installed.install(watchers=BUILT_IN[:1])
    installed.drop_in(unit, f"{QUICK}WatchdogSec=1s\nTimeoutAbortSec=1s\n")
    installed.systemctl("start", unit)
    (pid,) = installed.show(unit, "MainPID")
    installed.machine.run(["sh", "-c", f"kill -STOP {pid}"])
    wait_until(
        lambda: installed.show(unit, "MainPID")[0] not in (pid, "0"), 20, lambda: installed.journal(unit)
    )
    installed.wait_for(unit, "active")


def test_reload_reaches_the_orchestrator(installed: Installed) -> None:
    """`systemctl reload` sends SIGHUP, whatever the version knows of it."""
    installed.behave(
        "run-systemd",
        "def again(*_):\n    log('reload')\n"
        "    tell(f'RELOADING=1\\nMONOTONIC_USEC={time.monotonic_ns() // 1000}')\n"
        "    tell('READY=1')\nsignal.signal(signal.SIGHUP, again)\nready()\nstay()",
    )
    installed.install()
    installed.systemctl("start", "aiemp-orchestrator.service")
    installed.systemctl("reload", "aiemp-orchestrator.service")
    wait_until(lambda: installed.log("run-systemd", "reload"), 5)
    assert len(installed.log("run-systemd")) == 1
