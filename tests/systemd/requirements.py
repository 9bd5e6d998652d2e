"""What a host needs so that the tests can boot a real systemd, and what to install for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "dbus-user-session",  # the bus of a user manager
    "libpam-systemd",  # opens the session that a user manager runs in
    "libnss-systemd",
    "hostname",
    "mount",
    "util-linux",  # unshare, nsenter, setpriv
    "iproute2",  # brings the loopback interface up
    "passwd",
    "python3",  # for the small programs that run as services
    "gcc",  # with libc6-dev builds the shifted clock
    "libc6-dev",
    "debootstrap",  # for the newer systemd
)
"""What .ci/run installs on Debian so that no test of this folder is skipped."""

INIT = Path("/lib/systemd/systemd")
PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ip": "iproute2",
    "useradd": "passwd",
    "dbus-daemon": "dbus",
    "python3": "python3",
}


def cgroup2_mount() -> Path | None:
    """Where this host has its unified cgroup tree; None when it has none that we can write."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.split(" ")[0] == "cgroup2" and os.access(before.split(" ")[4], os.W_OK):
            return Path(before.split(" ")[4])
    return None


def why_no_machine(root: Path = Path("/")) -> str | None:
    """Why this host cannot boot a systemd from ``root``; None when it can."""
    if not sys.platform.startswith("linux"):
        return "a real systemd needs Linux"
    if os.geteuid() != 0:
        return "booting a systemd needs root"
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not (root / INIT.relative_to("/")).exists():
        return f"{root} has no {INIT}: install systemd"
    if cgroup2_mount() is None:
        return "no writable cgroup2 file system is mounted"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "true"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    if tried.returncode != 0:
        return f"no namespaces here: {tried.stderr.strip()}"
    return None
