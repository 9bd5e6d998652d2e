"""The kinds of fault that the campaign injects: one line of docs/faults.md each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.crowd import CROWD, crowd
from tests.faults.dashboards import OTHERS, Other, damaged, rewritten
from tests.faults.kills import killed_orchestrators, killed_triggers
from tests.faults.outside_writes import OUTSIDE_WRITES
from tests.faults.run_records import cut_short, failing_calls, flipped, kills, torn_states, zeroed
from tests.faults.small_disk import on_small_disk
from tests.faults.tally import Tally
from tests.faults.vault_writes import VAULT_WRITES
from tests.faults.write_paths import WritePath, failing, killed

WRITES: tuple[WritePath, ...] = (*VAULT_WRITES, *OUTSIDE_WRITES)
KILLS_OF_EACH = 100


@dataclass(frozen=True)
class Kind:
    """``inject(folder, seed)`` does it in a folder that is empty and in memory. ``needs_disk``: it mounts one."""

    name: str
    inject: Callable[[Path, int], Tally]
    needs_disk: bool = False


def _kinds() -> Iterator[Kind]:
    yield Kind("a run's records: a call fails", lambda folder, _seed: _both_runs(failing_calls, folder))
    yield Kind("a run's records: killed at a call", lambda folder, _seed: _both_runs(kills, folder))
    for path in WRITES:
        yield Kind(f"{path.name}: a call fails", lambda folder, _seed, path=path: failing(path, folder / "w"))
        yield Kind(
            f"{path.name}: killed at a call", lambda folder, _seed, path=path: killed(path, folder / "w")
        )
    for what, damage in (
        ("cut at", cut_short),
        ("zeros from", zeroed),
        ("the highest bit flipped in", flipped),
    ):
        yield Kind(
            f"state: {what} each byte",
            lambda folder, _seed, damage=damage: torn_states(folder / "vault", damage),
        )
        yield Kind(
            f"Dashboard.md: {what} each byte", lambda folder, _seed, damage=damage: damaged(folder, damage)
        )
    yield Kind(
        "aiemp trigger killed at any moment",
        lambda folder, seed: killed_triggers(folder, seed, KILLS_OF_EACH),
    )
    yield Kind(
        "orchestrator killed at any moment",
        lambda folder, seed: killed_orchestrators(folder, seed, KILLS_OF_EACH),
    )
    yield Kind(f"{CROWD} triggers at once", lambda folder, _seed: crowd(folder))
    for other in OTHERS:
        yield Kind(f"Dashboard.md rewritten by {other.name}", _rewriting(other))
    yield Kind("a full or read-only disk: all writes", _on_disk("writes"), needs_disk=True)
    yield Kind("a full disk: a run's records", _on_disk("records"), needs_disk=True)
    yield Kind("a full disk that has room again: orchestrator", _on_disk("orchestrator"), needs_disk=True)


def _both_runs(inject: Callable[..., Tally], folder: Path) -> Tally:
    tally = Tally()
    for first_run in (True, False):
        tally.add(inject(folder / "vault", first_run=first_run))
    return tally


def _rewriting(other: Other) -> Callable[[Path, int], Tally]:
    return lambda folder, _seed: rewritten(other, folder, other.updates)


def _on_disk(scenario: str) -> Callable[[Path, int], Tally]:
    return lambda folder, _seed: on_small_disk(folder / "disk", scenario)


KINDS = tuple(_kinds())
