"""The machine that was measured, as far as it matters: no names, no paths."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess


def described() -> dict[str, str]:
    """Cores, kernel, and versions."""
    return {
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "Python": platform.python_version(),
        "systemd": _first_word("systemctl", "--version", which=1),
        "node": _first_word("node", "--version").lstrip("v"),
    }


def load() -> str:
    """How busy the machine is: the load averages of 1 and 5 minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f}, {five:.1f}"


def _memory() -> str:
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{size / 1024**3:.0f} GiB"


def _first_word(program: str, option: str, which: int = 0) -> str:
    if shutil.which(program) is None:
        return "none"
    said = subprocess.run([program, option], capture_output=True, text=True, check=False).stdout
    words = said.split()
    return words[which] if len(words) > which else "none"
