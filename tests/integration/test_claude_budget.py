"""The budget of a day and the pause under the local engine, with a scripted fake ``claude``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp.ledger import Ledger
from aiemp.places import Places
from aiemp.runs import Result
from tests.conftest import Aiemp, Running, wait_until
from tests.fakes.claude import FakeClaude
from tests.quiet import QUIET

Start = Callable[..., Running]
WriteConfig = Callable[[str], Path]
NAMES = ("first", "second", "third")


def asking(limits: str = "") -> str:
    """A configuration with three tasks that ask Claude once a day."""
    tasks = "".join(
        f"[tasks.{name}]\nfrequency = 'daily'\ntime = '00:00'\nprompt = 'Say {name}'\npriority = {n}\n"
        for n, name in enumerate(NAMES)
    )
    return f"{QUIET}{tasks}[claude]\n{limits}"


def last(vault: Path, name: str) -> Result | None:
    end = Ledger(vault).read().record(name).last
    return end.result if end else None


def test_catch_up_after_days_of_downtime_stays_within_the_budget(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, claude: FakeClaude
) -> None:
    """Three tasks are days late and two runs are allowed: two are asked, the third is blocked, stays due, and
    runs as soon as its owner raises the limit."""
    (vault / ".state").mkdir()
    old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    state = {"schedule_last_run": dict.fromkeys(NAMES, old)}
    (vault / ".state" / "orchestrator_state.json").write_text(json.dumps(state))
    config = write_config(asking("runs_per_day = 2\n"))
    start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: last(vault, "third") is Result.BLOCKED, "the one that is beyond the budget")
    assert [call["argv"][-1] for call in claude.calls] == ["Say first", "Say second"]
    assert "runs_per_day" in Ledger(vault).read().record("third").blocked_reason
    config.write_text(asking("runs_per_day = 3\n"))
    wait_until(lambda: last(vault, "third") is Result.SUCCEEDED, "the run that the raised limit allows")
    assert len(claude.calls) == 3


def test_a_pause_holds_the_engine_until_it_is_resumed(
    vault: Path, start_aiemp: Start, aiemp: Aiemp, write_config: WriteConfig, claude: FakeClaude
) -> None:
    """What is due waits, without a call of Claude and without costing attempts; after `aiemp resume` each task
    runs once, with nothing said to the orchestrator."""
    write_config(asking())
    aiemp("pause", check=True)
    start_aiemp("run", "--no-watchers", "--interval", "1")
    for name in NAMES:
        wait_until(lambda name=name: last(vault, name) is Result.BLOCKED, f"{name} blocked")  # type: ignore[misc]
    assert claude.calls == []
    assert "Claude is paused" in (vault / "Dashboard.md").read_text()
    aiemp("resume", check=True)
    for name in NAMES:
        wait_until(lambda name=name: last(vault, name) is Result.SUCCEEDED, f"{name} done")  # type: ignore[misc]
    assert len(claude.calls) == 3


def test_a_pause_ends_by_itself(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, claude: FakeClaude
) -> None:
    """At its moment, without anybody there."""
    write_config(asking())
    until = datetime.now(UTC) + timedelta(seconds=6)
    Places(vault).pause.parent.mkdir(parents=True)
    Places(vault).pause.write_text(json.dumps({"until": until.isoformat()}))
    start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: last(vault, "first") is Result.BLOCKED, "the pause")
    wait_until(lambda: last(vault, "first") is Result.SUCCEEDED, "the run after it")
    started = Ledger(vault).read().record("first").last_run
    assert started is not None
    assert started >= until


REFUSING = """
from datetime import datetime, timedelta, timezone
from aiemp.errors import Blocked

def ask(vault, dry_run):
    calls = vault / "Done" / "calls"
    before = calls.read_text().splitlines() if calls.exists() else []
    now = datetime.now(timezone.utc)
    until = now + timedelta(seconds=5)
    with calls.open("a") as file:
        file.write(f"{now.isoformat()} {until.isoformat()}\\n")
    if not before:
        raise Blocked("the account is at its limit", until)
"""


def test_a_task_blocked_until_a_moment_is_left_alone_until_then(
    vault: Path, start_aiemp: Start, write_config: WriteConfig, claude: FakeClaude
) -> None:
    """Refused with a time, it is started exactly once more, when that has come; the dashboard says when."""
    config = write_config(
        f"{QUIET}[tasks.ask]\nfrequency = 'daily'\ntime = '00:00'\nfunction = 'refusing_tasks:ask'\n"
    )
    (config.parent / "refusing_tasks.py").write_text(REFUSING)
    start_aiemp("run", "--no-watchers", "--interval", "1")
    wait_until(lambda: last(vault, "ask") is Result.BLOCKED, "the refusal")
    assert Ledger(vault).read().record("ask").blocked_until is not None
    wait_until(lambda: "Waiting until" in (vault / "Dashboard.md").read_text(), "its row")
    wait_until(lambda: last(vault, "ask") is Result.SUCCEEDED, "the run after it")
    calls = [line.split() for line in (vault / "Done" / "calls").read_text().splitlines()]
    assert len(calls) == 2
    assert calls[1][0] >= calls[0][1]


def test_a_run_that_died_counts(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig, claude: FakeClaude, start_aiemp: Start
) -> None:
    """A kill in the middle of a run leaves no end; what it may have spent is not spent again."""
    write_config(asking("runs_per_day = 1\n"))
    claude.does(("tell", "Done/on"), ("sleep", 60))
    run = start_aiemp("trigger", "first")
    wait_until((vault / "Done" / "on").exists, "Claude at work")
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not _lock_held(vault), "the end of what it left")
    again = aiemp("trigger", "second")
    assert again.returncode == 1
    assert "runs_per_day" in again.stdout
    assert len(claude.calls) == 1
    for pid in claude.alive():
        os.kill(pid, 9)
    wait_until(lambda: not claude.alive(), "the end of Claude")


def _lock_held(vault: Path) -> bool:
    from aiemp.locks import probe

    return probe(Places(vault).run_lock) is not None
