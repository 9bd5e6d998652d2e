"""What the real Claude Code cannot be made to do, done by a scripted one under the real `aiemp trigger`.

However it ends, nothing of it is left, the run is written down, and the memory of the trigger stays small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiemp.process import LINUX_CAN_ADOPT
from tests.conftest import processes_naming
from tests.fakes.claude import FakeClaude

PEAK_MEMORY = Path(__file__).parents[1] / "peak_memory.py"
GRACE_S = 10.0
SILENT_S = 1.5
SLACK_S = 15.0
FLOOD_BYTES = 500 * 1000 * 1000
MOST_GROWTH_KB = 20 * 1024

INIT = json.dumps({"type": "system", "subtype": "init", "session_id": "s", "model": "m"}) + "\n"
RESULT = json.dumps({"type": "result", "subtype": "success", "is_error": False, "result": "Done."}) + "\n"

pytestmark = pytest.mark.skipif(not LINUX_CAN_ADOPT, reason="only Linux adopts orphans")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeClaude]:
    """The scripted one. After the test no process that it noted is there, not even a zombie."""
    fake = FakeClaude(tmp_path / "bin")
    yield fake
    alive = fake.alive()
    for pid in alive:
        os.kill(pid, 9)
    assert not alive, f"left behind: {alive} of {fake.pids()}"


class Trigger:
    """`aiemp trigger ask`, a task that asks Claude."""

    def __init__(self, fake: FakeClaude, vault: Path, environ: dict[str, str]) -> None:
        self.fake = fake
        self.vault = vault
        self.environ = {**environ, "PATH": f"{fake.folder}:/usr/bin:/bin"}
        self.peak_kb = 0
        self.took_s = 0.0

    def __call__(self, *steps: tuple[Any, ...]) -> dict[str, Any]:
        """Run it to its end; what it was worth as `--json` tells it."""
        self.fake.does(*steps)
        started = time.monotonic()
        peak = self.fake.folder / "peak"
        aiemp = [sys.executable, "-m", "aiemp", "--vault", str(self.vault), "trigger", "ask", "--json"]
        out = subprocess.run(
            [sys.executable, "-S", PEAK_MEMORY, peak, *aiemp],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        ).stdout
        self.took_s = time.monotonic() - started
        self.peak_kb = int(peak.read_text())
        assert not processes_naming(str(self.fake.folder)), "the trigger ends after all that it started"
        answer: dict[str, Any] = json.loads(out)
        return answer


@pytest.fixture
def trigger(
    fake: FakeClaude, vault: Path, environ: dict[str, str], write_config: Callable[[str], Path]
) -> Trigger:
    """One that ends what is silent soon."""
    write_config(
        f'[claude]\nsilent_minutes = {SILENT_S / 60}\n[tasks.ask]\nfrequency = "hourly"\nprompt = "Do it."\n'
    )
    return Trigger(fake, vault, environ)


def test_closed_output_is_silence(trigger: Trigger, fake: FakeClaude) -> None:
    """One that closes its output and sleeps shows no sign of work, and is ended."""
    answer = trigger(("say", INIT), ("close_output",), ("sleep",))
    assert answer["result"] == "failed"
    assert "printed nothing for" in answer["message"]
    assert trigger.took_s < SILENT_S + SLACK_S


def test_the_worst_of_all(trigger: Trigger, fake: FakeClaude) -> None:
    """One that ignores SIGTERM, as do its helper, a daemon in a session of its own, and one that dodges by
    forking for ever, has its grace; then all of it is gone."""
    hostile = (("ignore_sigterm",), ("helper", True), ("daemon", True), ("dodging_daemon",))
    answer = trigger(("say", INIT), *hostile, ("sleep",))
    assert answer["result"] == "failed"
    assert "printed nothing for" in answer["message"]
    assert len(fake.pids()) >= 4
    assert GRACE_S < trigger.took_s < SILENT_S + GRACE_S + SLACK_S


ENDS: dict[str, tuple[list[tuple[Any, ...]], str, str]] = {
    "leaves an MCP server": ([("helper", True), ("say", INIT + RESULT)], "succeeded", "Done."),
    "leaves a daemon": ([("daemon", True), ("say", INIT + RESULT)], "succeeded", "Done."),
    "dies by a signal": ([("daemon",), ("say", INIT), ("die", 9)], "failed", "killed by SIGKILL"),
    "prints invalid text": ([("say_bytes", "fffe00"), ("say_bytes", "c3280a")], "succeeded", "succeeded"),
    "prints half an event": ([("say", INIT + RESULT[:30])], "failed", "before it had answered"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_leaves_nothing(trigger: Trigger, fake: FakeClaude, name: str) -> None:
    """What the ended Claude has left behind is ended, and its own end is told as it was."""
    steps, result, message = ENDS[name]
    answer = trigger(*steps)
    assert (answer["result"], message in answer["message"]) == (result, True), answer["message"]
    assert trigger.took_s < GRACE_S + SLACK_S


def test_a_flood_costs_no_memory(trigger: Trigger, fake: FakeClaude, vault: Path) -> None:
    """500 MB of output are whole in the log, and the trigger has grown by less than 20 MB over a quiet run."""
    trigger(("say", INIT + RESULT))
    quiet_kb = trigger.peak_kb
    for verb in ("flood", "flood_events"):
        answer = trigger(("say", INIT), (verb, FLOOD_BYTES), ("say", RESULT))
        assert answer["result"] == "succeeded", answer["message"]
        log = vault / answer["details"]["claude_log"]
        written = sum(file.stat().st_size for file in (log, log.with_suffix(".jsonl")))
        log.unlink()
        log.with_suffix(".jsonl").unlink()
        assert written >= FLOOD_BYTES - 65536
        assert trigger.peak_kb - quiet_kb < MOST_GROWTH_KB, f"{quiet_kb} KB, then {trigger.peak_kb} KB"
