"""How watchers are started: the vault's own as their authors meant, and what a start needs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aiemp.places import Places
from aiemp.plan import Plan, Watcher
from aiemp.watchers.discovery import discover
from tests.integration.watchers.watching import (
    APPROVAL,
    DEADLINE_S,
    STOP_S,
    Processes,
    every_second,
    processed,
    until,
)

# ---- how it is started


def test_a_discovered_watcher_is_started_as_its_author_meant(vault: Path, processes: Processes) -> None:
    """Its module, arguments, folder and environment are right, its imports work, and SIGINT ends it."""
    scripts = vault / "scripts" / "watchers"
    scripts.mkdir(parents=True)
    (vault / "scripts" / "__init__.py").touch()
    (scripts / "__init__.py").touch()
    (scripts / "base_watcher.py").write_text("GREETING = 'from the base'\n")
    (scripts / "finance_watcher.py").write_text(
        "import json, os, sys, time\n"
        "from scripts.watchers.base_watcher import GREETING\n"
        "facts = {'argv': sys.argv, 'cwd': os.getcwd(), 'env': dict(os.environ), 'greeting': GREETING}\n"
        "open('facts.tmp', 'w').write(json.dumps(facts)); os.rename('facts.tmp', 'facts.json')\n"
        "print('said at once')\n"
        "try:\n"
        "    time.sleep(600)\n"
        "except KeyboardInterrupt:\n"
        "    print('clean stop'); sys.exit(0)\n"
    )
    (vault / ".env").write_text("BANK_TOKEN_PATH=secrets/bank.json\nDRY_RUN=1\n")
    [finance] = discover(vault)
    log = Places(vault).watcher_log("finance")
    process = processes.watch(finance, Plan(vault), log, NOTIFY_SOCKET="/run/nobody", JOURNAL_STREAM="8:1")
    until((vault / "facts.json").exists, "the watcher's facts")
    facts = json.loads((vault / "facts.json").read_text())
    assert facts["argv"] == [str(scripts / "finance_watcher.py"), "--vault", str(vault), "--interval", "60"]
    assert facts["cwd"] == str(vault)
    assert facts["greeting"] == "from the base"
    assert facts["env"]["BANK_TOKEN_PATH"] == "secrets/bank.json"
    assert facts["env"]["DRY_RUN"] == "false"
    assert not {"NOTIFY_SOCKET", "JOURNAL_STREAM", "AIEMP_WATCHER_LOCK"} & facts["env"].keys()
    until(lambda: log.read_text() == "said at once\n", "its output")
    assert os.getsid(process.pid) == process.pid
    process.send_signal(signal.Signals[finance.stop_signal])
    assert process.wait(STOP_S) == 0
    assert log.read_text() == "said at once\nclean stop\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_keeps_no_watcher_from_starting(
    vault: Path, processes: Processes
) -> None:
    """The watcher runs; its output goes where ours goes."""
    log = vault / "Logs" / "aiemp" / "x.log"
    log.mkdir(parents=True)
    processes.watch(Watcher("feed", command=("sh", "-c", "touch ran; exec sleep 300")), Plan(vault), log)
    until((vault / "ran").exists, "its start")


def test_the_vault_is_not_searched_for_modules(vault: Path, processes: Processes) -> None:
    """A json.py that somebody wrote into the vault is not executed by the built-in watchers."""
    for name in ("json.py", "logging.py", "aiemp.py"):
        (vault / name).write_text("open('/proc/self/cwd/taken-in', 'w')\nraise SystemExit('taken in')\n")
    process = processes.watch(every_second(APPROVAL), Plan(vault))
    until(lambda: processed(vault, "approval").exists(), "a sign of life")
    assert process.poll() is None


@pytest.mark.parametrize("name", ["filesystem", "approval"])
def test_a_long_running_watcher_loads_no_more_than_it_needs(name: str) -> None:
    """What is loaded at start costs memory for months, and time at each restart."""
    code = f"import sys, aiemp.watchers.{name}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    heavy = {"click", "jinja2", "rich", "yaml", "tomlkit", "dotenv", "watchfiles", "asyncio", "subprocess"}
    heavy |= {"dataclasses", "typing", "logging", "argparse", "hashlib", "datetime", "zoneinfo", "contextlib"}
    heavy |= {"pathlib", "urllib"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--vault is missing"),
        (["--vault"], "--vault needs a value"),
        (["--vault=/nowhere/at/all"], "is no folder"),
        (["--vault", "/", "--interval", "0"], "--interval is a number of seconds"),
        (["--vault", "/", "--interval", "-5"], "--interval is a number of seconds"),
        (["--vault", "/", "--verbose"], "unknown argument '--verbose'"),
    ],
)
def test_a_wrong_command_line_is_said(processes: Processes, arguments: list[str], message: str) -> None:
    """Exit 2, the mistake and the usage on standard error."""
    process = processes.run(sys.executable, "-m", "aiemp.watchers.filesystem", *arguments, cwd="/")
    output, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert message in error.decode()
    assert "usage: python -m aiemp.watchers.filesystem" in error.decode()
    assert output == b""
