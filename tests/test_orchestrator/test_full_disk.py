"""The owner is told of a full disk: at once on standard error, and on the dashboard as soon as there is room."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp import alerts
from aiemp.dashboard import DashboardError
from aiemp.dashboard import writer as writer_module
from aiemp.durable import replace_file
from aiemp.orchestrator_report import OrchestratorReport
from aiemp.places import Places
from aiemp.plan import Plan
from tests.test_orchestrator.engine_double import EngineDouble, HandClock

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Disk:
    """A disk that may be full, for what alerts write."""

    is_full = True

    def replace(self, path: Path, data: bytes, *, mode: int = 0o600, beneath: Path | None = None) -> None:
        if self.is_full:
            raise FULL
        replace_file(path, data, mode=mode, beneath=beneath)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(alerts, "replace_file", disk.replace)
    monkeypatch.setattr(writer_module, "BUSY_WATCH_S", 0.01)
    alerts._told.clear()
    return disk


@pytest.fixture
def report(vault: Path) -> OrchestratorReport:
    plan = Plan(vault)
    return OrchestratorReport(plan, EngineDouble(plan, HandClock(NOW)), {})


def rows(vault: Path) -> list[str]:
    text = (vault / "Dashboard.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if "be written" in line]


def files(vault: Path) -> list[str]:
    return [path.name for path in Places(vault).alerts.glob("*.md")]


def test_an_alert_that_found_no_room_is_made_up_once_there_is(
    vault: Path, report: OrchestratorReport, disk: Disk
) -> None:
    """It says from when to when nothing could be written; nothing of it before, and nothing twice."""
    report.publish_trouble("saving the state", FULL, NOW)
    assert report.is_troubled
    assert files(vault) == []
    disk.is_full = False
    report.publish_recovery("saving the state", NOW + 5 * MINUTE)
    assert not report.is_troubled
    [row] = [row for row in rows(vault) if "could not be written" in row]
    assert "from 2026-11-23 08:00 to 2026-11-23 08:05" in row
    assert files(vault) == ["ALERT_disk.md"]
    report.disk_is_well(NOW + 6 * MINUTE, MINUTE)
    assert len([row for row in rows(vault) if "could not be written" in row]) == 1


def test_it_waits_for_the_last_step_and_for_the_room_itself(
    vault: Path, report: OrchestratorReport, disk: Disk
) -> None:
    """As long as another step meets the full disk, or the alert itself still finds no room, it stays owed."""
    refused = DashboardError("Dashboard.md was not updated")
    refused.__cause__ = FULL
    report.publish_trouble("saving the state", FULL, NOW)
    report.publish_trouble("updating the dashboard", refused, NOW)
    disk.is_full = False
    report.publish_recovery("saving the state", NOW + MINUTE)
    assert files(vault) == []
    disk.is_full = True
    report.publish_recovery("updating the dashboard", NOW + 2 * MINUTE)
    assert files(vault) == []
    disk.is_full = False
    report.disk_is_well(NOW + 3 * MINUTE, MINUTE)
    assert files(vault) == ["ALERT_disk.md"]


def test_it_is_taken_back_when_all_has_been_well_for_a_while(
    vault: Path, report: OrchestratorReport, disk: Disk
) -> None:
    """Its file goes, its row stays as resolved; not while the disk is still full, nor at once."""
    disk.is_full = False
    report.publish_trouble("saving the state", FULL, NOW)
    report.disk_is_well(NOW + 9 * MINUTE, MINUTE)
    assert files(vault) == ["ALERT_disk.md"]
    report.publish_recovery("saving the state", NOW + 10 * MINUTE)
    report.disk_is_well(NOW + 10 * MINUTE, MINUTE)
    assert files(vault) == ["ALERT_disk.md"]
    report.disk_is_well(NOW + 12 * MINUTE, MINUTE)
    assert files(vault) == []
    [row] = rows(vault)
    assert "| Resolved" in row


def test_what_is_not_the_disk_raises_no_alert(vault: Path, report: OrchestratorReport, disk: Disk) -> None:
    """A dashboard that is a link, say, is told of by the log alone."""
    disk.is_full = False
    report.publish_trouble("updating the dashboard", DashboardError("a link"), NOW)
    report.publish_recovery("updating the dashboard", NOW)
    assert files(vault) == []
