"""Dashboard.md while others rewrite it, who know no lock; and a Dashboard.md that is found damaged."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from aiemp.dashboard import (
    DashboardError,
    HealthRow,
    add_activity,
    add_error,
    set_health,
    touch,
    update,
    writer,
)
from aiemp.places import Places
from tests.conftest import DASHBOARD
from tests.faults.owners_lines import put_dashboard
from tests.faults.tally import Tally
from tests.unit.dashboard import other_writer


@dataclass(frozen=True)
class Other:
    """Somebody who reads Dashboard.md, adds a line of his, and writes it. ``think_s``: between the two; ``pause_s``:
    until he reads again. ``lines``: how long the owner's text is. ``every_s``: how long we wait between our updates."""

    name: str
    how: str
    pause_s: float
    think_s: float = 0.0
    lines: int = 0
    every_s: float = 0.0
    updates: int = 40


OTHERS = (
    Other("a script that writes in place", "in_place", 0.004),
    Other("a script that renames", "by_rename", 0.004),
    Other("a script that writes bit by bit", "in_parts", 0.004),
    Other("a script that appends", "append", 0.004),
    Other("an editor that writes in place", "in_place", 0.05, think_s=0.6, every_s=0.25),
    Other("an editor that renames", "by_rename", 0.05, think_s=0.6, every_s=0.25),
    Other("one that never pauses, in place, 20,000 lines", "in_place", 0.0, lines=20_000, updates=15),
    Other("one that never pauses, by rename, 20,000 lines", "by_rename", 0.0, lines=20_000, updates=15),
)


def rewritten(other: Other, folder: Path, updates: int) -> Tally:
    """Our ``updates`` while the other one writes; at the end a last one, when he has stopped."""
    vault = folder / "vault"
    vault.mkdir(parents=True)
    path = Places(vault).dashboard
    owners = "".join(f"Owner's line {n}.\n" for n in range(other.lines))
    path.write_text(f"{DASHBOARD}\n{owners}\n## Theirs\n\n## End\n", encoding="utf-8")
    stop = folder / "stop"
    process = subprocess.Popen(
        [
            *(sys.executable, str(other_writer.__file__), str(path), other.how, str(other.pause_s)),
            *(str(stop), "their", str(other.think_s)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while "their line 0." not in path.read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.01)
    refused = 0
    for number in range(updates):
        refused += not _update(vault, number)
        time.sleep(other.every_s)
    stop.touch()
    added = int(process.communicate(timeout=60)[0])
    _update(vault, updates)
    tally = Tally()
    tally.counts["injected"] += added
    tally.counts["updates"] += updates
    tally.counts["refused"] += refused
    tally.counts["survived"] += added
    kept = "".join(each.read_text(encoding="utf-8") for each in Places(vault).locks.glob("dashboard-*.md"))
    problems = _differences(path.read_text(encoding="utf-8"), added, updates, other.lines)
    # A text that could not be brought in is kept beside the dashboard, and the log names it.
    aside = [each for each in problems if each.startswith("lost: their") and each.split(".")[0][6:] in kept]
    tally.counts["aside"] += len(aside)
    tally.conclude(other.name, [each for each in problems if each not in aside])
    return tally


def _update(vault: Path, number: int) -> bool:
    at = datetime.now(UTC)
    try:
        update(
            vault,
            add_activity(at, f"ours {number}", "details", "ok"),
            add_error(at, "gmail", f"error {number}", "none"),
            set_health([HealthRow("gmail_watcher", f"up {number}")], at),
            touch(at),
        )
    except DashboardError:
        return False
    return True


def _differences(text: str, added: int, updates: int, owners: int) -> list[str]:
    count = Counter(text.splitlines())
    wanted = [f"their line {n}." for n in range(added)] + [f"Owner's line {n}." for n in range(owners)]
    wanted.append("My own notes stay.")
    found = [
        f"{'lost' if not count[line] else 'doubled'}: {line} {count[line]} times"
        for line in wanted
        if count[line] != 1
    ]
    for number in range(updates + 1):
        for row in (f"| ours {number} |", f"| error {number} |"):
            times = text.count(row)
            if times != 1:
                found.append(f"{'lost' if not times else 'doubled'}: {row} {times} times")
    if f"| up {updates} " not in text:
        found.append("lost: the health row")
    return found


def damaged(folder: Path, damage: Callable[[bytes], Iterator[bytes]], nth: int = 1) -> Tally:
    """Dashboard.md is found damaged in each way (or each ``nth``) that ``damage`` gives: our row goes in, or the
    update says why not, and each line that was found is there afterwards."""
    tally = Tally()
    vault = folder / "vault"
    vault.mkdir(parents=True)
    put_dashboard(vault)
    path = Places(vault).dashboard
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    for number, data in enumerate(damage(path.read_bytes())):
        if number % nth:
            continue
        put_dashboard(vault, data.decode("utf-8", "surrogateescape"))
        Places(vault).dashboard_rows.unlink(missing_ok=True)
        problems = []
        # Nobody else writes here: to wait for him would only take time.
        with mock.patch.object(writer, "QUIET_WATCH_S", 0.0):
            try:
                update(vault, add_activity(at, "our row", "", "ok"))
                is_there = b"our row" in path.read_bytes()
                problems += [] if is_there else ["lost: our row, and nobody was told"]
            except DashboardError:
                tally.counts["refused"] += 1
        lost = _missing_in_order(data.split(b"\n"), path.read_bytes().split(b"\n"))
        problems += [f"lost: the line {lost!r}"] if lost is not None else []
        tally.note(f"damage {number}", problems)
    return tally


def _missing_in_order(lines: list[bytes], after: list[bytes]) -> bytes | None:
    """The first line that does not stand behind the ones before it; None when all do. A table's row without any
    text is a placeholder, and makes room for ours."""
    remaining = iter(line.rstrip(b"\r") for line in after)
    said = (line.rstrip(b"\r") for line in lines if line.strip(b" \t\r|"))
    return next((line for line in said if line not in remaining), None)
