"""The local loop under a real PM2: as its owner has it who ran ``aiemp pm2-config`` and ``pm2 start``."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tests.conformance.employee import Employee
from tests.conformance.local import Home, LocalLoop, send
from tests.conftest import processes_naming
from tests.pm2.conftest import NAME, Pm2


class Daemon:
    """One PM2 with a home of its own, shared by the employees of a worker, one after the other."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="pm2-"))  # short: sockets lie in there

    def of(self, home: Home) -> Pm2:
        """It, as called by this owner."""
        return Pm2(self.program, self.folder, home.environ, home.folder)

    def kill(self) -> None:
        for pid in processes_naming(str(self.folder)):
            send(pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class UnderPm2(LocalLoop):
    """The local loop as PM2's child."""

    restarts_itself: ClassVar[bool] = True

    def __init__(self, home: Home, daemon: Daemon) -> None:
        super().__init__(home)
        self.daemon = daemon
        self.file = home.folder / "ecosystem.config.js"
        self.is_saved = False

    def pm2(self, *words: str) -> str:
        return self.daemon.of(self.home)(*words)

    def start(self) -> None:
        if not self.file.exists():
            subprocess.run(
                [sys.executable, "-m", "aiemp", "pm2-config", "--output", str(self.file)],
                env=self.home.environ,
                cwd=self.home.folder,
                check=True,
                capture_output=True,
                timeout=60,
            )
            text, found = re.subn('"run", ', '"run", "--interval", "1", ', self.file.read_text("utf-8"))
            assert found == 1
            self.file.write_text(text, "utf-8")
        self.pm2("start", str(self.file))
        if not self.is_saved:
            self.pm2("save")
            self.is_saved = True

    def stop(self) -> None:
        self.pm2("stop", NAME)

    def other_engine(self) -> Employee:
        return LocalLoop(self.home)

    def cut_power(self) -> None:
        self.daemon.kill()
        super().cut_power()

    def power_up(self, at: datetime | None = None) -> None:
        """What ``pm2 startup`` has installed brings back what was saved."""
        if at is not None:
            self.set_clock(at)
        self.pm2("resurrect")

    def reboot(self) -> None:
        """It ends PM2 by ``pm2 kill``, which stops everything first."""
        self.pm2("kill")
        self.power_up()

    def said(self) -> str:
        log = self.daemon.folder / "logs" / f"{NAME}-error.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def close(self) -> None:
        self.daemon.of(self.home)("delete", NAME, check=False)
        super().close()
