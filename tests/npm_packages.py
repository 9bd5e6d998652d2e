"""Programs from npm that tests need for real: installed once for all runs and workers, outside of the repository."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def installed(manifest: Path, name: str, what: str) -> Path:
    """The ``node_modules`` folder of what ``manifest`` (a package.json) asks for, in the cache under ``name``.

    Where it cannot be had the test is skipped, and says why; in CI it fails. ``what`` is it in words.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        cannot_be_had(what, "node and npm are not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiemp-tests"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = manifest.read_bytes()
    folder = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of pytest-xdist come at the same time
        done = folder / "installed.json"
        if not done.exists() or done.read_bytes() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_bytes(wanted)
            command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
            made = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=110
            )
            if made.returncode != 0:
                cannot_be_had(what, f"npm install failed: {made.stderr.strip()[-500:]}")
            done.write_bytes(wanted)
    return folder / "node_modules"


def cannot_be_had(what: str, reason: str) -> NoReturn:
    """Skip, or fail where the environment says that this is CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no real {what} in CI: {reason}", pytrace=False)
    pytest.skip(f"no real {what}: {reason}")
