"""``aiemp run``, ``aiemp watch`` and ``aiemp status`` around a real orchestrator."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiemp.locks import probe
from aiemp.places import Places
from tests.conftest import DEADLINE_S, Aiemp, Running, wait_until


def status_of(aiemp: Aiemp) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(aiemp("status", "--json").stdout)
    return answer


def watcher_states(aiemp: Aiemp) -> dict[str, str]:
    return {each["name"]: each["state"] for each in status_of(aiemp)["watchers"]}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_run_becomes_a_process_without_click(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """The orchestrator keeps the pid that a supervisor knows, and is not the command line any more."""
    run = start_aiemp("run", "--no-schedules", "--interval", "1")
    wait_until(lambda: probe(Places(vault).orchestrator_lock), "the orchestrator holds its lock")
    assert "aiemp.supervise" in command_line(run.pid)
    orchestrator = status_of(aiemp)["orchestrator"]
    assert (orchestrator["running"], orchestrator["pid"]) == (True, run.pid)
    assert orchestrator["engine"] == "local engine"
    assert run.stop() == 0
    assert status_of(aiemp)["orchestrator"]["running"] is False


def test_status_shows_watchers_and_what_is_new(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """Running watchers are seen with their pid; one that appears in the vault later is told, not started."""
    start_aiemp("run", "--no-schedules", "--interval", "1")
    wait_until(lambda: watcher_states(aiemp).get("filesystem") == "running", "the watchers run")
    folder = vault / "scripts" / "watchers"
    folder.mkdir(parents=True)
    (folder / "slack_watcher.py").write_text("import time\ntime.sleep(300)\n")
    wait_until(lambda: status_of(aiemp)["new_watchers"] == ["slack"], "the new watcher is noticed")
    after = status_of(aiemp)
    assert any("slack is new" in problem["what"] for problem in after["problems"])
    assert {each["name"]: each["state"] for each in after["watchers"]}["slack"] == "down"
    assert aiemp("status").returncode == 3


def test_a_second_orchestrator_is_refused(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """It says who has the vault, by pid, and ends with 1."""
    first = start_aiemp("run", "--no-schedules", "--no-watchers")
    wait_until(lambda: probe(Places(vault).orchestrator_lock), "the orchestrator holds its lock")
    second = aiemp("run")
    assert second.returncode == 1
    assert f"pid {first.pid}" in second.stderr


def test_run_once_reports(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """One cycle runs what is due to its end and reports it as text and as JSON; a failed task makes it 1."""
    only = "".join(
        f"[tasks.{name}]\nenabled = false\n"
        for name in ("morning_triage", "linkedin_post", "daily_rollover", "health_dashboard_update")
    )
    write_config(only + '[tasks.bad]\ncommand = ["false"]\nfrequency = "hourly"\n')
    out = aiemp("run", "--once", "--json")
    report = json.loads(out.stdout)
    results = {task["name"]: task["result"] for task in report["tasks"]}
    assert results["stale_approval_check"] == "succeeded"
    assert results["bad"] == "failed"
    assert {watcher["name"] for watcher in report["watchers"]} == {"filesystem", "approval"}
    assert out.returncode == 1
    text = aiemp("run", "--once", "--no-watchers")
    assert "no task was due" in text.stdout
    assert text.returncode == 0


def test_run_once_dry_changes_nothing(aiemp: Aiemp, vault: Path) -> None:
    """A dry cycle rehearses, and leaves the vault byte for byte as it was."""
    before = {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}
    out = aiemp("run", "--once", "--dry-run", "--no-watchers")
    assert out.returncode == 0, out.stderr
    assert "(dry run)" in out.stdout
    assert "rehearsed" in out.stdout
    ours = {"Logs/aiemp", ".state/aiemp"}
    after = {
        path: path.read_bytes()
        for path in vault.rglob("*")
        if path.is_file() and not any(str(path.relative_to(vault)).startswith(each) for each in ours)
    }
    assert after == before


def test_a_watcher_runs_once_in_a_vault(
    start_aiemp: Callable[..., Running], aiemp: Aiemp, vault: Path
) -> None:
    """A second ``aiemp watch`` is told the pid of the first, and ends with 0."""
    first = start_aiemp("watch", "filesystem")
    wait_until(lambda: probe(Places(vault).watcher_lock("filesystem")), "the watcher holds its lock")
    second = aiemp("watch", "filesystem")
    assert (second.returncode, second.stdout) == (0, "")
    assert f"pid {first.pid}" in second.stderr
    first.wait_for("watching")
    os.kill(first.pid, signal.SIGINT)
    assert first.process.wait(20) == 0


def test_watch_once_looks_once(aiemp: Aiemp, vault: Path, write_config: Callable[[str], Path]) -> None:
    """``--once`` takes up what was dropped and ends; a program of the user's own cannot be asked for that."""
    (vault / "Drop" / "note.txt").write_text("buy milk")
    os.utime(vault / "Drop" / "note.txt", (1_700_000_000, 1_700_000_000))
    out = aiemp("watch", "filesystem", "--once")
    assert out.returncode == 0, out.stderr
    assert [path.name for path in (vault / "Needs_Action").rglob("FILE_note*")]
    write_config('[watchers.own]\ncommand = ["sleep", "300"]\n')
    refused = aiemp("watch", "own", "--once")
    assert refused.returncode == 2
    assert "cannot look just once" in refused.stderr


def test_a_watcher_that_lacks_a_variable_is_not_an_error(
    aiemp: Aiemp, write_config: Callable[[str], Path]
) -> None:
    """Not configured: it says what is missing and ends with 0."""
    write_config('[watchers.own]\ncommand = ["sleep", "300"]\nrequires_env = ["OWN_TOKEN"]\n')
    out = aiemp("watch", "own")
    assert (out.returncode, out.stdout) == (0, "")
    assert "OWN_TOKEN is not set" in out.stderr


def test_a_watcher_that_cannot_be_started_says_why(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """A command that does not exist is an error that names it."""
    write_config('[watchers.own]\ncommand = ["/no/such/program"]\n')
    out = aiemp("watch", "own")
    assert out.returncode == 1
    assert "/no/such/program" in out.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_status_watch_redraws_until_it_is_ended(
    vault: Path, environ: dict[str, str], write_config: Callable[[str], Path], number: signal.Signals
) -> None:
    """The status is drawn over and over on the terminal's other screen, without a cursor, and says in its place
    what is wrong with aiemp.toml meanwhile. Ctrl-C brings the terminal back, with the last look left on it."""
    config = write_config("")
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "aiemp", "--vault", str(vault), "status", "--watch"],
        env={**environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(terminal)
        seen = b""

        def read_until(told: Callable[[], bool]) -> None:
            nonlocal seen
            deadline = time.monotonic() + DEADLINE_S
            while not told():
                assert select.select([controller], [], [], max(deadline - time.monotonic(), 0))[0], seen
                seen += os.read(controller, 4096)

        read_until(lambda: seen.count(b"\x1b[H") >= 2)
        config.write_text("nope = 1")
        read_until(lambda: b"nope" in seen)
        config.write_text("")
        read_until(lambda: b"NEEDS YOU" in seen.rpartition(b"nope")[2])
        process.send_signal(number)
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            read_until(lambda: False)
        assert process.wait(20) == 3, "as the last look"
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(controller)
    assert seen.startswith(b"\x1b[?1049h\x1b[?25l")
    drawn, back, left = seen.partition(b"\x1b[?25h\x1b[?1049l")
    assert back
    assert b"NEEDS YOU" in drawn
    assert b"NEEDS YOU" in left


def test_ctrl_c_before_it_has_begun_is_quiet(environ: dict[str, str], vault: Path) -> None:
    """The signal waits until the process that `aiemp run` becomes can be stopped; no import of it is broken off."""

    def press_at_once() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # as `aiemp run` leaves it
        os.kill(os.getpid(), signal.SIGINT)

    options = json.dumps({"vault": str(vault)})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aiemp.supervise", options],
        env=environ,
        preexec_fn=press_at_once,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_orchestrator_that_hangs_is_told(
    aiemp: Aiemp, start_aiemp: Callable[..., Running], vault: Path, named: str
) -> None:
    """It holds the vault and does nothing: status and doctor say so, with what starts it afresh. One that goes on is
    well again after its next look."""
    lock = Places(vault).orchestrator_lock
    running = start_aiemp("run", "--interval", "1")

    def silent() -> list[str]:
        problems = json.loads(aiemp("status", "--json").stdout)["problems"]
        return [each["remedy"] for each in problems if "has shown no sign of life for 2 h" in each["what"]]

    wait_until(lambda: running_by_status(aiemp), "its start")
    os.kill(running.pid, signal.SIGSTOP)
    try:
        long_ago = time.time() - 2.01 * 3600
        os.utime(lock, (long_ago, long_ago))
        (remedy,) = silent()
        assert remedy == f"see why: {named} logs; start it afresh: kill -9 {running.pid}; {named} run"
        out = json.loads(aiemp("doctor", "orchestrator", "--json").stdout)
        assert out["checks"][0]["remedy"] == remedy
    finally:
        os.kill(running.pid, signal.SIGCONT)
    wait_until(lambda: not silent(), "its next look")


def running_by_status(aiemp: Aiemp) -> bool:
    return bool(json.loads(aiemp("status", "--json").stdout)["orchestrator"]["running"])
