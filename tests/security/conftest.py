"""A vault with a claude, all commands at once, and something outside that must stay as it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.claude import FakeClaude
from tests.security.commands import CONFIG
from tests.security.outside import make_outside

ROOT = Path(__file__).parents[2]
Everything = Callable[..., str]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the vault, on the same file system."""
    return make_outside(tmp_path / "outside")


@pytest.fixture
def claude(tmp_path: Path, environ: dict[str, str]) -> FakeClaude:
    """A claude on the PATH."""
    fake = FakeClaude(tmp_path / "bin", ("say", "done"))
    environ["PATH"] = f"{fake.folder}:{environ['PATH']}"
    return fake


@pytest.fixture
def everything(
    vault: Path, claude: FakeClaude, environ: dict[str, str], write_config: Callable[[str], Path]
) -> Everything:
    """Runs every command in the vault; returns all that was said, and what Claude was asked."""

    def do(**env: str) -> str:
        write_config(CONFIG).chmod(0o600)
        (vault / "Needs_Action" / "real.md").write_text("---\nsubject: real\n---\n", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tests.security.commands", str(vault)],
            env={**environ, "PYTHONPATH": str(ROOT), **env},
            cwd=vault.parent,
            text=True,
            errors="surrogateescape",
            capture_output=True,
            check=True,
            timeout=300,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert "\n= -" not in done.stdout, f"one was ended by a signal: {done.stdout}"
        return done.stdout + done.stderr + repr([call["argv"] for call in claude.calls])

    return do
