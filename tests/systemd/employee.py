"""An employee on a test machine: a user, a vault, and his or the machine's units."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.quiet import QUIET
from tests.systemd.inside import User
from tests.systemd.machine import Machine
from tests.systemd.waiting import wait_until

SYSTEM_CONFIG = Path("/etc/aiemp/aiemp.toml")
SYSTEM_UNITS = Path("/etc/systemd/system")

ORCHESTRATOR = "aiemp-orchestrator.service"
TARGET = "aiemp.target"

IDLE = QUIET + "[watchers.filesystem]\nenabled = false\n[watchers.approval]\nenabled = false\n"
"""And without these: nothing but the orchestrator."""

EAGER = "RestartSec=20ms\n"
"""What a drop-in says so that a test need not wait for a pause; units/test_unit_watchers tells how long that is."""


def zone_at_noon(now: datetime) -> str:
    """A time zone in which it is past noon at ``now``, and will not be midnight while a test runs."""
    return f"Etc/GMT{now.hour - 12:+d}"  # POSIX counts the other way round


@dataclass(frozen=True, slots=True)
class Employee:
    """One user's employee on ``machine``: under his own systemd, or with ``is_system`` under the machine's.

    ``zone`` is the time zone of his configuration; with :func:`zone_at_noon` today's 00:00 is long past.
    """

    machine: Machine
    user: User
    is_system: bool
    zone: str

    # Where things are

    @property
    def vault(self) -> Path:
        # A quote in a path loosens the sandbox of a system installation (sandbox.py), which is to be tried here.
        return self.user.home / ("Mein vault 100% ü" if self.is_system else "Bob's vault 100% ü")

    @property
    def config(self) -> Path:
        return SYSTEM_CONFIG if self.is_system else self.user.home / ".config/aiemp/aiemp.toml"

    @property
    def units(self) -> Path:
        return SYSTEM_UNITS if self.is_system else self.user.home / ".config/systemd/user"

    @property
    def stamps(self) -> Path:
        return Path("/var/lib" if self.is_system else self.user.home / ".local/share") / "systemd/timers"

    @property
    def manager(self) -> str | None:
        """Whose systemd it is; None: the machine's."""
        return None if self.is_system else self.user.name

    @property
    def scope(self) -> list[str]:
        """The options of ``install-units`` that say for whom."""
        return ["--system", "--run-as", self.user.name] if self.is_system else ["--user"]

    # Commands

    def aiemp(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``aiemp WORDS``, typed by the user."""
        return self.machine.run(["aiemp", *words], user=self.user.name, check=check, timeout_s=60)

    def install(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``aiemp install-units WORDS``, typed by whoever has to."""
        command = ["aiemp", "--json", "install-units", *self.scope, *words]
        return self.machine.run(command, user=self.manager, check=check, timeout_s=60)

    def uninstall(self) -> None:
        words = ["--system"] if self.is_system else []
        self.machine.run(["aiemp", "uninstall-units", *words], user=self.manager, timeout_s=60)

    def systemctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        if self.is_system:
            return self.machine.systemctl(*words, check=check)
        return self.machine.user_systemctl(self.user.name, *words, check=check)

    def journal(self, *words: str) -> str:
        return self.machine.journal(*words, user=self.manager)

    # What is so

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        return self.machine.show(unit, *properties, user=self.manager)

    def pid(self, unit: str) -> int:
        return int(self.show(unit, "MainPID")["MainPID"])

    def state(self, unit: str) -> str:
        return self.show(unit, "ActiveState")["ActiveState"]

    def read(self, name: str) -> str:
        """A file of the vault; empty when it is not there."""
        path = self.vault / name
        return self.machine.read_file(path) if self.machine.exists(path) else ""

    def history(self, task: str) -> list[str]:
        """How the runs of a task ended, the oldest first."""
        lines = self.machine.run(
            ["sh", "-c", 'cat "$1"/*.jsonl', "sh", self.vault / "Logs/aiemp/runs"], check=False
        )
        runs = [json.loads(line) for line in lines.stdout.splitlines()]
        return [run["result"] for run in runs if run["task"] == task]

    def alerts(self) -> list[str]:
        """The names of the alert files."""
        return self.machine.run(["ls", self.vault / "Needs_Action/alerts"], check=False).stdout.split()

    def processes(self, command: str) -> int:
        """How many processes of the machine have this command line."""
        return sum(line == command for _, line in self.command_lines())

    def command_lines(self) -> list[tuple[int, str]]:
        """The processes of the machine, each with its command line."""
        look = 'for each in [0-9]*; do echo "$each $(tr "\\0" " " < "$each/cmdline")"; done 2> /dev/null'
        lines = self.machine.run(["sh", "-c", look], cwd=Path("/proc"), check=False).stdout.splitlines()
        return [(int(line.split()[0]), line.partition(" ")[2].rstrip()) for line in lines]

    def until(self, condition: Callable[[], object], what: str, deadline_s: float = 30.0) -> None:
        """Wait for something; show the journal when it does not come."""
        wait_until(condition, deadline_s, lambda: f"{what} did not come\n{self.journal('-n', '60')}")

    # What is done to it

    def move_in(self) -> None:
        """Make the vault, as a new user does. In a system installation the machine's configuration is to be read,
        not his own."""
        self.machine.run(["aiemp", "init", self.vault], user=self.user.name)
        if self.is_system:
            self.machine.run(["rm", "-r", self.user.home / ".config/aiemp"])

    def configure(self, text: str) -> None:
        """Write aiemp.toml, with the vault in it."""
        content = f"vault = {json.dumps(str(self.vault))}\ntimezone = {json.dumps(self.zone)}\n{text}"
        self.machine.write_file(self.config, content, user=self.manager, mode=0o644)

    def drop_in(self, unit: str, *lines: str, name: str = "test") -> None:
        """Add lines to the [Service] of a unit, which need not be installed yet."""
        text = "\n".join(("[Service]", *lines, ""))
        self.machine.write_file(self.units / f"{unit}.d" / f"{name}.conf", text, user=self.manager)

    def start(self, config: str, *eager: str) -> None:
        """Install and start with this configuration. The orchestrator looks each second, and it and the
        ``eager`` units are restarted without a pause."""
        self.configure(config)
        self.install()
        text = self.machine.read_file(self.units / ORCHESTRATOR)
        (command,) = re.findall(r"^ExecStart=.*", text, re.MULTILINE)
        self.drop_in(ORCHESTRATOR, "ExecStart=", f"{command} --interval 1", EAGER)
        for unit in eager:
            self.drop_in(unit, EAGER)
        self.systemctl("daemon-reload")
        self.systemctl("start", TARGET)

    def clear(self) -> None:
        """Away with its units, its vault and its configuration; the user stays."""
        self.systemctl("stop", TARGET, "aiemp-*", check=False)
        remove = 'rm -rf "$1"/aiemp* "$1"/*.wants/aiemp.target "$2"/*aiemp* "$3" "$4/.config/aiemp"'
        remove += ' "$4/.local/bin" /etc/aiemp /run/aiemp /var/cache/aiemp'
        self.machine.run(["sh", "-c", remove, "sh", self.units, self.stamps, self.vault, self.user.home])
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", check=False)
