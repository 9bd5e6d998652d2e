"""The real Claude Code, installed from npm and kept in a cache, and a network that reaches only our own API."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiemp.claude import invoke_claude

HERE = Path(__file__).parent
PACKAGE = HERE / "package.json"
NAME = "@anthropic-ai/claude-code"
INSTALL_TIMEOUT_S = 300
PORT = 8123


class NoClaude(Exception):
    """It cannot be had here; the message says why."""


def installed_claude() -> Path:
    """The program, of the version in package.json; installed once for each cache. Raises NoClaude.

    The workers of pytest-xdist wait for each other.
    """
    if shutil.which("npm") is None:
        raise NoClaude("npm is not installed")
    version = json.loads(PACKAGE.read_text(encoding="utf-8"))["dependencies"][NAME]
    cache = Path(os.environ.get("AIEMP_TEST_CACHE") or _user_cache() / "aiemp-tests")
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"claude-code-{version}"
    program = folder / "node_modules" / ".bin" / "claude"
    with (cache / "claude-code.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _install(folder)
    return program


def _install(folder: Path) -> None:
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    shutil.copy(PACKAGE, new)
    _run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], new)
    program = new / "node_modules" / ".bin" / "claude"
    if subprocess.run([program, "--version"], capture_output=True, check=False).returncode:
        # Some versions of npm run no scripts of packages unless told to.
        _run(["node", "install.cjs"], new / "node_modules" / NAME)
        _run([str(program), "--version"], new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _run(argv: list[str], folder: Path) -> None:
    try:
        subprocess.run(argv, cwd=folder, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        raise NoClaude(f"{' '.join(argv)} failed: {error} {said.decode(errors='replace')[-500:]}") from error


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@contextlib.contextmanager
def network_with_our_api() -> Iterator[int]:
    """A network namespace with nothing but loopback and the API on it; yields the pid of who holds it."""
    if os.geteuid() != 0:
        raise NoClaude("a network of one's own needs root")
    missing = [name for name in ("unshare", "nsenter", "ip") if shutil.which(name) is None]
    if missing:
        raise NoClaude(f"{missing[0]} is not installed")
    serve = f'ip link set lo up && exec "{sys.executable}" -S "{HERE / "messages_api.py"}" {PORT}'
    with subprocess.Popen(
        ["unshare", "--net", "--kill-child", "sh", "-c", serve],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as api:
        try:
            assert api.stdout is not None and api.stderr is not None
            if api.stdout.readline() != b"ready\n":
                raise NoClaude(f"no API in a network of its own: {api.stderr.read().decode()}")
            yield api.pid
        finally:
            api.kill()


@dataclass(frozen=True)
class RealClaude:
    """The real program as ``claude`` in a folder of its own, with a home of its own, inside that network."""

    folder: Path
    vault: Path
    chunks: list[bytes] = field(default_factory=list)

    @classmethod
    def put(cls, program: Path, network_of: int, folder: Path, vault: Path) -> RealClaude:
        """Make the ``claude`` that enters the network."""
        (folder / "home").mkdir(parents=True)
        wrapper = folder / "claude"
        net = f"/proc/{network_of}/ns/net"
        wrapper.write_text(f'#!/bin/sh\nexec nsenter --net={net} "{program}" "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        return cls(folder, vault)

    def environ(self, scenario: str) -> dict[str, str]:
        """What makes the API answer as ``scenario`` says."""
        return {
            "PATH": f"{self.folder}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{PORT}/{scenario}",
            "ANTHROPIC_API_KEY": "sk-ant-made-up",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0",  # else it tries for minutes
        }

    def subscriber_environ(self, scenario: str) -> dict[str, str]:
        """The same, logged in with a subscription, which has usage limits."""
        environ = {**self.environ(scenario), "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-made-up"}
        del environ["ANTHROPIC_API_KEY"]
        return environ

    def ask(self, scenario: str, prompt: str = "Do it.", **options: Any) -> dict[str, object]:
        """One run; what it showed is in ``chunks``, its log is ``log``."""
        options.setdefault("environ", self.environ(scenario))
        options.setdefault("timeout_minutes", 1)
        return invoke_claude(
            prompt, self.vault, log_file=self.log, on_output=self.chunks.append, grace_s=3.0, **options
        )

    @property
    def log(self) -> Path:
        """The log of its runs."""
        return self.folder / "run.log"

    @property
    def shown(self) -> list[str]:
        """The lines that a person saw."""
        return b"".join(self.chunks).decode().splitlines()
