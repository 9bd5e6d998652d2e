"""Where whole systems are measured: in a machine with a systemd of its own, booted for this (tests/systemd), with the
built wheel and the peers in it. Where none can be booted, on this host, without systemd."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from benchmarks import peer_packages
from benchmarks.agent.setting import Setting
from tests.systemd.machine import Machine
from tests.systemd.requirements import why_no_machine
from tests.systemd.wheel import PREFIX, build_wheels, collect_wheels, install_wheels, python_version

INSIDE = Path("/opt/bench")
PM2_SCRIPT = "pm2/bin/pm2"

Lasts = dict[str, float]


class Place(Protocol):
    """Runs a module of benchmarks.agent, as a user (of the machine) called ``user``. The returned function waits
    for its end and gives what it printed."""

    no_systemd: str

    def begin(self, module: str, user: str, lasts: Lasts) -> Callable[[], Any]: ...


class Host:
    """This host, as it is."""

    def __init__(self, no_systemd: str) -> None:
        self.no_systemd = no_systemd

    def begin(self, module: str, user: str, lasts: Lasts) -> Callable[[], Any]:
        packages, _ = peer_packages.pm2()
        home = Path(tempfile.mkdtemp(prefix=f"{user}-", dir=peer_packages.scratch()))
        setting = _setting(
            python=sys.executable,
            libraries=peer_packages.libraries(),
            packages=packages,
            configurations=peer_packages.PEERS,
            home=home,
            systemd=False,
            lasts=lasts,
        )
        command = [sys.executable, "-m", f"benchmarks.agent.{module}", setting]
        process = subprocess.Popen(command, cwd=peer_packages.PEERS.parents[1], stdout=subprocess.PIPE)
        return lambda: _answer(process)


@dataclass(slots=True)
class Booted:
    """A machine that runs, with everything in it."""

    machine: Machine
    no_systemd: str = ""

    def begin(self, module: str, user: str, lasts: Lasts) -> Callable[[], Any]:
        inside = self.machine.add_user(user)
        packages, _ = peer_packages.pm2()
        setting = _setting(
            python=PREFIX / "bin/python",
            libraries=INSIDE / "python",
            packages=INSIDE / "node_modules" if packages else None,
            configurations=INSIDE / "benchmarks/peers",
            home=inside.home,
            systemd=True,
            lasts=lasts,
        )
        command = [PREFIX / "bin/python", "-m", f"benchmarks.agent.{module}", setting]
        process = self.machine.background(command, user=user, cwd=INSIDE)
        return lambda: _answer(process)


@cache
def place() -> Place:
    """The one place of this run; it is gone when the run is over."""
    reason = why_no_machine()
    if reason is not None:
        return Host(reason)
    machine = Machine()
    atexit.register(machine.close)
    machine.boot()
    wheels = peer_packages.scratch() / "wheels"
    wheels.mkdir()
    built = peer_packages.scratch() / "built"
    collect_wheels(build_wheels(built), python_version(machine), wheels)
    install_wheels(machine, wheels)
    shutil.copytree(
        peer_packages.PEERS.parent,
        peer_packages.scratch() / "benchmarks",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    machine.copy_in(peer_packages.scratch() / "benchmarks", INSIDE)
    machine.copy_in(peer_packages.libraries(), INSIDE)
    packages, _ = peer_packages.pm2()
    if packages is not None:
        machine.copy_in(packages, INSIDE)
    return Booted(machine)


def booted() -> Booted | None:
    """The machine; None where there is none, and :func:`place` says why."""
    here = place()
    return here if isinstance(here, Booted) else None


def _setting(
    *,
    python: str | Path,
    libraries: Path,
    packages: Path | None,
    configurations: Path,
    home: Path,
    systemd: bool,
    lasts: Lasts,
) -> str:
    return json.dumps(
        {
            "python": str(python),
            "libraries": str(libraries),
            "pm2": str(packages / PM2_SCRIPT) if packages else None,
            "node": shutil.which("node"),
            "configurations": str(configurations),
            "home": str(home),
            "systemd": systemd,
            **dict.fromkeys(("rounds", "idle_s", "firing_s", "hang_s"), 0),
            **lasts,
        }
    )


def _answer(process: subprocess.Popen[bytes]) -> Any:
    out, err = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the measuring ended with {process.returncode}\n{(err or b'').decode()}")
    return json.loads(out)


__all__ = ["INSIDE", "PREFIX", "Booted", "Host", "Place", "Setting", "booted", "place"]
