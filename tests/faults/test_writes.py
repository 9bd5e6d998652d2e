"""The write paths in short, and that there is none which the campaign does not know."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aiemp.dashboard import writer
from aiemp.durable import write_all
from aiemp.errors import VaultError
from aiemp.places import Places
from tests.faults.dashboard_writes import DashboardRow
from tests.faults.dashboards import damaged
from tests.faults.file_writes import LogLines
from tests.faults.kinds import KINDS, WRITES
from tests.faults.owners_lines import put_dashboard
from tests.faults.page import PAGE, kinds_of
from tests.faults.run_records import cut_short, flipped, zeroed
from tests.faults.small_disk import on_small_disk, why_not
from tests.faults.vault_writes import PauseSet
from tests.faults.write_paths import WritePath, failing, killed

ELSEWHERE = {
    "locks": "the folder of the files that are named beside it",
    "reserve": "written and spent by a run's records",
    "runs": "the history, written by a run's records",
}
"""Places that no write path names, and why."""

NTH = 31
LONG_PATHS = {"new vault": 7, "rollover of the activity log": 3, "alert: file and row": 2, "Dashboard.md": 2}


@pytest.mark.parametrize("path", WRITES, ids=lambda path: path.name)
def test_a_failing_call_loses_and_doubles_nothing(path: WritePath, quick_folder: Path) -> None:
    """On a disk that is full at one of its calls, the write is done, or refused and done the next time, once."""
    tally = failing(path, quick_folder, errors=(errno.ENOSPC,), step=LONG_PATHS.get(path.name, 1))
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["injected"] >= 4


@pytest.mark.parametrize("path", WRITES, ids=lambda path: path.name)
def test_a_kill_loses_and_doubles_nothing(path: WritePath, quick_folder: Path) -> None:
    """A process that dies at one of its calls leaves what the next one makes whole, and nothing beside it."""
    tally = killed(path, quick_folder, step=LONG_PATHS.get(path.name, 1))
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["injected"] >= 4


@pytest.mark.parametrize("damage", [cut_short, zeroed, flipped])
def test_of_a_damaged_dashboard_no_line_is_lost(damage: object, quick_folder: Path) -> None:
    """Our row goes in, or the update says why not; what was found stands there afterwards, line for line."""
    assert callable(damage)
    tally = damaged(quick_folder, damage, NTH)
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["injected"] > 30


def test_on_a_real_full_or_read_only_disk_nothing_is_lost(quick_folder: Path) -> None:
    """A small disk with no page left, or one; and one that is mounted read-only."""
    if reason := why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no small disk in CI: {reason}", pytrace=False)
        pytest.skip(reason)
    tally = on_small_disk(quick_folder / "disk", "some writes")
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["refused"] >= 5


def test_each_place_is_known_to_the_campaign() -> None:
    """A new file in a vault has a write path here, or a reason why not."""
    names = {name for name in vars(Places) if not name.startswith("_")} - {"vault"}
    covered = {place for path in WRITES for place in path.places}
    assert covered <= names
    assert names - covered <= set(ELSEWHERE)


def test_whatever_is_written_into_a_vault_has_a_place(quick_folder: Path) -> None:
    """What all these write paths leave in ``.state`` is named by places.py."""
    unnamed = set()
    for number, path in enumerate(WRITES):
        vault = quick_folder / str(number) / "vault"
        vault.mkdir(parents=True)
        path.prepare(vault)
        path.write(vault)
        places = Places(vault)
        named = {getattr(places, name) for name, each in vars(Places).items() if isinstance(each, property)}
        named |= {
            places.processed("filesystem"),
            places.watcher_lock("gmail"),
            places.ping_trouble("ping_url"),
        }
        unnamed |= {file for file in places.state.rglob("*") if file.is_file()} - named
    assert unnamed == set()


def test_the_page_shows_each_kind_of_fault() -> None:
    """docs/faults.md is of this campaign; when a kind was added: ``make faults``."""
    assert kinds_of(PAGE.read_text(encoding="utf-8")) == [kind.name for kind in KINDS]


def in_place(path: Path, data: bytes, *, mode: int = 0o600, **_options: object) -> None:
    """A replacement that is none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def test_the_campaign_sees_what_is_written_in_place(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause that is written in place is found torn by the kill that meets its write."""
    monkeypatch.setattr("aiemp.claude.pause.replace_file", in_place)
    assert any("lost" in wrong for wrong in killed(PauseSet(), quick_folder).wrong)


def test_the_campaign_sees_a_row_that_nobody_misses(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that hides its failure is found out."""
    update = writer.Dashboard.update

    def hides(dashboard: writer.Dashboard, *edits: object) -> bool:
        try:
            return update(dashboard, *edits)  # type: ignore[arg-type]
        except (OSError, VaultError):
            return False

    monkeypatch.setattr(writer.Dashboard, "update", hides)
    assert failing(DashboardRow(), quick_folder, errors=(errno.EIO,)).counts["lost"] > 0


def test_the_campaign_sees_an_owners_line_that_is_gone(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that drops the last line of what it found is found out."""

    def drops(vault: Path, *_edits: object) -> None:
        path = Places(vault).dashboard
        put_dashboard(vault, "\n".join(path.read_text("utf-8", "surrogateescape").splitlines()[:-1]))

    monkeypatch.setattr("tests.faults.dashboards.update", drops)
    assert damaged(quick_folder, cut_short, 97).counts["lost"] > 0


def test_the_campaign_sees_a_log_that_ends_a_run(quick_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log file whose failure is raised is found out."""

    def raises(path: Path, _limit_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))

    monkeypatch.setattr("tests.faults.file_writes.prepare_log_file", raises)
    assert failing(LogLines(), quick_folder, errors=(errno.EIO,)).counts["refused"] > 0
