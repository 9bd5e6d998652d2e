"""What the orchestrator keeps between its lives: the seed's cases (section 5B, "State persistence")."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp.plan import Watcher
from tests.test_orchestrator.engine_double import HandClock, every_day, make_orchestrator

EIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def state_of(vault: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((vault / ".state" / "orchestrator_state.json").read_bytes())
    return document


def test_save_state_persists_last_run(vault: Path) -> None:
    """The state file holds the seed's four keys, with the last run of what ran."""
    orchestrator, _ = make_orchestrator(
        vault,
        HandClock(EIGHT),
        tasks=[every_day("triage", EIGHT)],
        watchers=[Watcher("gmail", command=("x",))],
    )
    orchestrator._tick(EIGHT)
    state = state_of(vault)
    assert state["schedule_last_run"] == {"triage": EIGHT.isoformat()}
    assert state["tick_count"] == 1
    assert state["start_time"] == EIGHT.isoformat()
    assert state["watcher_restart_counts"] == {"gmail": 0}


def test_load_state_restores_last_run(vault: Path) -> None:
    """A new orchestrator knows what the last one ran, and repeats nothing; the tick count goes on."""
    clock = HandClock(EIGHT)
    first, _ = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    first._tick(clock())
    clock.advance(minutes=5)
    second, engine = make_orchestrator(vault, clock, tasks=[every_day("triage", EIGHT)])
    assert second.state.record("triage").last_run == EIGHT
    assert second.tick_count == 1
    second._tick(clock())
    assert engine.started == []


def test_missing_state_file_handled(vault: Path) -> None:
    """Without a state file it starts afresh: nothing has run, and nothing is complained about."""
    orchestrator, engine = make_orchestrator(
        vault, HandClock(EIGHT - timedelta(minutes=1)), tasks=[every_day("triage", EIGHT)]
    )
    assert orchestrator.state.records == {}
    orchestrator._tick(EIGHT - timedelta(minutes=1))
    assert engine.started == []
