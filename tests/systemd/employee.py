"""An employee on a test machine: the built wheel in a venv that everybody can read, a user, a vault."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.inside import User
from tests.systemd.machine import Machine
from tests.systemd.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PREFIX = Path("/opt/aiemp-test")
SYSTEM_PYTHON = Path("/usr/bin/python3")

QUIET = "".join(
    f"[tasks.{name}]\nenabled = false\n"
    for name in (
        "morning_triage",
        "linkedin_post",
        "stale_approval_check",
        "daily_rollover",
        "health_dashboard_update",
        "done_archive",
    )
)


def build_prefix(folder: Path) -> Path:
    """A venv with the built wheel, made on the host for the place where the machine will have it.

    The Python is the distribution's: one of a version manager lies in a home that nobody else may enter.
    """
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT)],
        check=True,
    )
    (wheel,) = wheels.glob("aiemp-*.whl")
    prefix = folder / "prefix"
    subprocess.run([str(SYSTEM_PYTHON), "-m", "venv", "--without-pip", str(prefix)], check=True)
    install = [*pip, "--python", str(prefix / "bin" / "python"), "install", "--constraint"]
    subprocess.run([*install, str(ROOT / "constraints.txt"), str(wheel)], check=True)
    return prefix


@dataclass(frozen=True, slots=True)
class Employee:
    """One user's employee on ``machine``, under his own systemd."""

    machine: Machine
    user: User

    @property
    def vault(self) -> Path:
        return self.user.home / "Bob's vault 100% ü"

    @property
    def config(self) -> Path:
        return self.user.home / ".config/aiemp/aiemp.toml"

    @property
    def units(self) -> Path:
        return self.user.home / ".config/systemd/user"

    def aiemp(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``aiemp WORDS`` as the user, who has it on his PATH."""
        command = [str(PREFIX / "bin" / "python"), "-P", "-m", "aiemp", *words]
        return self.machine.run(command, user=self.user.name, check=check, timeout_s=60)

    def systemctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.machine.user_systemctl(self.user.name, *words, check=check)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        return self.machine.show(unit, *properties, user=self.user.name)

    def pid(self, unit: str) -> int:
        return int(self.show(unit, "MainPID")["MainPID"])

    def state(self, unit: str) -> str:
        return self.show(unit, "ActiveState")["ActiveState"]

    def configure(self, text: str) -> None:
        """Write aiemp.toml, with the vault in it."""
        self.machine.write_file(
            self.config, f"vault = {json.dumps(str(self.vault))}\n{text}", user=self.user.name, mode=0o600
        )

    def init(self, config: str = QUIET) -> None:
        """Make the vault, and a configuration."""
        self.aiemp("init", str(self.vault))
        self.configure(config)

    def read(self, name: str) -> str:
        """A file of the vault; empty when it is not there."""
        path = self.vault / name
        return self.machine.read_file(path) if self.machine.exists(path) else ""

    def history(self, task: str) -> list[str]:
        """How the runs of a task ended, the newest first."""
        runs = json.loads(self.aiemp("--json", "history", task).stdout)["runs"]
        return [run["result"] for run in runs]

    def until(self, condition: Callable[[], object], what: str, deadline_s: float = 30.0) -> None:
        """Wait for something; show the journal of the user when it does not come."""
        wait_until(
            condition,
            deadline_s,
            lambda: f"{what} did not come\n{self.machine.journal('-n', '60', user=self.user.name)}",
        )
