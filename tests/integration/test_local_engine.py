"""The local engine on a vault as its owners have them: real watchers, real runs, real crashes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.ledger import Ledger
from aiemp.locks import probe
from aiemp.places import Places
from tests.conftest import Running, processes_naming, wait_until
from tests.observed import dashboard, pid_of, results
from tests.quiet import QUIET

Start = Callable[..., Running]
WriteConfig = Callable[[str], Path]

OWN_WATCHER = """
import argparse, json, os, signal, sys, time
from pathlib import Path

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vault"); parser.add_argument("--interval", type=int)
    args = parser.parse_args()
    signal.signal(signal.SIGINT, lambda *_: (print("clean stop", flush=True), sys.exit(0)))
    note = {"cwd": os.getcwd(), "dry_run": os.environ.get("DRY_RUN"), "interval": args.interval}
    note["pid"] = os.getpid()
    (Path(args.vault) / ".state" / "gmail_seen.json").write_text(json.dumps(note))
    while True:
        time.sleep(60)

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def owners_vault(vault: Path) -> Path:
    """A vault with a watcher of its own, its credentials in .env, and one that lacks its own."""
    package = vault / "scripts" / "watchers"
    package.mkdir(parents=True)
    (vault / "scripts" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "gmail_watcher.py").write_text(OWN_WATCHER)
    (package / "whatsapp_watcher.py").write_text(OWN_WATCHER)
    (vault / ".env").write_text("GMAIL_CREDENTIALS_PATH=./credentials.json\n")
    (vault / ".state").mkdir()
    return vault


def pid_noted(seen: Path) -> int:
    """The pid that the vault's own watcher wrote down; 0 while it is writing."""
    try:
        return int(json.loads(seen.read_text())["pid"])
    except (ValueError, KeyError):
        return 0


def test_existing_vault_runs_unmodified(owners_vault: Path, start_aiemp: Start) -> None:
    """Its own watcher is started as its author meant, shown under System Health, back at once after a kill,
    and stopped cleanly; one without its credentials is no error."""
    vault = owners_vault
    aiemp = start_aiemp("run", "--no-schedules")
    seen = vault / ".state" / "gmail_seen.json"
    wait_until(seen.exists, "the watcher's own file")
    wait_until(lambda: pid_noted(seen) == pid_of(vault, "gmail"), "its pid")
    note = json.loads(seen.read_text())
    assert note["cwd"] == str(vault)
    assert (note["dry_run"], note["interval"]) == ("false", 120)
    wait_until(lambda: "| Gmail Watcher | 🟢 Running |" in dashboard(vault), "its row")
    wait_until(lambda: "Not configured" in dashboard(vault), "the row of the one without credentials")
    assert "WHATSAPP_SESSION_PATH" in aiemp.said()
    first = pid_of(vault, "gmail")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid_of(vault, "gmail") not in (0, first), "its successor", deadline_s=10)
    wait_until(lambda: pid_noted(seen) == pid_of(vault, "gmail"), "the successor at work")
    assert aiemp.stop() == 0
    assert "clean stop" in Places(vault).watcher_log("gmail").read_text()
    assert processes_naming(str(vault)) == []


def test_days_of_downtime_then_each_missed_task_once(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """Tasks whose last run is days back run once each, one at a time; a restart repeats nothing."""
    marks = vault / "Done" / "marks"
    now = datetime.now(UTC)
    at = (now - timedelta(minutes=1)).strftime("%H:%M")
    tasks = "".join(
        f"[tasks.{name}]\nfrequency = 'daily'\ntime = '{at}'\npriority = {priority}\n"
        f"command = ['sh', '-c', '(echo begin {name}; sleep 0.1; echo end {name}) >> Done/marks']\n"
        for name, priority in (("late", 3), ("early", 1), ("middle", 2))
    )
    write_config(QUIET + tasks)
    (vault / ".state").mkdir()
    old = (now - timedelta(days=3)).isoformat()
    state = {"schedule_last_run": {"early": old, "middle": old, "late": old}}
    (vault / ".state" / "orchestrator_state.json").write_text(json.dumps(state))
    wanted = [f"{edge} {name}" for name in ("early", "middle", "late") for edge in ("begin", "end")]
    first = start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: marks.exists() and marks.read_text().splitlines() == wanted, "one run each, in order")
    first.stop()
    ticks = Ledger(vault).read().tick_count
    start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: Ledger(vault).read().tick_count > ticks, "a tick of the next one")
    assert marks.read_text().splitlines() == wanted


def test_watchers_are_supervised_while_a_task_runs(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """During a long run a killed watcher is back at once; a stop ends the run, which stays to be done."""
    write_config(
        QUIET
        + "[tasks.long]\nfrequency = 'hourly'\ncommand = ['sh', '-c', 'touch Done/on; exec sleep 300']\n"
        '[watchers.nap]\ncommand = ["sleep", "300"]\n'
    )
    aiemp = start_aiemp("run", "--interval", "3600")
    wait_until((vault / "Done" / "on").exists, "the run")
    wait_until(lambda: pid_of(vault, "nap"), "the watcher")
    first = pid_of(vault, "nap")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid_of(vault, "nap") not in (0, first), "its successor", deadline_s=10)
    assert results(vault, "long") == []
    assert aiemp.stop() == 0
    assert results(vault, "long") == ["interrupted"]
    assert processes_naming(str(vault)) == []


def test_due_task_starts_on_its_time_not_on_the_next_check(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """With an hour between checks, a task whose slot is seconds ahead still starts within its second."""
    slot = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    write_config(
        QUIET + f"[tasks.mark]\ncalendar = '*-*-* {slot:%H:%M:%S}'\n"
        "command = ['sh', '-c', 'date +%s.%N > Done/at']\n"
    )
    start_aiemp("run", "--no-watchers", "--interval", "3600")
    at = vault / "Done" / "at"
    wait_until(lambda: at.exists() and at.read_text(), "the run")
    lag_s = float(at.read_text()) - slot.timestamp()
    assert 0 <= lag_s < 5, "no check interval in between"


def test_edited_configuration_is_taken_up_while_it_runs(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """A new task and a new watcher start, one that left stops; a mistake is named and changes nothing."""
    config = write_config(QUIET + '[watchers.old]\ncommand = ["sleep", "300"]\n')
    aiemp = start_aiemp("run", "--interval", "1")
    wait_until(lambda: pid_of(vault, "old"), "the first watcher")
    config.write_text(QUIET + '[watchers.new]\ncommand = ["sleep", "300"\n')
    aiemp.wait_for("taking up the edited configuration")
    assert f"{config}:" in aiemp.said()
    assert pid_of(vault, "old")
    config.write_text(
        QUIET + '[watchers.new]\ncommand = ["sleep", "300"]\n'
        "[tasks.mark]\nfrequency = 'hourly'\ncommand = ['touch', 'Done/mark']\n"
    )
    wait_until(lambda: pid_of(vault, "new"), "the new watcher")
    wait_until(lambda: not pid_of(vault, "old"), "the end of the old one")
    wait_until((vault / "Done" / "mark").exists, "the new task")


def test_vault_that_vanishes_is_waited_for(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """While the vault is away that is said once and nothing is made in its place; then all goes on."""
    write_config(
        QUIET + "[tasks.mark]\nfrequency = 'every_n_minutes'\ninterval_minutes = 1\ncommand = ['true']\n"
    )
    aiemp = start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: results(vault, "mark"), "a first run")
    away = vault.with_name("away")
    vault.rename(away)
    aiemp.wait_for("looking for the vault")
    said = aiemp.said().count("looking for the vault")
    time_of_ticks = time.monotonic() + 2.5
    wait_until(lambda: time.monotonic() > time_of_ticks, "some ticks")
    assert not vault.exists()
    assert aiemp.said().count("looking for the vault") == said
    away.rename(vault)
    aiemp.wait_for("looking for the vault: works again")
    assert aiemp.stop() == 0


def test_deleted_state_folder_keeps_one_of_each(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """``rm -r .state`` under a running orchestrator: it and its watchers hold their locks again, so a second
    orchestrator is refused, and nothing is repeated."""
    write_config(
        QUIET + '[watchers.nap]\ncommand = ["sleep", "298"]\n'
        "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\ncommand = ['sh', '-c', 'echo x >> Done/marks']\n"
    )
    first = start_aiemp("run", "--interval", "1")
    wait_until(lambda: results(vault, "mark") == ["succeeded"], "the run")
    nap = pid_of(vault, "nap")
    assert nap
    (vault / ".state").rename(vault.parent / "old")  # at once: it writes into it all the time
    shutil.rmtree(vault.parent / "old")
    first.wait_for("was deleted; it is made anew")
    wait_until(lambda: pid_of(vault, "nap") not in (0, nap), "the watcher under a lock that counts")
    second = start_aiemp("run", "--interval", "1")
    assert second.process.wait(20) == 1
    assert f"pid {first.pid}" in second.said()
    assert len(processes_naming("sleep 298")) == 1
    assert (vault / "Done" / "marks").read_text() == "x\n"


def test_kills_at_random_moments_double_and_lose_nothing(
    vault: Path, start_aiemp: Start, write_config: WriteConfig
) -> None:
    """Ten orchestrators killed while they work: one copy of each watcher, every run known, none at once."""
    write_config(
        QUIET + "[tasks.mark]\nfrequency = 'daily'\ntime = '00:00'\nmax_attempts = 100\n"
        "command = ['sh', '-c', 'echo x >> Done/marks; sleep 0.2']\n"
        '[watchers.nap]\ncommand = ["sleep", "299"]\n'
    )
    for n in range(10):
        aiemp = start_aiemp("run", "--interval", "1")
        wait_until(lambda: probe(Places(vault).orchestrator_lock), "the start")
        deadline = time.monotonic() + 0.05 * n
        wait_until(lambda deadline=deadline: time.monotonic() >= deadline, "a moment")  # type: ignore[misc]
        os.kill(aiemp.pid, signal.SIGKILL)
        aiemp.process.wait()
    last = start_aiemp("run", "--interval", "1")
    last.wait_for("orchestrator starting")
    wait_until(lambda: "succeeded" in results(vault, "mark"), "the run")
    assert results(vault, "mark").count("succeeded") == 1
    assert len(processes_naming("sleep 299")) == 1
    assert last.stop() == 0
    assert processes_naming(str(vault)) == []
    assert len((vault / "Done" / "marks").read_text().splitlines()) == len(results(vault, "mark"))
