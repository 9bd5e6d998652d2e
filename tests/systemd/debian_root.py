"""A root folder with a newer Debian, for the tests on a newer systemd; made once and kept in a cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.systemd.isolation import NEW_MOUNTS

SUITE = "trixie"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "libnss-systemd",
    "python3",
    "python3-venv",
    "iproute2",
)
DEBOOTSTRAP_TIMEOUT_S = 900


class NoDebianRoot(Exception):
    """It cannot be made here; the message says why."""


def cache_folder() -> Path:
    """``AIEMP_TEST_CACHE``, else a folder in the user's cache."""
    named = os.environ.get("AIEMP_TEST_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiemp-tests"


def trixie_root() -> Path:
    """The root folder: from the cache when it is complete, else made in a minute or two.

    Raises :exc:`NoDebianRoot`. Nothing may write into the folder: it is the lower layer of running machines.
    """
    recipe = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:8]
    folder = cache_folder()
    root = folder / f"{SUITE}-{recipe}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _debootstrap(folder / f"{root.name}.partial")
            (folder / f"{root.name}.partial").rename(root)  # so a root that exists is complete
    return root


def debian_mirror() -> str:
    """Where this host's own apt gets Debian from."""
    if shutil.which("apt-get") is None:
        raise NoDebianRoot("this host has no apt that says where to get Debian from")
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    mirrors = asked.stdout.split()
    if not mirrors:
        raise NoDebianRoot(f"apt has no Debian mirror (run apt-get update?) {asked.stderr.strip()}".strip())
    return mirrors[0]


def _debootstrap(target: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise NoDebianRoot("not installed: debootstrap")
    mirror = debian_mirror()
    if target.exists():
        shutil.rmtree(target)
    # In a mount namespace of its own: a killed debootstrap would leave /proc mounted in there.
    packages = f"--include={','.join(PACKAGES)}"
    done = subprocess.run(
        [*NEW_MOUNTS, "debootstrap", "--variant=minbase", packages, SUITE, str(target), mirror],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=DEBOOTSTRAP_TIMEOUT_S,
    )
    if done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        raise NoDebianRoot(f"debootstrap failed: {' / '.join(done.stdout.splitlines()[-5:])}")
