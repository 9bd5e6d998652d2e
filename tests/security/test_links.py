"""Links in the vault: no folder and no file of it, led elsewhere, lets aiemp read or change what lies outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.claude.pause import remove_pause
from tests.security.conftest import Everything
from tests.security.outside import MARK, add_outside, as_it_is, told_inside

MONTH = f"{datetime.now(UTC):%Y-%m}"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"

FOLDERS = {
    "state": (".state",),
    "own state": (".state/aiemp",),
    "logs": ("Logs",),
    "own logs": ("Logs/aiemp",),
    "claude's logs": ("Logs/claude",),
    "below the logs": ("Logs/aiemp/runs", f"Logs/claude/{TODAY}"),
    "queues": (
        *("Needs_Action/alerts", "Needs_Action/email", "Needs_Action/file", "Pending_Approval", "Approved"),
        *("Rejected", "Done", "Drop", "Briefings", "Plans", "scripts", ".claude", "mcp-servers"),
    ),
    "below the queues": ("Done/archive", "Done/email", "Drop/sub", "scripts/watchers"),
}
LOCKS = (
    *(".state/aiemp/run.lock", ".state/aiemp/ledger.lock", ".state/aiemp/dashboard.lock"),
    *(".state/aiemp/orchestrator.lock", ".state/aiemp/watcher-filesystem.lock", ".state/aiemp/alerts.lock"),
    *("Logs/aiemp/runs/.lock",),
)
LOGS = (
    *("Logs/aiemp/orchestrator.log", "Logs/aiemp/task-shout.log", "Logs/aiemp/watcher-noise.log"),
    f"Logs/aiemp/runs/{MONTH}.jsonl",
)
OTHERS = (
    *("Dashboard.md", ".env", ".mcp.json", ".state/aiemp/mcp.json", ".state/aiemp/rollover.json"),
    *(".state/aiemp/reserve", ".state/filesystem_processed.json", ".state/approval_processed.json"),
    *(f"Logs/dashboard_archive_{TODAY}.json", f"Briefings/{TODAY}_audit_prep.md", "Needs_Action/item.md"),
    *("Needs_Action/alerts/ALERT_task-fails.md", "Pending_Approval/LINKEDIN_x.md", "Approved/x.md"),
    *("Drop/report.txt", "Done/old.md"),
)
GROUPS = {
    "locks": LOCKS,
    "logs": LOGS,
    "state": (".state/orchestrator_state.json",),
    "pause": (".state/aiemp/pause.json",),
    "others": OTHERS,
}
"""Those of one group do not keep the others from being used."""


def put(vault: Path, names: tuple[str, ...], make: Callable[[Path], object]) -> None:
    """Call ``make`` with each place, which is free then."""
    for name in names:
        place = vault / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        make(place)


@pytest.mark.parametrize("group", FOLDERS)
def test_a_folder_that_leads_outside_is_neither_read_nor_written(
    vault: Path, outside: Path, everything: Everything, group: str
) -> None:
    """A link in the place of any folder: nothing outside is read, written, moved, given away or made."""
    for name in FOLDERS[group]:
        place = vault / name
        if place.is_dir():
            shutil.rmtree(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(outside)
    before = as_it_is(outside)
    said = everything()
    assert as_it_is(outside) == before
    assert MARK not in said
    assert told_inside(vault) == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_file_that_leads_outside_is_neither_read_nor_written(
    vault: Path, outside: Path, everything: Everything, group: str
) -> None:
    """A link in the place of any file: the file that it leads to is neither read nor changed."""
    put(vault, GROUPS[group], lambda place: place.symlink_to(add_outside(outside, place.name)))
    before = as_it_is(outside)
    said = everything()
    assert as_it_is(outside) == before
    assert MARK not in said
    assert told_inside(vault) == []


@pytest.mark.parametrize("group", ["locks", "others"])
def test_a_link_to_a_missing_file_makes_none_outside(
    vault: Path, outside: Path, everything: Everything, group: str
) -> None:
    """Writing through a link that leads to nothing would make a file outside."""
    names = GROUPS[group] if group == "locks" else (*OTHERS, *LOGS, *GROUPS["pause"])
    put(vault, names, lambda place: place.symlink_to(outside / f"made-{place.name}"))
    before = as_it_is(outside)
    everything()
    assert as_it_is(outside) == before


def test_a_file_that_has_another_name_outside_is_not_written(
    vault: Path, outside: Path, everything: Everything
) -> None:
    """A hard link is the file itself, so it may be read; but what is written goes to a file of the vault's own.
    Nothing stops working over it: a backup made of hard links looks the same."""
    names = [name for group in GROUPS.values() for name in group if not name.endswith("pause.json")]
    put(vault, tuple(names), lambda place: os.link(add_outside(outside, place.name), place))
    before = as_it_is(outside)
    said = everything()
    assert as_it_is(outside) == before
    assert "shouted" in (vault / "Logs/aiemp/task-shout.log").read_text()
    assert '"task":"shout"' in (vault / f"Logs/aiemp/runs/{MONTH}.jsonl").read_text()
    assert "shout: succeeded" in said


def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(vault: Path, everything: Everything) -> None:
    """A FIFO that nobody writes to would be waited for, for ever."""
    put(vault, tuple(name for group in GROUPS.values() for name in group), os.mkfifo)
    everything()


def test_the_end_of_a_pause_removes_nothing_outside(vault: Path, outside: Path) -> None:
    """``aiemp resume`` where ``.state`` leads elsewhere."""
    (vault / ".state").symlink_to(outside)
    before = as_it_is(outside)
    with pytest.raises(OSError, match="leads out of"):
        remove_pause(vault)
    assert as_it_is(outside) == before
