"""The namespaces that a test machine lives in, and that nothing of them stays behind.

Two things outlive a single boot: a control group, and the machine's disk, a tmpfs in the mount namespace of a
*keeper* process. The keeper ends when its standard input closes, and PID 1 of the machine is killed with its
parent; so however the tests end, even by kill -9, only an empty control group and a small folder are left.
Both carry the name of their owner, and the next start removes those whose owner is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.systemd.requirements import cgroup2_mount
from tests.systemd.waiting import wait_until

BOOT_SCRIPT = Path(__file__).with_name("boot_machine.sh")
PREFIX = "aiemp-machine."
NEW_MOUNTS = ("unshare", "--mount", "--propagation", "private")
NEW_NAMESPACES = ("--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup")
KEEP_A_DISK = 'mount -t tmpfs -o mode=0755 tmpfs "$1" && echo ready && exec cat'
JOIN_CGROUP = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'

_numbers = itertools.count()


class Isolation:
    """A control group and a disk for one machine; ``start_init`` boots it, any number of times."""

    def __init__(self, lower: Path) -> None:
        remove_leftovers()
        mount = cgroup2_mount()
        assert mount is not None
        pid = os.getpid()
        name = f"{PREFIX}{pid}.{_start_time(pid)}.{next(_numbers)}"
        self.lower = lower
        self.cgroup = mount / name
        self.scratch = Path(tempfile.gettempdir()) / name
        self.base = self.scratch / "disk"  # a tmpfs, which only the keeper and the machine see
        self.cgroup.mkdir()
        self.scratch.mkdir(mode=0o700)
        self.base.mkdir()
        self._keeper = subprocess.Popen(
            [*NEW_MOUNTS, "sh", "-c", KEEP_A_DISK, "sh", str(self.base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == b"ready\n", "cannot mount a tmpfs for the machine's disk"

    def start_init(self, log: IO[bytes], clock_library: Path | None) -> subprocess.Popen[bytes]:
        """Boot on the disk as it is. The process returned is PID 1's parent; each ends with the other."""
        join = ["sh", "-c", JOIN_CGROUP, "sh", str(self.cgroup), "setpriv", "--pdeathsig", "KILL"]
        enter = ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", *NEW_MOUNTS, *NEW_NAMESPACES]
        boot = ["sh", str(BOOT_SCRIPT), str(self.lower), str(self.base), str(clock_library or "")]
        return subprocess.Popen(
            [*join, *enter, *boot],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_empty(self) -> None:
        """Until no process of the machine is left in its control group."""
        wait_until(lambda: not _is_populated(self.cgroup), 10, f"processes left in {self.cgroup}")

    def close(self) -> None:
        """Remove the control group and the disk."""
        self._keeper.communicate()
        _remove_cgroup(self.cgroup)
        shutil.rmtree(self.scratch)


def remove_leftovers() -> None:
    """Remove what machines left whose tests were killed."""
    mount = cgroup2_mount()
    for cgroup in mount.glob(f"{PREFIX}*") if mount else ():
        if _owner_is_gone(cgroup.name):
            _remove_cgroup(cgroup)
    for scratch in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _owner_is_gone(scratch.name):
            shutil.rmtree(scratch, ignore_errors=True)  # another session may be removing it as well


def _owner_is_gone(name: str) -> bool:
    pid, start_time = name.removeprefix(PREFIX).split(".")[:2]
    return _start_time(int(pid)) != start_time


def _remove_cgroup(cgroup: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # a kernel before 5.14, or another session was faster
        (cgroup / "cgroup.kill").write_text("1", encoding="ascii")
    wait_until(lambda: not _is_populated(cgroup), 10, f"processes left in {cgroup}")
    for folder in sorted(_folders_below(cgroup), reverse=True):
        # It refuses for a moment after its last process has ended.
        wait_until(lambda: _rmdir(folder), 5, f"cannot remove {folder}")  # noqa: B023


def _rmdir(folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError:
            return False
    return True


def _folders_below(folder: Path) -> Iterator[Path]:
    for parent, _, _ in os.walk(folder):
        yield Path(parent)


def _is_populated(cgroup: Path) -> bool:
    try:
        return "populated 1" in (cgroup / "cgroup.events").read_text(encoding="ascii")
    except OSError:  # gone already
        return False


def _start_time(pid: int) -> str:
    """In ticks since boot; together with the number it names one process for ever. Empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""
