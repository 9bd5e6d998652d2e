"""The orchestrator under a real PM2: started, stopped, restarted, killed, and given up."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from aiemp.ledger import Ledger
from aiemp.locks import probe
from aiemp.places import Places
from tests.conftest import Aiemp, processes_naming, wait_until
from tests.pm2.conftest import ONE_LONG_TASK, Pm2, command_line, watchers_of

Configure = Callable[..., Path]
WriteConfig = Callable[[str], Path]


def charge_of(vault: Path) -> int:
    """The process that is in charge of the vault."""
    holder = probe(Places(vault).orchestrator_lock)
    return holder.pid if holder is not None and holder.pid else 0


def is_up(pm2: Pm2, vault: Path) -> bool:
    """Whether the process that PM2 knows is in charge, and both watchers run."""
    return pm2.pid != 0 and pm2.pid == charge_of(vault) and len(watchers_of(vault)) == 2


def test_start_kill_and_restart(
    pm2: Pm2, configure: Configure, write_config: WriteConfig, vault: Path
) -> None:
    """It comes up with its watchers; the process that PM2 knows is the orchestrator, which has shed Click by
    then. After kill -9 it is back, and the watchers are the same ones. `pm2 restart` ends and starts all."""
    write_config(ONE_LONG_TASK.replace('"hourly"', '"hourly"\nenabled = false'))
    file = configure()
    pm2("start", str(file))
    wait_until(lambda: is_up(pm2, vault), "orchestrator and watchers are up")
    row = re.compile(r"\| Orchestrator \|[^—\n]+\|[^—\n]+\|")
    wait_until(lambda: row.search((vault / "Dashboard.md").read_text()), "the dashboard says how it is")
    assert b"aiemp.supervise" in command_line(pm2.pid)
    seen = pm2.look()
    assert (seen["pid"], seen["pm2_env"]["status"]) == (pm2.pid, "online")
    assert seen["pm2_env"]["DRY_RUN"] == "false"

    first, watchers = pm2.pid, watchers_of(vault)
    os.kill(first, 9)
    wait_until(lambda: pm2.pid != first and is_up(pm2, vault), "a new orchestrator is up")
    wait_until(lambda: pm2.said().count("watcher approval:") == 2, "it has looked at its watchers")
    assert watchers_of(vault) == watchers

    second = pm2.pid
    pm2("restart", "aiemp-orchestrator")
    wait_until(lambda: pm2.pid != second and is_up(pm2, vault), "the restarted orchestrator is up")
    assert not set(watchers_of(vault)) & set(watchers)
    assert "orchestrator stopped" in pm2.said()


def test_stop_is_clean(
    pm2: Pm2, configure: Configure, write_config: WriteConfig, vault: Path, aiemp: Aiemp
) -> None:
    """`pm2 stop` returns when everything has ended: no process is left, the task under way is interrupted, not
    lost, and runs again after `pm2 start`. Its program finds no channel to PM2."""
    write_config(ONE_LONG_TASK)
    file = configure(name="ecosystem.config.cjs")
    pm2("start", str(file))
    wait_until(lambda: (vault / "channel").exists() and (vault / "channel").read_text(), "the task runs")
    wait_until(lambda: is_up(pm2, vault), "orchestrator and watchers are up")
    assert (vault / "channel").read_text() == "\n"

    pm2("stop", str(file))
    assert processes_naming(str(vault)) == []
    assert pm2.look()["pm2_env"]["status"] == "stopped"
    past = json.loads(aiemp("history", "--json", check=True).stdout)["runs"]
    assert [(run["task"], run["result"]) for run in past] == [("long", "interrupted")]

    slot = Ledger(vault).read().record("long").slot
    (vault / "channel").unlink()
    pm2("start", str(file))
    wait_until((vault / "channel").exists, "the task runs again")
    record = Ledger(vault).read().record("long")
    assert record.running is not None and record.running.slot == slot


def test_gives_up_what_always_fails(pm2: Pm2, configure: Configure, vault: Path, tmp_path: Path) -> None:
    """With a configuration that has a mistake PM2 stops trying at its limit. (Fewer tries here, and no pauses;
    what the real numbers come to is worked out in test_pm2.py.)"""
    config = tmp_path / "aiemp.toml"
    config.write_text("")
    file = configure("--config", str(config))
    text = re.sub(r"max_restarts: \d+", "max_restarts: 4", file.read_text())
    file.write_text(text.replace('"--failure-pause", "10"', '"--failure-pause", "0.1"'))
    config.write_text("nonsense = 1\n")
    pm2("start", str(file))
    wait_until(lambda: pm2.look()["pm2_env"]["status"] == "errored", "PM2 has given up")
    assert pm2.look()["pm2_env"]["restart_time"] == 3
    assert pm2.said().count("nonsense") >= 4
    assert watchers_of(vault) == []
