"""The ecosystem.config.js that is checked in, in a fresh checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.pm2.conftest import Pm2
from tests.pm2.test_orchestrator import charge_of, is_up

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is checked in, with an environment as `make` makes it, but for the network."""
    folder = tmp_path / "a checkout's copy"
    folder.mkdir()
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("aiemp", "units"):
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for name in ("ecosystem.config.js", "Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    venv.EnvBuilder(symlinks=True).create(folder / ".venv")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / ".venv/lib" / version / "site-packages"
    (packages / "checkout.pth").write_text(f"{folder}\n{sysconfig.get_path('purelib')}\n")
    program = folder / ".venv/bin/aiemp"
    program.write_text('#!/bin/sh\nexec "${0%/*}/python" -m aiemp "$@"\n')
    program.chmod(0o755)
    (folder / ".venv/.installed").touch()
    return folder


def test_works_as_it_stands(
    pm2: Pm2, checkout: Path, environ: dict[str, str], vault: Path, tmp_path: Path
) -> None:
    """After `make`, `pm2 start ecosystem.config.js` keeps ./vault running, from wherever it is called; with
    VAULT_PATH, which may be relative, another vault. Before `make` it says what to do."""
    file = checkout / "ecosystem.config.js"
    python = checkout / ".venv/bin/python"
    python.rename(python.with_name("hidden"))
    assert "run `make` in" in pm2("start", str(file), check=False)
    python.with_name("hidden").rename(python)

    subprocess.run(["make"], cwd=checkout, env=environ, check=True, capture_output=True, timeout=60)
    pm2("start", str(file))
    wait_until(lambda: is_up(pm2, checkout / "vault"), "orchestrator and watchers of ./vault are up")
    pm2("delete", str(file))
    assert charge_of(checkout / "vault") == 0

    pm2("start", str(file), VAULT_PATH=str(vault.relative_to(tmp_path)), DRY_RUN="true")
    wait_until(lambda: "dry run" in pm2.said(), "it says that it is a dry run")
    pm2("delete", str(file))
    pm2("start", str(file), VAULT_PATH=str(vault.relative_to(tmp_path)))
    wait_until(lambda: is_up(pm2, vault), "orchestrator and watchers of the named vault are up")
    assert charge_of(checkout / "vault") == 0
