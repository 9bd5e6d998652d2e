"""The built wheel and what it needs, installed in a machine as a user would: by pip, into a venv, offline."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systemd.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
PREFIX = Path("/opt/aiemp-test")
COMMAND = Path("/usr/local/bin/aiemp")

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder for one run of the tests, the same for all its workers."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def equip_machine(machine: Machine, shared: Path) -> Machine:
    """``machine`` with aiemp in it, for all its users. Built once for each Python, whoever comes first."""
    if machine.exists(COMMAND):
        return machine
    version = python_version(machine)
    archive = shared / f"aiemp-{version}.tar"
    with (shared / "aiemp-wheels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if archive.exists():
            unpack(archive, machine)
        else:
            built, wheels = shared / "aiemp-built", shared / f"aiemp-wheels-{version}"
            wheel = next(built.glob("aiemp-*.whl"), None) or build_wheels(built)
            collect_wheels(wheel, version, wheels)
            install_wheels(machine, wheels)
            pack(machine, archive)
    return machine


def build_wheels(folder: Path) -> Path:
    """The wheel of this checkout, beside wheels of all that it needs on this Python."""
    constraint = ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*PIP, "wheel", "--wheel-dir", str(folder), *constraint, str(ROOT)], check=True)
    (wheel,) = folder.glob("aiemp-*.whl")
    return wheel


def collect_wheels(wheel: Path, python_version: str, folder: Path) -> None:
    """Put ``wheel``, what it needs on that Python, and pip into ``folder``. What has no wheel in the package
    index is pure Python, and lies beside ``wheel``."""
    which = ["--only-binary=:all:", "--python-version", python_version, "--find-links", str(wheel.parent)]
    constraint = ["--constraint", str(ROOT / "constraints.txt")]
    download = ["download", "--dest", str(folder), *which, *constraint]
    subprocess.run([*PIP, *download, str(wheel), "pip"], check=True)


def pack(machine: Machine, archive: Path) -> None:
    """Put what was installed in ``machine`` into ``archive``, for another machine with the same Python."""
    with archive.open("wb") as file:
        done = machine.background(
            ["tar", "-C", "/", "-c", *(path.relative_to("/") for path in (PREFIX, COMMAND))]
        )
        assert done.stdout is not None
        shutil.copyfileobj(done.stdout, file)
        done.communicate()
    assert done.returncode == 0


def unpack(archive: Path, machine: Machine) -> None:
    """Have in ``machine`` what was installed in another."""
    machine.run(["tar", "-C", "/", "-x"], stdin=archive.read_bytes(), timeout_s=60)


def python_version(machine: Machine) -> str:
    """The version of the distribution's Python in there, as ``3.13``."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return machine.run(["/usr/bin/python3", "-c", code]).stdout.strip()


def install_wheels(machine: Machine, wheels: Path) -> None:
    """Make a venv that everybody can read, with what is in ``wheels``, and ``aiemp`` on the PATH.

    The distribution's Python may lack ensurepip, so pip runs out of its own wheel.
    """
    machine.copy_in(wheels, "/opt")
    inside = Path("/opt") / wheels.name
    (pip,) = wheels.glob("pip-*.whl")
    machine.run(["/usr/bin/python3", "-m", "venv", "--without-pip", PREFIX])
    install = ["install", "--quiet", "--no-index", "--find-links", inside, "aiemp"]
    machine.run([PREFIX / "bin/python", inside / pip.name / "pip", *install], timeout_s=120)
    machine.run(["ln", "-sf", PREFIX / "bin/aiemp", COMMAND])
