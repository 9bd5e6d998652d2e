"""Pings of a real orchestrator and of real runs, to a service on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Aiemp, Running, processes_naming, wait_until
from tests.fakes.http_service import HttpService

WriteConfig = Callable[[str], Path]
Start = Callable[..., Running]


def test_the_orchestrator_pings_and_stops_with_nothing_left(
    write_config: WriteConfig, start_aiemp: Start, service: HttpService
) -> None:
    """After its first tick it calls; its log has no word of the address."""
    write_config(f'[alerts]\nping_url = "{service.url}/ping/0f9b2a44-8d1e"\n')
    running = start_aiemp("run", "--no-schedules", "--no-watchers", no_proxy="*")
    wait_until(service.paths, "the first ping")
    assert service.paths()[0] == "/ping/0f9b2a44-8d1e"
    assert running.stop() == 0
    assert "0f9b2a44" not in running.said()


def test_a_service_that_hangs_holds_up_neither_the_loop_nor_its_end(
    write_config: WriteConfig, start_aiemp: Start, service: HttpService, vault: Path
) -> None:
    """With a call under way the loop starts a task that has become due, and a stop leaves no process."""
    config = f'[alerts]\nping_url = "{service.url}/hang"\n'
    write_config(config)
    running = start_aiemp("run", "--interval", "1", "--no-watchers", no_proxy="*")
    wait_until(service.paths, "the ping")
    mark = vault / "it-ran"
    write_config(f'{config}[tasks.late]\nfrequency = "hourly"\ncommand = ["touch", "{mark.name}"]\n')
    wait_until(mark.exists, "the task")
    assert running.stop() == 0
    assert not [pid for pid in processes_naming("aiemp.ping_call") if parent_is(pid, running.pid)]


def parent_is(pid: int, parent: int) -> bool:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) in (parent, 1)
    except OSError:
        return False


def test_no_ping_after_a_tick_with_trouble_and_none_in_a_dry_run(
    write_config: WriteConfig, start_aiemp: Start, service: HttpService, vault: Path
) -> None:
    """While the dashboard cannot be written, whoever listens hears nothing, and so notices."""
    config = f'[alerts]\nping_url = "{service.url}/p"\n[tasks.late]\nfrequency = "hourly"\ncommand = ["touch", "ran"]\n'
    write_config(config)
    rehearsing = start_aiemp("run", "--dry-run", "--no-watchers", no_proxy="*")
    rehearsing.wait_for("late")
    assert rehearsing.stop() == 0
    (vault / "Dashboard.md").unlink()
    (vault / "Dashboard.md").mkdir()
    running = start_aiemp("run", "--interval", "1", "--no-watchers", no_proxy="*")
    wait_until((vault / "ran").exists, "a task")
    running.wait_for("updating the dashboard")
    assert running.stop() == 0
    assert service.paths() == []


def test_runs_are_told(write_config: WriteConfig, aiemp: Aiemp, service: HttpService) -> None:
    """Start and end of each run, by its task's name; a run that fails says so. Its exit status is its own."""
    write_config(
        f'[alerts]\nrun_ping_url = "{service.url}/k/{{task}}?create=1"\n'
        '[tasks.good]\nfrequency = "hourly"\ncommand = ["true"]\n'
        '[tasks.bad]\nfrequency = "hourly"\ncommand = ["false"]\n'
    )
    assert aiemp("trigger", "good", no_proxy="*").returncode == 0
    assert aiemp("trigger", "bad", no_proxy="*").returncode == 1
    assert service.paths() == [
        *("/k/good/start?create=1", "/k/good?create=1"),
        *("/k/bad/start?create=1", "/k/bad/fail?create=1"),
    ]
    assert aiemp("trigger", "good", "--dry-run", no_proxy="*").returncode == 0
    assert len(service.paths()) == 4, "a dry run calls nobody"


def test_a_run_is_what_it_was_though_nobody_answers(write_config: WriteConfig, aiemp: Aiemp) -> None:
    """A refused connection is a line in its log, and no other result."""
    write_config(
        '[alerts]\nrun_ping_url = "http://127.0.0.1:9/k/{task}"\n'
        '[tasks.good]\nfrequency = "hourly"\ncommand = ["true"]\n'
    )
    done = aiemp("trigger", "good", no_proxy="*")
    assert done.returncode == 0
    assert "the address of run_ping_url: it cannot be reached" in done.stderr
    assert "/k/good" not in done.stderr


def test_a_run_stopped_while_its_start_is_told_is_written_down(
    write_config: WriteConfig, start_aiemp: Start, service: HttpService, vault: Path
) -> None:
    """A stop does not get lost between the record of the beginning and the work: the run is interrupted."""
    write_config(
        f'[alerts]\nrun_ping_url = "{service.url}/hang/{{task}}"\n'
        '[tasks.good]\nfrequency = "hourly"\ncommand = ["touch", "ran"]\n'
    )
    running = start_aiemp("trigger", "good", no_proxy="*")
    wait_until(service.paths, "the call")
    assert running.stop() == 143
    history = "".join(path.read_text() for path in (vault / "Logs/aiemp/runs").glob("*.jsonl"))
    assert '"interrupted"' in history
    assert not (vault / "ran").exists()
