"""The local engine in a terminal: ``aiemp run`` as a child of the test, as on Linux and as on a Mac."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tests.conformance.employee import Call, Employee
from tests.systemd.wall_clock import build_shifted_clock, shift_to, write_shift

AS_ON_A_MAC = Path(__file__).with_name("as_on_a_mac")
FOLDERS = ("Needs_Action", "Pending_Approval", "Done", "Logs", "Drop", "Accounting")


class Home:
    """What an owner has on this host: a home with aiemp.toml, a vault, an environment, perhaps a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = folder / "Mein Vault's 100% $HOME ü"
        self.user = folder / "home"
        self.config = self.user / ".config/aiemp/aiemp.toml"
        self.environ = {"HOME": str(self.user), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
        self.config.parent.mkdir(parents=True)
        self.started: list[Call] = []
        for name in FOLDERS:
            (self.vault / name).mkdir(parents=True)
        (self.vault / "Dashboard.md").write_text("# AI Employee Dashboard\n", encoding="utf-8")

    def again(self) -> Home:
        """The same home with an environment of its own."""
        other = copy(self)
        other.environ = dict(self.environ)
        return other

    def spawn(self, *argv: str) -> Call:
        log = self.folder / f"said-{len(self.started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                env=self.environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        call = Call(process, log)
        self.started.append(call)
        return call

    def set_clock(self, moment: datetime) -> None:
        file = self.folder / "clock"
        write_shift(file, shift_to(moment))
        library = build_shifted_clock(self.folder)
        self.environ |= {"LD_PRELOAD": str(library), "AIEMP_TESTS_CLOCK": str(file)}


class LocalLoop(Employee):
    """``aiemp run`` in a terminal, as on Linux."""

    restarts_itself: ClassVar[bool] = False

    def __init__(self, home: Home) -> None:
        self.home = home
        self.running: Call | None = None

    @property
    def vault(self) -> Path:
        return self.home.vault

    @property
    def name_of_vault(self) -> str:
        return str(self.home.vault)

    @property
    def name_of_claude(self) -> str:
        return str(self.home.user / ".local/bin/claude-here")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def write_config(self, text: str) -> None:
        self.home.config.write_text(text, encoding="utf-8")

    def write_beside_config(self, name: str, text: str) -> None:
        (self.home.config.parent / name).write_text(text, encoding="utf-8")

    def start(self) -> None:
        self.running = self.call("run", "--interval", "1")

    def stop(self) -> None:
        assert self.running is not None
        self.running.process.terminate()
        assert self.running.wait() == 0

    def announce_edit(self) -> None:
        """Nothing: the loop looks at the file."""

    def call(self, *words: str) -> Call:
        return self.home.spawn(sys.executable, "-m", "aiemp", *words)

    def other_engine(self) -> Employee:
        return LocalLoopAsOnAMac(self.home.again())

    def cut_power(self) -> None:
        # Stopped first, all of them, so that none sees another's end.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            while pids := [each for each in self._all() if number == signal.SIGKILL or not is_stopped(each)]:
                for pid in pids:
                    send(pid, number)
        for call in self.home.started:
            call.wait()

    def _all(self) -> list[int]:
        return [each.pid for each in self._visible() if each.mentions(str(self.home.folder))]

    def power_up(self, at: datetime | None = None) -> None:
        """Nothing starts by itself after a reboot: the owner opens his terminal again."""
        if at is not None:
            self.set_clock(at)
        self.start()

    def reboot(self) -> None:
        self.stop()
        self.power_up()

    def set_clock(self, moment: datetime) -> None:
        self.home.set_clock(moment)

    def said(self) -> str:
        return "".join(call.said() for call in self.home.started)

    def close(self) -> None:
        """Leave nothing behind."""
        for call in self.home.started:
            call.end()
        for each in self._visible():
            if each.mentions(str(self.home.folder)):
                send(each.pid, signal.SIGKILL)


class LocalLoopAsOnAMac(LocalLoop):
    """The same without what Linux alone has: ``as_on_a_mac/sitecustomize.py`` takes it from every Python of it."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        home.environ["PYTHONPATH"] = str(AS_ON_A_MAC)

    def other_engine(self) -> Employee:
        home = self.home.again()
        del home.environ["PYTHONPATH"]
        return LocalLoop(home)


def send(pid: int, number: int) -> None:
    """A signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped, or gone."""
    try:
        state = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[0]
        )
    except OSError:
        return True
    return state in "TtZX"
