"""What ``aiemp status`` says and advises where systemd units keep the vault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.cli.screen import PAPER
from aiemp.cli.status_problems import UNREACHABLE
from aiemp.cli.status_report import Queues, Status, Units
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.plan import Origin, Plan, Watcher
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
UNITS = Units(Scope.USER, Path("/home/me/.config/systemd/user"), frozenset({"aiemp-watcher-gmail.service"}))
PLAN = Plan(Path("/vault"), watchers=(Watcher("gmail", origin=Origin.DISCOVERED),))
GMAIL = WatcherStatus("gmail", WatcherState.RUNNING, 5, NOW)


def status(**changes: object) -> Status:
    """A vault that systemd keeps well, but for ``changes``."""
    well = Status(
        plan=PLAN,
        now=NOW,
        orchestrator=Holder(4, "orchestrator", "systemd engine"),
        since=NOW,
        watchers=(GMAIL,),
        supervised=frozenset(),
        tasks=(),
        queues=Queues(),
        mcp={},
        claude="/usr/bin/claude",
        units=UNITS,
    )
    return replace(well, **changes)  # type: ignore[arg-type]


def test_engine_and_units_are_shown() -> None:
    """One line each, and the same for scripts; a watcher that has a unit is no new one."""
    text = status().as_text(PAPER)
    assert "running (pid 4, systemd engine)" in text
    assert "user units in /home/me/.config/systemd/user" in text
    assert status().problems() == []
    assert status().as_json()["units"] == {"scope": "user", "folder": str(UNITS.folder), "outdated": []}
    assert status(units=None).as_json()["units"] == {"scope": None, "folder": None, "outdated": []}


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    [
        ({"orchestrator": None}, "not running", "systemctl --user start aiemp.target"),
        (
            {"orchestrator": None, "units": replace(UNITS, scope=Scope.SYSTEM)},
            "not running",
            "sudo systemctl start aiemp.target",
        ),
        (
            {"watchers": (replace(GMAIL, state=WatcherState.PAUSED),), "supervised": frozenset({"gmail"})},
            "gmail is paused",
            "aiemp logs gmail; mend it, then: systemctl --user reload aiemp-orchestrator.service",
        ),
        (
            {"watchers": (replace(GMAIL, state=WatcherState.DOWN),), "supervised": frozenset({"gmail"})},
            "gmail is down",
            "systemctl --user start aiemp-watcher-gmail.service",
        ),
        (
            {"orchestrator": None, "unit_state": "auto-restart"},
            "not running",
            "systemd starts it again in a moment; see why it ended: aiemp logs",
        ),
        (
            {"orchestrator": None, "unit_state": UNREACHABLE},
            "systemd gives no answer",
            "aiemp doctor systemd-bus",
        ),
        (
            {"orchestrator": Holder(4, "orchestrator", "local engine")},
            "`aiemp run` (pid 4) has the vault",
            "aiemp doctor second-supervisor",
        ),
        (
            {"last_sign": NOW - timedelta(hours=2)},
            "the orchestrator has shown no sign of life for 2 h",
            "see why: aiemp logs; start it afresh: systemctl --user restart aiemp-orchestrator.service",
        ),
        (
            {"units": replace(UNITS, names=frozenset())},
            "gmail is new in the vault",
            "aiemp install-units, or: aiemp disable gmail",
        ),
        (
            {"units": replace(UNITS, outdated=("aiemp.target",))},
            "1 unit is not yet as it says",
            "aiemp install-units",
        ),
        (
            {"units": replace(UNITS, outdated=("aiemp.target",), upgraded_from="0.0.1")},
            "1 unit is still of version 0.0.1",
            "aiemp install-units",
        ),
    ],
)
def test_remedies_are_systemds(changes: dict[str, object], what: str, remedy: str) -> None:
    """What is not well is mended by systemctl or `install-units`, not by `aiemp run`."""
    (problem,) = status(**changes).problems()
    assert what in problem.what
    assert remedy in problem.remedy


def test_the_watchdog_is_shown_where_there_is_one() -> None:
    """systemd watches the orchestrator that is its unit; an `aiemp run` beside the units is watched by nobody."""
    watched = replace(UNITS, watchdog="3min")
    assert "for 0 s; watchdog 3min" in status(units=watched).as_text(PAPER)
    assert status(units=watched).as_json()["orchestrator"]["watchdog"] == "3min"
    alone = status(units=watched, orchestrator=Holder(4, "orchestrator", "local engine"))
    assert alone.as_json()["orchestrator"]["watchdog"] is None


def test_a_watcher_without_a_unit_waits_for_the_installation() -> None:
    """One that was just written into aiemp.toml is told once, as what is out of date."""
    plan = replace(PLAN, watchers=(Watcher("own", command=("x",)),))
    down = (WatcherStatus("own", WatcherState.DOWN),)
    seen = status(plan=plan, watchers=down, units=replace(UNITS, outdated=("aiemp-watcher-own.service",)))
    (problem,) = seen.problems()
    assert "install-units" in problem.remedy
