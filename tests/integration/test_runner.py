"""Running one task, with real child processes: lock, due check, record, limit, interruption."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from aiemp.clock import utc_now
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire
from aiemp.places import Places
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.runner import run_task
from aiemp.runs import Result, Run
from tests.conftest import Aiemp, processes_naming, wait_until
from tests.observed import dashboard, results

WriteConfig = Callable[[str], Path]
HOURLY = 'frequency = "hourly"\n'


def error_rows(vault: Path) -> list[str]:
    """The rows under Recent Errors, without the head of the table."""
    lines = dashboard(vault).partition("Recent Errors")[2].splitlines()
    return [line for line in lines if line.startswith("| 2")]


def test_manual_run_does_its_work_and_is_written_down(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """A command runs in the vault; its end is in the ledger, the history and the activity log."""
    write_config(f'[tasks.mark]\n{HOURLY}command = ["sh", "-c", "echo done > Done/mark.txt"]\n')
    done = aiemp("trigger", "mark")
    assert done.returncode == 0, done.stderr
    assert (vault / "Done" / "mark.txt").read_text() == "done\n"
    assert results(vault, "mark") == ["succeeded"]
    assert Ledger(vault).read().record("mark").last_run is not None
    assert re.search(r"\| mark +\| The command ended well \| ✅ Success \|", dashboard(vault))


def test_scheduled_run_that_is_not_due_does_nothing_and_exits_0(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """A timer that fires twice does no harm: the second trigger finds that nothing is due."""
    write_config(f'[tasks.mark]\n{HOURLY}command = ["sh", "-c", "echo x >> Done/mark.txt"]\n')
    assert aiemp("trigger", "mark", "--scheduled").returncode == 0
    again = aiemp("trigger", "mark", "--scheduled")
    assert again.returncode == 0
    assert (vault / "Done" / "mark.txt").read_text() == "x\n"
    assert "not yet" in again.stdout + again.stderr


def test_failed_command_says_why_and_exits_1(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """The exit status and the last words of a failed command are its error, everywhere."""
    write_config(f'[tasks.bad]\n{HOURLY}command = ["sh", "-c", "echo no such account >&2; exit 4"]\n')
    done = aiemp("trigger", "bad")
    assert done.returncode == 1
    assert "no such account" in done.stdout + done.stderr
    assert results(vault, "bad") == ["failed"]
    assert "no such account" in dashboard(vault)


def test_exhausted_attempts_alert_once(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """After the last attempt of a slot there is one alert, whose row takes the place of the attempts'; a later
    success takes it back."""
    write_config(
        f'[tasks.bad]\n{HOURLY}retry_delay_minutes = 0\ncommand = ["sh", "-c", "test -e Done/mended"]\n'
    )
    alerts = Places(vault).alerts
    assert aiemp("trigger", "bad", "--scheduled").returncode == 1
    assert not alerts.exists(), "one attempt is left"
    [row] = error_rows(vault)
    assert "It is tried again at once" in row
    assert aiemp("trigger", "bad", "--scheduled").returncode == 1
    assert len(list(alerts.glob("*.md"))) == 1
    [row] = error_rows(vault)
    assert "the command ended with exit code 1" in row
    assert "then run: aiemp trigger bad" in row
    assert aiemp("trigger", "bad", "--scheduled").returncode == 0, "given up until the next slot"
    assert results(vault, "bad") == ["failed", "failed"]
    (vault / "Done" / "mended").touch()
    assert aiemp("trigger", "bad").returncode == 0
    assert list(alerts.glob("*.md")) == []
    [row] = error_rows(vault)
    assert "| Resolved" in row


def test_claude_task_without_claude_is_blocked_not_failed(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """Without Claude the triage stays due, says why once, costs no attempt, and runs when Claude is there."""
    (vault / "Needs_Action" / "EMAIL_x.md").write_text("---\ntype: email\n---\n")
    write_config("[tasks.morning_triage]\nfrequency = 'hourly'\n")
    first = aiemp("trigger", "morning_triage", "--scheduled")
    assert first.returncode == 0
    assert "blocked" in first.stdout + first.stderr
    assert "claude" in dashboard(vault).lower()
    before = dashboard(vault)
    assert aiemp("trigger", "morning_triage", "--scheduled").returncode == 0
    assert dashboard(vault) == before, "said once per slot"
    assert aiemp("trigger", "morning_triage").returncode == 1, "a person is told by the exit status"
    record = Ledger(vault).read().record("morning_triage")
    assert (record.attempts, record.last_run) == (0, None)
    folder = vault.parent / "bin"
    folder.mkdir()
    (folder / "claude").write_text("#!/bin/sh\nrm Needs_Action/EMAIL_x.md; echo triaged\n")
    (folder / "claude").chmod(0o755)
    done = aiemp("trigger", "morning_triage", "--scheduled", PATH=f"{folder}:/usr/bin:/bin")
    assert done.returncode == 0
    assert results(vault, "morning_triage")[0] == "succeeded"


def trigger_that_waits(vault: Path, environ: dict[str, str]) -> tuple[subprocess.Popen[str], IO[str]]:
    """A trigger of ``mark`` by hand, while something else runs, and what it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aiemp", "--vault", str(vault), "trigger", "mark"],
        env=environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    return process, process.stderr


def test_manual_run_waits_for_the_one_that_goes_on(
    vault: Path, environ: dict[str, str], write_config: WriteConfig
) -> None:
    """A second run says whom it waits for, and starts when the lock is free; waiting costs no time limit."""
    write_config(f'[tasks.mark]\n{HOURLY}command = ["sh", "-c", "echo done > Done/mark.txt"]\n')
    lock = acquire(Places(vault).run_lock, Holder(os.getpid(), "task other", "scheduled"))
    waiting, said = trigger_that_waits(vault, environ)
    assert f"waiting for task other, pid {os.getpid()}" in said.readline()
    assert not (vault / "Done" / "mark.txt").exists()
    lock.release()
    assert waiting.wait(30) == 0
    said.close()
    assert (vault / "Done" / "mark.txt").exists()


def start_long(vault: Path, environ: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """``aiemp trigger long``, once its command is running."""
    child = subprocess.Popen(
        [sys.executable, "-m", "aiemp", "--vault", str(vault), "trigger", "long", *arguments],
        env=environ,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    wait_until((vault / "Done" / "started").exists, "the command")
    return child


LONG = f'[tasks.long]\n{HOURLY}command = ["sh", "-c", "touch Done/started; exec sleep 300"]\n'


HOLDS_THE_LOCK = """
import os, sys, time
from pathlib import Path
from aiemp.locks import Holder, acquire
lock = acquire(Path(sys.argv[1]), Holder(os.getpid(), "task deaf"))
print("held", flush=True)
time.sleep(300)
"""


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
@pytest.mark.parametrize(("lived_min", "result"), [(5, "failed"), (4, "interrupted")])
def test_waiting_run_knows_how_long_the_one_before_it_lived(vault: Path, lived_min: int, result: str) -> None:
    """The one that holds the lock is killed while another waits for it: over its limit it has timed out, and before
    that it was interrupted. The one that waited goes on."""
    deaf = ScheduledTask("deaf", "", Frequency.HOURLY, command=("true",), timeout_minutes=5)
    mark = ScheduledTask("mark", "", Frequency.HOURLY, command=("true",))
    plan = Plan(vault, tasks=(deaf, mark))
    now = utc_now()
    started = now - timedelta(minutes=lived_min)
    lock = Places(vault).run_lock
    with subprocess.Popen([sys.executable, "-c", HOLDS_THE_LOCK, lock], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        Ledger(vault).begin(Run("deaf", started, 1, started, holder.pid))

        def say(text: str) -> None:
            if "waiting for" in text:
                holder.kill()

        report = run_task(plan, "mark", scheduled=False, environ=os.environ, say=say, clock=lambda: now)
    assert report.result is Result.SUCCEEDED
    assert results(vault, "deaf") == [result]
    assert ("timed out after 5 min" in dashboard(vault)) is (result == "failed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_leaves_the_run_interrupted(
    vault: Path, environ: dict[str, str], write_config: WriteConfig, number: signal.Signals
) -> None:
    """A stopped run ends its command, is written down as interrupted, and is due again."""
    write_config(LONG)
    child = start_long(vault, environ, "--scheduled")
    child.send_signal(number)
    assert child.wait(30) == 128 + number
    assert results(vault, "long") == ["interrupted"]
    assert processes_naming(str(vault)) == []
    record = Ledger(vault).read().record("long")
    assert (record.running, record.attempts, record.last_run) == (None, 0, None), "it cost no attempt"


def test_systemd_hears_of_wait_run_and_stop(
    vault: Path, environ: dict[str, str], write_config: WriteConfig, tmp_path: Path
) -> None:
    """READY when the lock is held, what runs as the status; told to stop, the run says so and asks for the time
    that this takes."""
    write_config(LONG)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        child = start_long(vault, {**environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}, "--scheduled")
        assert systemd.recv(4096) == b"READY=1"
        assert systemd.recv(4096).startswith(b"STATUS=running long@")
        child.terminate()
        assert [systemd.recv(4096) for _ in range(2)] == [b"STOPPING=1", b"EXTEND_TIMEOUT_USEC=60000000"]
        assert child.wait(30) == 128 + signal.SIGTERM


def test_killed_run_is_found_by_the_next(
    vault: Path, environ: dict[str, str], aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """After kill -9 nothing holds the lock, and the next run writes the dead one down as interrupted."""
    write_config(LONG)
    child = start_long(vault, environ, "--scheduled")
    child.kill()
    child.wait()
    wait_until(lambda: processes_naming(str(vault)) == [], "the end of its command")
    write_config(LONG.replace("exec sleep 300", "true"))
    assert aiemp("trigger", "long", "--scheduled").returncode == 0
    assert results(vault, "long") == ["succeeded", "interrupted"]
    assert Ledger(vault).read().record("long").last is not None


def test_what_a_killed_run_left_at_work_is_ended_by_the_next(
    vault: Path, environ: dict[str, str], aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """kill -9 of a run takes its child along, but not what that one had started, in a session of its own or not:
    it must not work on beside the next attempt."""
    marks = vault.parent / "marks"
    work = f"import time; open({str(marks)!r}, 'a').write('x'); time.sleep(300)"
    command = ["sh", "-c", 'setsid "$0" -c "$1" & "$0" -c "$1"; true', sys.executable, work]
    write_config(f"[tasks.long]\n{HOURLY}command = {json.dumps(command)}\n")
    child = subprocess.Popen(
        [sys.executable, "-m", "aiemp", "--vault", str(vault), "trigger", "long", "--scheduled"],
        env=environ,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: marks.exists() and marks.read_text() == "xx", "both at work")
    child.kill()
    child.wait()
    wait_until(lambda: len(processes_naming(str(marks))) == 2, "the death of the shell alone")
    write_config(f'[tasks.long]\n{HOURLY}command = ["true"]\n')
    done = aiemp("trigger", "long", "--scheduled")
    assert results(vault, "long") == ["succeeded", "interrupted"]
    assert processes_naming(str(marks)) == []
    assert "left at work" in done.stderr


def test_second_run_waits_though_the_locks_were_deleted(
    vault: Path, environ: dict[str, str], write_config: WriteConfig
) -> None:
    """``rm -r .state`` (or ``git clean -fdx``) in the middle of a run: the next one still waits for its end."""
    write_config(LONG + f'[tasks.mark]\n{HOURLY}command = ["sh", "-c", "echo x > Done/mark"]\n')
    child = start_long(vault, environ)
    (vault / ".state").rename(vault.parent / "old")
    waiting, said = trigger_that_waits(vault, environ)
    assert "waiting for another run" in said.readline()
    assert not (vault / "Done" / "mark").exists()
    child.terminate()
    child.wait()
    assert waiting.wait(30) == 0
    said.close()
    assert (vault / "Done" / "mark").exists()


def test_time_limit_ends_the_whole_command(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that takes longer than its limit is ended, and the run failed with that reason."""
    config = write_config(
        "[tasks.slow]\nfrequency = 'hourly'\nfunction = 'slow_task:run'\ntimeout_minutes = 1\n"
    )
    (config.parent / "slow_task.py").write_text(
        "import time\n"
        "def run(vault_path, dry_run=False):\n"
        "    import signal; signal.setitimer(signal.ITIMER_REAL, 0.2)  # the minute, made short\n"
        "    time.sleep(60)\n"
    )
    started = time.monotonic()
    done = aiemp("trigger", "slow")
    assert done.returncode == 1
    assert "timed out after 1 min" in done.stdout + done.stderr
    assert time.monotonic() - started < 30


def test_function_that_raises_is_a_failed_run(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """An exception in a user's function is its error, by type and text, and the program goes on."""
    config = write_config("[tasks.mine]\nfrequency = 'hourly'\nfunction = 'my_task:run'\n")
    (config.parent / "my_task.py").write_text(
        "def run(vault_path, dry_run=False):\n    raise KeyError('amount')\n"
    )
    done = aiemp("trigger", "mine")
    assert done.returncode == 1
    assert results(vault, "mine") == ["failed"]
    assert "KeyError" in str(Ledger(vault).read().record("mine").last)


def test_dry_run_changes_nothing(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """A dry run of each task leaves every file and folder of the vault as it was."""
    (vault / "Needs_Action" / "EMAIL_x.md").write_text("---\ntype: email\n---\n")
    old = vault / "Done" / "old.md"
    old.write_text("old")
    os.utime(old, (0, 0))
    write_config(f'[tasks.mark]\n{HOURLY}command = ["touch", "Done/no"]\n')
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in vault.rglob("*")}
    listed = json.loads(aiemp("--json", "list").stdout)
    names = [task["name"] for task in listed["tasks"]]
    assert "mark" in names
    assert "morning_triage" in names
    for name in names:
        done = aiemp("trigger", name, "--dry-run")
        assert done.returncode == 0, (name, done.stderr)
    assert aiemp("run", "--once", DRY_RUN="true").returncode == 0
    after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in vault.rglob("*")}
    ours = {path for path in after if ".state" in path.parts}
    assert {path: facts for path, facts in after.items() if path not in ours | {vault}} == {
        path: facts for path, facts in before.items() if path not in ours | {vault}
    }


def test_run_that_cannot_be_written_down_is_not_started(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig
) -> None:
    """With a ledger that cannot be written nothing runs: it could be done twice. The task stays due."""
    write_config(f'[tasks.mark]\n{HOURLY}command = ["touch", "Done/mark.txt"]\n')
    (vault / ".state").write_text("a file where a folder should be")
    done = aiemp("trigger", "mark")
    assert done.returncode == 1
    assert "blocked: cannot take the run lock" in done.stdout + done.stderr
    assert not (vault / "Done" / "mark.txt").exists()
    (vault / ".state").unlink()
    assert aiemp("trigger", "mark", "--scheduled").returncode == 0
    assert (vault / "Done" / "mark.txt").exists()


def test_unknown_task_is_a_usage_error(aiemp: Aiemp) -> None:
    """A name that is not in the plan ends with 2 and names what there is."""
    done = aiemp("trigger", "morning_triag")
    assert done.returncode == 2
    assert "morning_triage" in done.stderr


def test_missing_vault_blocks_and_is_not_made(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without its vault a task is blocked, with the remedy; no folder appears in its place."""
    gone = tmp_path / "not mounted" / "vault"
    done = subprocess.run(
        [sys.executable, "-m", "aiemp", "--vault", str(gone), "trigger", "done_archive"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert str(gone) in done.stdout + done.stderr
    assert not gone.parent.exists()
