"""A real systemd for the tests: a machine with its own init, users, journal, clock and disk.

It runs in namespaces of its own on an overlay of a root folder (by default this host's), boots in about a
second and needs no systemd outside. It has a loopback interface and no network, and where the host keeps the
memory controller in another hierarchy, none of that. inside.py is what can be done in it, isolation.py how it
is held, boot_machine.sh how it starts, and shifted_clock.c what its clock can do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from tests.systemd.inside import SYSTEM_STATES, Inside, User
from tests.systemd.isolation import Isolation
from tests.systemd.waiting import wait_until
from tests.systemd.wall_clock import SHIFT_FILE, build_shifted_clock, shift_to, write_shift

BOOT_DEADLINE_S = 60.0
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1), "Signals": start poweroff.target


class NewUser(Protocol):
    """What the fixture ``new_user`` gives: it makes users that are gone after the test."""

    def __call__(self, machine: Machine, *, linger: bool = True) -> User: ...


class Machine(Inside):
    """``boot()`` it, or use it as a context manager; ``close()`` leaves nothing behind."""

    def __init__(self, lower: Path = Path("/"), *, own_clock: bool = False) -> None:
        """``own_clock``: :meth:`set_clock` will be used."""
        super().__init__()
        self._isolation = Isolation(lower)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the machine
        self._unshare: subprocess.Popen[bytes] | None = None
        self._init_pid = 0
        self._shift_s = 0
        self._own_clock = own_clock

    def __enter__(self) -> Machine:
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Life and death

    def boot(self, at: datetime | None = None) -> None:
        """Start it and wait until it is up, with the user managers of all lingering users.

        ``at`` sets its wall clock, as if the machine had been off until then; without it the clock goes on as
        before.
        """
        assert self._unshare is None, "it is running"
        if at is not None:
            self._shift_s = shift_to(at)
        library = None
        if self._shift_s or self._own_clock:
            library = build_shifted_clock(self._isolation.scratch)
            write_shift(self._isolation.scratch / SHIFT_FILE.name, self._shift_s)
        self._unshare = self._isolation.start_init(self._log, library)
        try:
            self._init_pid = wait_until(self._find_init, BOOT_DEADLINE_S, self._boot_log)
            wait_until(self._is_up, BOOT_DEADLINE_S, self._boot_log)
            for user in self._users.values():
                if self.lingers(user.name):
                    self.wait_for_user_manager(user.name)
        except BaseException:
            self.power_off_now()
            raise

    def set_clock(self, at: datetime | None) -> None:
        """Set the wall clock while it runs; None: to the host's. The kernel cannot tell of it, so that whoever waits
        for a time has to be told: ``daemon-reload`` does that for a systemd and its timers."""
        assert self._own_clock, "made without own_clock=True"
        self._shift_s = 0 if at is None else shift_to(at)
        write_shift(self.path(SHIFT_FILE), self._shift_s)
        self.systemctl("daemon-reload")

    def shut_down(self, deadline_s: float = 120.0) -> None:
        """An orderly end: every unit is stopped first."""
        os.kill(self.init_pid(), POWER_OFF)
        assert self._unshare is not None
        self._unshare.wait(deadline_s)
        self._forget_init()

    def power_off_now(self) -> None:
        """The power fails: everything in it is killed at once (what it wrote is on its disk, though)."""
        if self._unshare is None:
            return
        if self._init_pid and self._unshare.poll() is None:
            os.kill(self._init_pid, signal.SIGKILL)
        else:
            self._unshare.kill()
        self._unshare.wait(30)
        self._forget_init()

    def reboot(self, at: datetime | None = None) -> None:
        """An orderly end and a new start on the same disk: /etc, /home, /var stay, /run and /tmp do not."""
        self.shut_down()
        self.boot(at)

    def power_cut(self, at: datetime | None = None) -> None:
        """As ``reboot``, but nobody is told beforehand."""
        self.power_off_now()
        self.boot(at)

    def close(self) -> None:
        """End it and remove everything of it."""
        try:
            self.power_off_now()
        finally:
            self._isolation.close()
            self._log.close()

    # How it starts

    @property
    def is_running(self) -> bool:
        """Whether it was booted, and has not been switched off since."""
        return self._unshare is not None

    def init_pid(self) -> int:
        assert self._init_pid and self._unshare is not None, "the machine is not running"
        assert self._unshare.poll() is None, f"the machine has ended\n{self._boot_log()}"
        return self._init_pid

    def _find_init(self) -> int:
        """PID 1 of the machine, as this host numbers it, once it is systemd and no longer the boot script."""
        assert self._unshare is not None
        pid = self._unshare.pid
        assert self._unshare.poll() is None, f"the machine did not start\n{self._boot_log()}"
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text(encoding="utf-8").strip() == "systemd":
                return int(child)
        return 0

    def _is_up(self) -> bool:
        state = self.systemctl("is-system-running", check=False).stdout.strip()
        return state in SYSTEM_STATES

    def _forget_init(self) -> None:
        self._unshare = None
        self._init_pid = 0
        self._isolation.wait_until_empty()

    def _boot_log(self) -> str:
        self._log.seek(0)
        text = self._log.read().decode(errors="replace")
        if self._init_pid:
            text += self.run(["journalctl", "--no-pager", "-n", "40"], check=False).stdout
        return f"the machine is not up\n{text}"
