"""A real systemd, in a test machine: the user's own, and the machine's with its sandbox."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tests.conformance.employee import Call, Employee
from tests.conformance.processes import Process, live_processes, pid_outside
from tests.systemd import employee as real
from tests.systemd.employee import EAGER, ORCHESTRATOR, TARGET
from tests.systemd.machine import Machine

WATCHDOG = ("WatchdogSec=3s", "TimeoutAbortSec=100ms")
"""So that a hung orchestrator is noticed within the test; systemd/units/test_unit_watchers shows that the real ones
work."""


class UnderSystemd(Employee):
    """Installed by ``aiemp install-units``, in one of its two ways."""

    restarts_itself: ClassVar[bool] = True

    def __init__(self, inner: real.Employee, folder: Path) -> None:
        self.inner = inner
        self.machine: Machine = inner.machine
        self.folder = folder
        self.calls: list[Call] = []
        self.is_installed = False
        self.has_own_clock = False
        self.began = self._cursor()

    @property
    def vault(self) -> Path:
        return self.machine.path(self.inner.vault)

    @property
    def name_of_vault(self) -> str:
        return str(self.inner.vault)

    @property
    def name_of_claude(self) -> str:
        return str(self.inner.user.home / ".local/bin/claude-here")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.inner.vault / name
        self.machine.write_file(path, text, user=self.inner.user.name, mode=mode)

    def write_config(self, text: str) -> None:
        self.machine.write_file(self.inner.config, text, user=self.inner.manager)

    def write_beside_config(self, name: str, text: str) -> None:
        self.machine.write_file(self.inner.config.parent / name, text, user=self.inner.manager)

    def start(self) -> None:
        if not self.is_installed:
            self._install()
        self.inner.systemctl("start", TARGET)

    def _install(self) -> None:
        """As the README says, and then without the pauses that systemd makes before it starts something again."""
        self.inner.install()
        self.is_installed = True
        command = next(
            line
            for line in self.machine.read_file(self.inner.units / ORCHESTRATOR).splitlines()
            if line.startswith("ExecStart=")
        )
        more = ("ExecStart=", f"{command} --interval 1", *WATCHDOG)
        self.inner.drop_in(ORCHESTRATOR, *more, EAGER)
        for unit in self.machine.path(self.inner.units).glob("aiemp-watcher-*.service"):
            self.inner.drop_in(unit.name, EAGER)
        self.inner.systemctl("daemon-reload")

    def stop(self) -> None:
        self.inner.systemctl("stop", TARGET)
        # Stopping a target does not wait for what belongs to it.
        names = ["aiemp-orchestrator.service", "aiemp-watcher-*", "aiemp-task-*"]
        self.inner.systemctl("stop", *names)

    def announce_edit(self) -> None:
        self.inner.install()

    def call(self, *words: str) -> Call:
        log = self.folder / f"said-{len(list(self.folder.iterdir()))}.log"
        argv = ["aiemp", *self._which(), *words]
        with log.open("wb") as output:
            process = self.machine.background(argv, user=self.inner.user.name, output=output.fileno())
        call = Call(process, log)
        self.calls.append(call)
        return call

    def _which(self) -> list[str]:
        return ["--config", str(self.inner.config)] if self.inner.is_system else []

    def other_engine(self) -> Employee:
        return LocalLoopInside(self.inner, self.folder)

    def cut_power(self) -> None:
        self.machine.power_off_now()

    def power_up(self, at: datetime | None = None) -> None:
        self.has_own_clock |= at is not None
        self.machine.boot(at)

    def reboot(self) -> None:
        self.machine.reboot()

    def set_clock(self, moment: datetime) -> None:
        self.has_own_clock = True
        # What OnFailure= tells of a run that has just failed compares the run's end with now.
        self.until(lambda: not self._is_at_work(), "the end of runs, and of telling of them")
        self.machine.set_clock(moment)
        if not self.inner.is_system:
            self.inner.systemctl("daemon-reload")

    def said(self) -> str:
        return self.inner.journal("--after-cursor", self.began)

    def _cursor(self) -> str:
        """Where the journal ends now. Not by its times: the clock may be set."""
        words = ["journalctl", "--quiet", "--lines", "0", "--show-cursor"]
        return self.machine.run(words).stdout.strip().removeprefix("-- cursor: ")

    def _is_at_work(self) -> bool:
        patterns = ("aiemp-task-*.service", "aiemp-alert@*")
        states = "--state=activating,active,deactivating"
        return bool(self.inner.systemctl("list-units", "--plain", "--no-legend", states, *patterns).stdout)

    def _visible(self) -> list[Process]:
        return live_processes(of=self.machine.init_pid())

    def _pid_here(self, pid: int) -> int:
        return pid_outside(pid, self.machine.init_pid())

    def close(self) -> None:
        for call in self.calls:
            call.end()
        if not self.machine.is_running:
            self.machine.boot()
        try:
            self.inner.clear()
        finally:
            if self.has_own_clock:
                self.machine.set_clock(None)


class LocalLoopInside(UnderSystemd):
    """``aiemp run`` in a terminal of that machine, instead of its units."""

    restarts_itself: ClassVar[bool] = False
    running: Call

    def start(self) -> None:
        self.running = self.call("run", "--interval", "1")

    def stop(self) -> None:
        self.kill(self.orchestrator, 15)
        assert self.running.wait() == 0

    def announce_edit(self) -> None:
        """Nothing: the loop looks at the file."""
