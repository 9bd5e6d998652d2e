"""A wall clock of its own for a test machine: ``shifted_clock.c``, compiled for one shift."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shifted_clock.c")


class NoCompiler(Exception):
    """There is no C compiler, so the clock of a machine cannot be set."""


def build_shifted_clock(shift_s: int, folder: Path) -> Path:
    """The library that moves the wall clock by ``shift_s`` seconds; see the C file for what it cannot do."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("setting a machine's clock needs a C compiler: install gcc and libc6-dev")
    library = folder / "shifted-clock.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", f"-DSHIFT_S={shift_s}LL", "-o", str(library), str(SOURCE)],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return library
