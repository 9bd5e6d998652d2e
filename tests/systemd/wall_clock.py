"""A wall clock of its own for programs under test: ``shifted_clock.c``, and the file that says by how much."""

from __future__ import annotations

import math
import os
import shutil
import struct
import subprocess
import time
from datetime import datetime
from pathlib import Path

SOURCE = Path(__file__).with_name("shifted_clock.c")
SHIFT_FILE = Path("/etc/shifted-clock.shift")
"""Where the programs of a test machine find it."""


class NoCompiler(Exception):
    """There is no C compiler, so the clock of a machine cannot be set."""


def build_shifted_clock(folder: Path) -> Path:
    """The library that moves the wall clock; see the C file for what it cannot do."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("setting a machine's clock needs a C compiler: install gcc and libc6-dev")
    library = folder / "shifted-clock.so"
    if not library.exists():
        define = f'-DSHIFT_FILE="{SHIFT_FILE}"'
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", define, "-o", str(library), str(SOURCE)],
            check=True,
            capture_output=True,
            timeout=30,
        )
    return library


def shift_to(moment: datetime) -> int:
    """By how many seconds a clock has to be moved to show ``moment`` now, or what is less than a second later."""
    return math.ceil(moment.timestamp() - time.time())


def write_shift(file: Path, shift_s: int) -> None:
    """Move the clock of all programs that look at ``file``, also of those that run."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(descriptor, struct.pack("=q", shift_s), 0)
    finally:
        os.close(descriptor)
