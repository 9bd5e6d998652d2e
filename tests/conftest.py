"""What many tests need: a vault, a way to wait, and real processes with an empty home."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.fakes.claude import FakeClaude
from tests.fakes.crontab import put_crontab
from tests.fakes.http_service import HttpService
from tests.kill_guard import guard_this_process
from tests.rights import NOBODY, OBEYING_MODES
from tests.terminal import OnTerminal, Terminal
from tests.worker_groups import group_of

DASHBOARD = """# AI Employee Dashboard
> **Last Updated:** 2026-11-01 08:00:00
> **System Status:** Operational

## Today's Activity Log
| Time | Action | Details | Result |
|------|--------|---------|--------|
| — | — | — | — |

## System Health
| Component | Status | Last Check |
|-----------|--------|------------|
| Gmail Watcher | — | — |
| Orchestrator | — | — |

My own notes stay.

## Recent Errors
| Time | Component | Error | Resolution |
|------|-----------|-------|------------|
| — | — | — | — |
"""

DEADLINE_S = 30.0

guard_this_process()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of one group go to the same worker. (``--dist loadgroup`` does not see its marks with pytest 9.2.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Grouped(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was logged about names that are not UTF-8 has to pass from a worker of pytest-xdist to its master,
    which takes UTF-8 alone."""
    report = yield
    report.sections = [(name, _encodable(text)) for name, text in report.sections]
    return report


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return when ``condition`` holds; fail with ``what`` when it does not come to hold."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() >= deadline:
            pytest.fail(f"did not come about within {deadline_s:.0f} s: {what}")
        time.sleep(0.02)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where there is one: each step of the ledger waits for the disk several times."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as made:
        yield Path(made)


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """An empty folder of the user that ``as_nobody()`` is; the folders above are open to all."""
    with TemporaryDirectory(prefix="aiemp-nobody-") as made:
        if os.geteuid() == 0:
            os.chown(made, NOBODY, NOBODY)
        yield Path(made)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A small vault whose path has what paths may have."""
    folder = tmp_path / "Mein Vault's 100% $HOME ü"
    for name in ("Needs_Action", "Pending_Approval", "Done", "Logs", "Drop"):
        (folder / name).mkdir(parents=True)
    (folder / "Dashboard.md").write_text(DASHBOARD, encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing. There is no ``claude`` on its PATH."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


@pytest.fixture
def write_config(home: Path) -> Callable[[str], Path]:
    """Writes aiemp.toml where it belongs."""

    def write(text: str) -> Path:
        path = home / ".config" / "aiemp" / "aiemp.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


Aiemp = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def aiemp(vault: Path, environ: dict[str, str], tmp_path: Path) -> Aiemp:
    """Runs ``aiemp`` to its end, as a person would who has named the vault. ``obeying_modes``: also as root it may
    only read and write what the modes of files allow."""

    def call(
        *arguments: str, check: bool = False, obeying_modes: bool = False, **env: str
    ) -> subprocess.CompletedProcess[str]:
        before = OBEYING_MODES if obeying_modes else ()
        return subprocess.run(
            [*before, sys.executable, "-m", "aiemp", "--vault", str(vault), *arguments],
            env={**environ, **env},
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=check,
            timeout=60,
        )

    return call


@pytest.fixture
def named(vault: Path) -> str:
    """How a command line that `aiemp` tells of begins, when it was called as :func:`aiemp` calls it."""
    return f"aiemp --vault {shlex.quote(str(vault))}"


@pytest.fixture
def on_terminal(vault: Path, environ: dict[str, str], tmp_path: Path) -> Iterator[OnTerminal]:
    """Runs ``aiemp`` on a terminal, as a person would who has named the vault, or with ``named=False`` none."""
    opened: list[Terminal] = []

    def run(*arguments: str, named: bool = True, cwd: Path = tmp_path, **env: str) -> Terminal:
        words = (*(["--vault", str(vault)] if named else []), *arguments)
        opened.append(Terminal(words, {**environ, **env}, cwd))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


@pytest.fixture
def claude(tmp_path: Path, environ: dict[str, str]) -> Iterator[FakeClaude]:
    """A Claude Code that answers, on everybody's PATH."""
    fake = FakeClaude(tmp_path / "bin", ("say", "Done."))
    environ["PATH"] = f"{fake.folder}:{environ['PATH']}"
    yield fake
    assert not fake.alive()


@pytest.fixture
def service() -> Iterator[HttpService]:
    """A service on this machine that is called over HTTP, and remembers that."""
    with HttpService() as running:
        yield running


class Running:
    """A long-running ``aiemp``, with what it says in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until it has said ``text``; show what it said when it does not."""
        deadline = time.monotonic() + deadline_s
        while text not in self.said():
            if time.monotonic() >= deadline or self.process.poll() is not None:
                if text in self.said():
                    return
                pytest.fail(f"it did not say {text!r}; it said:\n{self.said()}")
            time.sleep(0.02)

    def stop(self, deadline_s: float = 40.0) -> int:
        """Ask it to stop as a supervisor does, and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)  # a test that failed may have left it stopped
        return self.process.wait(deadline_s)


@pytest.fixture
def start_aiemp(vault: Path, environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts ``aiemp run`` and the like; everything is gone after the test."""
    started: list[Running] = []

    def start(*arguments: str, **env: str) -> Running:
        log = tmp_path / f"aiemp-{len(started)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "aiemp", "--vault", str(vault), *arguments],
                env={**environ, **env},
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        started.append(Running(process, log))
        return started[-1]

    yield start
    try:
        for each in started:
            each.stop()
    finally:
        for pid in processes_naming(str(tmp_path)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)


def processes_naming(text: str) -> list[int]:
    """The live processes (no zombies, not this one) with ``text`` in their command line or their cwd."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if text in line or str((entry / "cwd").readlink()).startswith(text):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def cron(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The table of a crontab(1) that is on the PATH of ``environ``; a test writes it."""
    return put_crontab(tmp_path / "cron", environ)
