"""The orchestrator's life with the local engine and real processes: the seed's cases (section 5B)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import aiemp
from aiemp.engines.local import LocalEngine
from aiemp.engines.watcher_manager import WatcherManager
from aiemp.ledger import Ledger
from aiemp.locks import probe
from aiemp.orchestrator import Orchestrator
from aiemp.places import Places
from aiemp.watchers.launch import running
from tests.conftest import Aiemp, Running, processes_naming, wait_until
from tests.quiet import QUIET

ONE_WATCHER = '[watchers.nap]\ncommand = ["sleep", "300"]\n'
Start = Callable[..., Running]
WriteConfig = Callable[[str], Path]


def test_init_creates_watcher_manager(vault: Path, environ: dict[str, str]) -> None:
    """An orchestrator made as the seed makes it has the local engine, with a manager for its watchers."""
    orchestrator = Orchestrator(vault, dry_run=True, check_interval=7, environ=environ)
    assert isinstance(orchestrator.engine, LocalEngine)
    manager = orchestrator.engine.watcher_manager
    assert isinstance(manager, WatcherManager)
    assert set(manager.supervised) == {"filesystem", "approval"}
    assert (orchestrator.dry_run, orchestrator.check_interval) == (True, 7)
    assert {task.name for task in orchestrator.schedule_registry} >= {"morning_triage", "done_archive"}


def test_start_launches_watchers(vault: Path, start_aiemp: Start, write_config: WriteConfig) -> None:
    """All watchers run after the start, each holding its own lock, and the dashboard shows them."""
    write_config(ONE_WATCHER)
    start_aiemp("run", "--no-schedules")
    for name in ("filesystem", "approval", "nap"):
        wait_until(lambda name=name: running(vault, name), f"watcher {name}")  # type: ignore[misc]
    dashboard = vault / "Dashboard.md"
    wait_until(lambda: "| Nap Watcher | 🟢 Running |" in dashboard.read_text(encoding="utf-8"), "its health")


def test_run_once_executes_single_tick(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """``--once`` runs what is due, reports it as JSON, and leaves no process."""
    write_config(ONE_WATCHER)
    done = aiemp("--json", "run", "--once")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    ran = {task["name"]: task["result"] for task in report["tasks"]}
    assert ran["health_dashboard_update"] == "succeeded"
    assert ran["stale_approval_check"] == "succeeded"
    assert {watcher["name"]: watcher["state"] for watcher in report["watchers"]}["nap"] == "running"
    assert processes_naming(str(vault)) == []
    again = json.loads(aiemp("--json", "run", "--once").stdout)
    assert {task["result"] for task in again["tasks"]} <= {"blocked"}, "a second cycle repeats nothing"


def test_shutdown_stops_watchers(vault: Path, start_aiemp: Start, write_config: WriteConfig) -> None:
    """A stop ends every watcher, frees the locks, shows it on the dashboard, and exits with 0."""
    write_config(ONE_WATCHER)
    aiemp = start_aiemp("run", "--no-schedules")
    wait_until(lambda: running(vault, "nap"), "the watcher")
    assert aiemp.stop() == 0
    assert [running(vault, name) for name in ("filesystem", "approval", "nap")] == [None] * 3
    assert processes_naming(str(vault)) == []
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    assert "| Orchestrator | 🔴 Down |" in text
    assert "| Nap Watcher | 🔴 Down |" in text


def test_signal_handler_triggers_shutdown(vault: Path, environ: dict[str, str]) -> None:
    """SIGTERM and SIGINT only set the flag that ends the loop; the loop does the rest."""
    for number in (signal.SIGTERM, signal.SIGINT):
        orchestrator = Orchestrator(vault, dry_run=True, environ=environ)
        with orchestrator._awake():
            assert orchestrator._running is True
            os.kill(os.getpid(), number)
            assert orchestrator._running is False


def test_ctrl_c_stops_a_run_in_the_foreground(vault: Path, start_aiemp: Start) -> None:
    """SIGINT to the process ends it as SIGTERM does."""
    aiemp = start_aiemp("run", "--no-schedules")
    aiemp.wait_for("orchestrator starting")
    wait_until(lambda: running(vault, "approval"), "the watcher")
    os.kill(aiemp.pid, signal.SIGINT)
    assert aiemp.process.wait(20) == 0
    assert "orchestrator stopped" in aiemp.said()


def test_second_orchestrator_is_refused_by_name_of_the_first(vault: Path, start_aiemp: Start) -> None:
    """Only one orchestrator keeps a vault; the second names the pid of the first and ends."""
    first = start_aiemp("run", "--no-schedules")
    wait_until(lambda: probe(Places(vault).orchestrator_lock), "the first")
    second = start_aiemp("run", "--no-schedules")
    assert second.process.wait(20) == 1
    assert f"pid {first.pid}" in second.said()


def test_kill_of_the_orchestrator_doubles_nothing(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """After kill -9 the watchers live on; the next orchestrator takes them over, and stops them."""
    write_config(ONE_WATCHER)
    first = start_aiemp("run", "--no-schedules")
    names = ("filesystem", "approval", "nap")
    for name in names:
        wait_until(lambda name=name: running(vault, name), f"watcher {name}")  # type: ignore[misc]
    wait_until(lambda: "watcher nap" in first.said(), "the start")
    before = [running(vault, name) for name in names]
    os.kill(first.pid, signal.SIGKILL)
    first.process.wait()
    assert [running(vault, name) for name in names] == before
    second = start_aiemp("run", "--no-schedules")
    second.wait_for("watcher nap: is running already")
    assert [running(vault, name) for name in names] == before
    assert second.stop() == 0
    assert processes_naming(str(vault)) == []


def test_another_version_takes_over(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, tmp_path: Path
) -> None:
    """aiemp is upgraded under a running orchestrator: the new version goes on in the same process, its watchers
    are started anew, and none of the old ones is left."""
    write_config(ONE_WATCHER.replace("300", "307"))
    package = tmp_path / "site" / "aiemp"
    shutil.copytree(Path(aiemp.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    first = start_aiemp("run", "--no-schedules", "--interval", "1", PYTHONPATH=str(package.parent))
    wait_until(lambda: running(vault, "nap"), "the watcher")
    before = running(vault, "nap")
    upgraded = package / "fresh"
    upgraded.write_text((package / "__init__.py").read_text() + "\n# newer\n")
    upgraded.replace(package / "__init__.py")
    first.wait_for("another version of aiemp was installed")
    wait_until(lambda: first.said().count("orchestrator starting") == 2, "the new version")
    wait_until(lambda: running(vault, "nap") not in (None, before), "its watcher")
    holder = probe(Places(vault).orchestrator_lock)
    assert holder is not None and holder.pid == first.pid
    assert len(processes_naming("sleep 307")) == 1
    assert first.stop() == 0
    assert processes_naming(str(vault)) == []


def test_task_killed_with_its_claude_leaves_nothing_and_is_done_again(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, tmp_path: Path
) -> None:
    """kill -9 of a running task: what it started is ended too, the run counts as interrupted and is repeated
    once."""
    marker = tmp_path / "marker"
    write_config(
        "[tasks.long]\nfrequency = 'every_n_minutes'\ninterval_minutes = 60\n"
        f"command = ['setsid', '--wait', '{sys.executable}', '-c', "
        f'\'import time, os; open("{marker}", "a").write(str(os.getpid()) + chr(10)); time.sleep(300)\']\n'
        + QUIET
    )
    aiemp = start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: marker.exists() and marker.read_text().endswith("\n"), "the command")
    run = Ledger(vault).read().record("long").running
    assert run is not None
    os.kill(run.pid, signal.SIGKILL)
    wait_until(lambda: len(marker.read_text().splitlines()) == 2, "the second attempt")
    first_command = int(marker.read_text().splitlines()[0])
    wait_until(lambda: not Path(f"/proc/{first_command}").exists(), "the end of the first command")
    record = Ledger(vault).read().record("long")
    assert record.running is not None
    assert record.running.attempt == 2
    aiemp.stop()
    assert processes_naming(str(marker)) == []
    results = [entry["result"] for entry in Ledger(vault).history.newest_first("long")]
    assert results == ["interrupted", "interrupted"]
