"""Verdicts on the clock, the time zone, and on dry run or live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aiemp.claude.pause import Pause
from aiemp.doctor.clock import ClockSeen, TimezoneSeen, judge_clock, judge_timezone
from aiemp.doctor.dry_run import DryRunSeen, judge_dry_run
from aiemp.doctor.findings import Level, ok
from aiemp.doctor.pause import judge_pause
from aiemp.frozen import replace
from aiemp.plan import DryRun

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LIVE, DRY = DryRun(False, "default"), DryRun(True, "DRY_RUN in the environment")
ZONE = TimezoneSeen("Europe/Berlin", False, "Europe/Berlin", has_units=True)


def test_clock() -> None:
    """A run in the future means that the clock was set back; without any run there is nothing to tell."""
    assert judge_clock(ClockSeen(NOW, has_run=False)) == []
    assert judge_clock(ClockSeen(NOW, has_run=True))[0].level is Level.OK
    seen = ClockSeen(NOW, True, (("triage", NOW + timedelta(days=3)),), has_timedatectl=True)
    (finding,) = judge_clock(seen)
    assert finding.level is Level.WARN
    assert "triage (2026-11-26 10:00 UTC)" in finding.what
    assert finding.remedy == "sudo timedatectl set-ntp true"
    assert "date" in judge_clock(replace(seen, has_timedatectl=False))[0].remedy


def test_timezone() -> None:
    """Told with who says so; a shell with another TZ than the units go by is a warning."""
    assert judge_timezone(None) == []
    assert judge_timezone(ZONE) == [ok("Europe/Berlin, the machine's")]
    assert judge_timezone(replace(ZONE, is_configured=True, machine="Asia/Tokyo")) == [
        ok("Europe/Berlin, as aiemp.toml says")
    ]
    (finding,) = judge_timezone(replace(ZONE, machine="Asia/Tokyo"))
    assert finding.level is Level.WARN
    assert 'timezone = "Europe/Berlin"' in finding.remedy
    without_units = replace(ZONE, machine="Asia/Tokyo", has_units=False)
    assert judge_timezone(without_units)[0].level is Level.OK


@pytest.mark.parametrize("here", [LIVE, DRY])
def test_dry_run_says_who_decided(here: DryRun) -> None:
    """Without contradiction it is one line."""
    (finding,) = judge_dry_run(DryRunSeen(here))
    assert finding.level is Level.OK
    assert here.decided_by in finding.what


def test_units_do_not_see_the_dry_run_of_a_shell() -> None:
    """The shell thinks that nothing is sent, while the units send: a warning, and the units count."""
    found = judge_dry_run(DryRunSeen(DRY, units=LIVE, servers=(("email", "false"),)))
    assert [finding.level for finding in found] == [Level.WARN]
    assert "the units run live" in found[0].what


@pytest.mark.parametrize(
    ("decision", "word", "wanted"),
    [(LIVE, "true", '"false"'), (DRY, "false", '"true"'), (LIVE, "1", '"false"'), (DRY, "yes", '"true"')],
)
def test_mcp_server_that_is_told_otherwise(decision: DryRun, word: str, wanted: str) -> None:
    """A DRY_RUN in .mcp.json against the decided mode, or one that not every program understands."""
    (finding,) = judge_dry_run(DryRunSeen(decision, servers=(("email", word),)))
    assert finding.level is Level.WARN
    assert f"email has DRY_RUN={word}" in finding.what
    assert wanted in finding.remedy


def test_pause() -> None:
    """One that was asked for is a warning with its end; a file that only looks like one is a failure."""
    assert judge_pause(None, UTC) == [ok("Claude is not paused")]
    (finding,) = judge_pause(Pause(NOW, NOW + timedelta(hours=2), "holiday"), UTC)
    assert (finding.level, finding.remedy) == (Level.WARN, "aiemp resume")
    assert finding.what == "Claude is paused until Mon 2026-11-23 12:00 (holiday)"
    (finding,) = judge_pause(Pause(problem="pause.json cannot be read"), UTC)
    assert finding.level is Level.FAIL
