"""The campaign in short: ``make simulate`` plays ten years of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp import decisions
from aiemp.frozen import replace
from aiemp.plan import Frequency, ScheduledTask
from aiemp.runs import TaskRecord
from tests.simulation import campaign
from tests.simulation.campaign import Campaign
from tests.simulation.judge import wall_to_utc
from tests.simulation.report import DISTURBANCES
from tests.simulation.stores import DiskStore, MemoryStore
from tests.simulation.vaults import old_vault, young_vault
from tests.unit.test_schedule_properties import ZONES

SEED = 7
HEALTH = ScheduledTask("health", "", Frequency.EVERY_N_MINUTES, interval_minutes=15)


@pytest.mark.parametrize("timers", [False, True], ids=["loop", "timers"])
@pytest.mark.parametrize("zone", ZONES)
def test_nothing_is_lost_or_doubled(zone: str, timers: bool) -> None:
    """Through downtimes, kills, stops, failures, blocks and clock steps every slot that can run runs once, within
    its attempts, never beside another run, and nothing waits for a clock that was set back."""
    report = old_vault(zone, SEED, 0.3, timers=timers)
    for number in range(6):
        report.add(young_vault(zone, SEED + number, timers=timers))
    print(f"seed {SEED}, {zone}: {report.line()}")
    assert report.violations == []
    assert report.counts["run"] > 700
    for what in ("caught up", "interrupted", "stopped", "failed", *DISTURBANCES):
        assert report.counts[what] > 0, f"{what} was never played"


@pytest.mark.parametrize("timers", [False, True], ids=["loop", "timers"])
def test_the_ledger_on_disk_does_the_same(quick_folder: Path, timers: bool) -> None:
    """The real ledger, opened anew for each step as by another process, leads to the same runs in the same order, and
    ends with the same records as the transitions in memory."""

    def vault(store: MemoryStore | DiskStore) -> Campaign:
        return Campaign(
            "Europe/Berlin",
            SEED,
            timedelta(days=20),
            store,
            timers=timers,
            disturbed_every=timedelta(hours=12),
        )

    on_disk, in_memory = vault(DiskStore(quick_folder)), vault(MemoryStore())
    disk_report, memory_report = on_disk.play(), in_memory.play()
    assert disk_report.violations == memory_report.violations == []
    assert disk_report.log == memory_report.log
    assert len([entry for entry in disk_report.log if entry[1] == "began"]) > 80
    records = in_memory.store.records()
    assert {name: known(record) for name, record in on_disk.store.records().items()} == {
        name: known(record) for name, record in records.items()
    }


def known(record: TaskRecord) -> TaskRecord:
    """The record without what is not kept on disk: until when the last run was blocked stands beside it."""
    return replace(record, last=replace(record.last, until=None)) if record.last else record


@pytest.mark.parametrize("timers", [False, True], ids=["loop", "timers"])
def test_interval_tasks_keep_their_cadence(timers: bool) -> None:
    """A task of 15 minutes beside others runs 96 times a day where timers start it, and hardly less in the loop,
    where each run begins a second or two after it was due; never more often than its interval."""
    days = 30
    quiet = Campaign(
        "Europe/Berlin",
        SEED,
        timedelta(days=days),
        MemoryStore(),
        timers=timers,
        disturbed_every=None,
        tasks=(HEALTH,),
    )
    report = quiet.play()
    assert report.violations == []
    began = len([entry for entry in report.log if entry[1] == "began" and entry[2].endswith(" 1")])
    assert 94 * days <= began <= 96 * days + 1


@pytest.mark.parametrize("zone", ZONES)
def test_the_judge_knows_the_clock_changes(zone: str) -> None:
    """The judge's own way from wall time to UTC, by trial, holds on the plain days and the odd ones: a time that is
    shown is shown there first; one that is not lies as far from midnight as on other days."""
    for n in range(3653):
        day = datetime(2007, 1, 1).date() + timedelta(days=n)
        moment = wall_to_utc(day, time(2, 30), ZoneInfo(zone))
        if moment is not None:
            shown = moment.astimezone(ZoneInfo(zone))
            assert abs(shown.replace(tzinfo=UTC) - datetime.combine(day, time(2, 30), UTC)) <= timedelta(
                hours=1
            )
            assert shown.fold == 0


BROKEN = {
    "attempts are not counted": lambda task, record, *rest, **options: decide(
        task, replace(record, attempts=0), *rest, **options
    ),
    "what ran is not known": lambda task, record, *rest, **options: decide(
        task, replace(record, last_run=None), *rest, **options
    ),
    "a retry waits for ever": lambda task, record, now, *rest, **options: decide(
        task, record, record.retry_at - timedelta(seconds=1) if record.retry_at else now, *rest, **options
    ),
}
decide = decisions.decide


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_decision_is_caught(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign sees what it is there for: each of these mistakes is found in the first weeks."""
    monkeypatch.setattr("aiemp.agenda.decide", BROKEN[how])
    monkeypatch.setattr(campaign, "decide", BROKEN[how])
    report = Campaign("Europe/Berlin", SEED, timedelta(days=90), MemoryStore()).play()
    assert report.violations != []


def test_a_last_run_that_stays_ahead_of_the_clock_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ledger does not follow a clock that was set back, tasks wait, and that is found."""
    monkeypatch.setattr("tests.simulation.stores.set_back", lambda record, task, now: record)
    report = Campaign("Europe/Berlin", SEED, timedelta(days=90), MemoryStore()).play()
    assert report.counts["lost"] > 0
