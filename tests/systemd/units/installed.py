"""Our units on a test machine, with a stand-in for aiemp that does what a test says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aiemp.plan import Frequency, Limits, Origin, Plan, ScheduledTask, Watcher
from aiemp.systemd.installation import Installation
from aiemp.systemd.scope import Scope
from aiemp.systemd.units import UnitFile, render
from tests.systemd.inside import User
from tests.systemd.machine import Machine
from tests.systemd.waiting import wait_until

pytestmark = pytest.mark.real_engine("systemd")

STAND_IN = """#!/usr/bin/python3
import json, os, pathlib, signal, socket, sys, time
words = sys.argv[sys.argv.index("--vault") + 1:]
vault, command = pathlib.Path(words[0]), words[1:]
what = "-".join(word for word in command if not word.startswith("--"))
def tell(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
def log(event, **facts):
    with (vault / "log").open("a") as file:
        file.write(json.dumps({"what": what, "event": event, **facts}) + chr(10))
names = ("PATH", "HOME", "USER", "MONITOR_UNIT", "MONITOR_SERVICE_RESULT")
keep = {name: os.environ.get(name) for name in names}
log("start", argv=sys.argv, env=keep, pid=os.getpid())
try:
    script = (vault / what).read_text()
except FileNotFoundError:
    script = "ready(); stay()" if command[0] in ("run", "watch") else "ready()"
def ready():
    if "NOTIFY_SOCKET" in os.environ:
        tell("READY=1")
def stay():
    while True:
        time.sleep(0.1)
def stop_well(number, frame):
    log("stopped")
    sys.exit(143)
def can(action):
    try:
        action()
        return True
    except OSError:
        return False
exec(script)
"""

TASK = ScheduledTask("job", "", Frequency.DAILY, command=("true",), requires_claude=False)

MAIL = Watcher("mail", "", Origin.CONFIGURED, ("/opt/mail",), stop_signal="SIGINT")


class Installed:
    """Units in a machine, for a user, under his manager or the machine's."""

    def __init__(self, machine: Machine, user: User, scope: Scope) -> None:
        self.machine = machine
        self.user = user
        self.scope = scope
        self.name = user.name if scope is Scope.USER else None
        self.vault = user.home / "Mein vault 100% ü"
        folder = user.home / ".config/systemd/user" if self.name else Path("/etc/systemd/system")
        self.installation = Installation(
            scope=scope,
            python=Path("/opt/stand-in"),
            path_variable=f"{user.home}/.local/bin:/usr/bin:/bin",
            home=user.home,
            unit_folder=folder,
            systemd_version=version_of(machine),
            run_as=user.name,
            uid=user.uid,
        )
        machine.write_file("/opt/stand-in", STAND_IN, mode=0o755)
        machine.write_file(self.vault / "Dashboard.md", "", user=user.name)

    def install(
        self, *tasks: ScheduledTask, watchers: Sequence[Watcher] = (), restarts: int = 5
    ) -> list[str]:
        """Write the units of such a plan; their names, a template as an instance."""
        plan = Plan(self.vault, tasks, tuple(watchers), limits=Limits(restarts=restarts))
        return self.write(render(plan, self.installation))

    def write(self, units: Sequence[UnitFile]) -> list[str]:
        """Write these files; what systemd calls the units."""
        folder = self.installation.unit_folder
        with tempfile.TemporaryDirectory() as name:
            written = Path(name) / folder.name
            written.mkdir()
            for unit in units:
                (written / unit.name).write_text(unit.content, encoding="utf-8")
            self.machine.copy_in(written, folder.parent, user=self.name)
        self.systemctl("daemon-reload")
        return [unit.name.replace("@.", "@x.") for unit in units]

    def drop_in(self, unit: str, text: str) -> None:
        folder = self.installation.unit_folder / f"{unit}.d"
        self.machine.write_file(folder / "test.conf", text, user=self.name)
        self.systemctl("daemon-reload")

    def behave(self, what: str, script: str) -> None:
        """Let the stand-in do ``script`` (Python) when it is called as ``what``."""
        self.machine.write_file(self.vault / what, script, user=self.user.name)

    def systemctl(self, *words: str, check: bool = True) -> str:
        if self.name:
            return self.machine.user_systemctl(self.name, *words, check=check).stdout
        return self.machine.systemctl(*words, check=check).stdout

    def show(self, unit: str, *properties: str) -> list[str]:
        shown = self.machine.show(unit, *properties, user=self.name)
        return [shown[name] for name in properties]

    def state(self, unit: str) -> str:
        return self.show(unit, "ActiveState")[0]

    def wait_for(self, unit: str, state: str, deadline_s: float = 20) -> None:
        wait_until(
            lambda: self.state(unit) == state, deadline_s, lambda: f"{unit} {state}\n{self.journal(unit)}"
        )

    def journal(self, unit: str) -> str:
        return self.machine.journal("-u", unit, "-n", "20", user=self.name)

    def log(self, what: str, event: str = "start") -> list[dict[str, Any]]:
        """What the stand-in wrote down."""
        if not self.machine.exists(self.vault / "log"):
            return []
        entries = [json.loads(line) for line in self.machine.read_file(self.vault / "log").splitlines()]
        return [entry for entry in entries if entry["what"] == what and entry["event"] == event]

    def clear(self) -> None:
        """Away with all of it, so that the next test finds the machine and the user as they were."""
        self.systemctl("stop", "aiemp.target", "aiemp-*", check=False)
        remove = 'rm -rf "$1"/aiemp* "$2" /run/aiemp /var/cache/aiemp'
        self.machine.run(["sh", "-c", remove, "sh", self.installation.unit_folder, self.vault])
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", check=False)


def version_of(machine: Machine) -> int:
    return int(machine.run(["systemctl", "--version"]).stdout.split()[1])
