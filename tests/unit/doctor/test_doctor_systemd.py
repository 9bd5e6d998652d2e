"""Verdicts on systemd: its bus, the installed units, linger, journal, and as whom they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.doctor.bus import BusSeen, judge_bus
from aiemp.doctor.findings import Level, fail, ok, warn
from aiemp.doctor.linger import JournalSeen, LingerSeen, judge_journal, judge_linger
from aiemp.doctor.unit_files import OtherUnits, UnitFilesSeen, judge_unit_files
from aiemp.doctor.unit_states import UnitSeen, judge_unit_states
from aiemp.doctor.user import UserSeen, judge_user
from aiemp.frozen import replace
from aiemp.systemd.scope import Scope

OWN_DIR = "/run/user/1000"
BUS = BusSeen("me", False, True, runtime_dir=OWN_DIR, own_runtime_dir=OWN_DIR, has_user_manager=True)
FILES = UnitFilesSeen(
    folder=Path("/u"),
    install_line="aiemp install-units",
    python=Path("/opt/aiemp/bin/python"),
    has_python=True,
    is_own_python=True,
    version="1.0",
    own_version="1.1",
    enable_line="systemctl --user enable aiemp.target",
)
TARGET = UnitSeen("aiemp.target")


@pytest.mark.parametrize(
    ("changes", "level", "remedy"),
    [
        ({}, Level.OK, ""),
        ({"is_booted": False}, Level.FAIL, "aiemp run"),
        ({"error": "no bus", "has_user_manager": False}, Level.FAIL, "sudo loginctl enable-linger me"),
        ({"error": "no bus", "runtime_dir": "/run/user/0"}, Level.FAIL, f"export XDG_RUNTIME_DIR={OWN_DIR}"),
        ({"runtime_dir": ""}, Level.WARN, f"export XDG_RUNTIME_DIR={OWN_DIR}"),
        ({"runtime_dir": "", "names_bus": True}, Level.OK, ""),
        ({"error": "gave no answer"}, Level.FAIL, "journalctl"),
        ({"is_system": True, "runtime_dir": ""}, Level.OK, ""),
        ({"is_system": True, "error": "gave no answer"}, Level.FAIL, "journalctl"),
    ],
)
def test_bus(changes: dict[str, object], level: Level, remedy: str) -> None:
    """Each way in which a manager cannot be reached has the one command that mends it."""
    (finding,) = judge_bus(replace(BUS, **changes))  # type: ignore[arg-type]
    assert finding.level is level
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("changes", "level", "what", "remedy"),
    [
        ({}, Level.OK, "as the configuration asks", ""),
        ({"python": None}, Level.FAIL, "cannot be understood", "aiemp install-units"),
        ({"has_python": False}, Level.FAIL, "which is not there any more", "aiemp install-units"),
        ({"is_own_python": False}, Level.WARN, "another aiemp (1.0", "/opt/aiemp/bin/python -m aiemp doctor"),
        ({"error": "no vault; name one"}, Level.FAIL, "no vault", "name one"),
        ({"changed": ("a.timer",)}, Level.FAIL, "1 unit not as", "aiemp install-units"),
        ({"changed": tuple("abcdef")}, Level.FAIL, "a, b, c, d and 2 more", "aiemp install-units"),
        (
            {"changed": ("a", "b"), "by_version": True},
            Level.WARN,
            "made by aiemp 1.0, this is 1.1",
            "install",
        ),
        (
            {"outlived": (("a.service", "systemctl --user restart a.service"),)},
            Level.WARN,
            "a.service still runs as its file was before",
            "systemctl --user restart a.service",
        ),
        ({"is_enabled": False}, Level.FAIL, "nothing starts when the machine does", "enable aiemp.target"),
        (
            {"unsafe_files": (Path("/u/my unit.d"),)},
            Level.FAIL,
            "/u/my unit.d can be written by others",
            "chmod go-w '/u/my unit.d'",
        ),
        (
            {"unsafe": ("can be written by others; run: chmod go-w /u",)},
            Level.FAIL,
            "/u can be written by others",
            "chmod go-w /u",
        ),
    ],
)
def test_unit_files(changes: dict[str, object], level: Level, what: str, remedy: str) -> None:
    """What `install-units` would change, and whatever keeps the units from doing their work."""
    (finding,) = judge_unit_files(replace(FILES, **changes))  # type: ignore[arg-type]
    assert finding.level is level
    assert what in finding.what
    assert remedy in finding.remedy


def test_units_of_another_vault() -> None:
    """They are told, since two vaults cannot both be kept by one user's units."""
    (finding,) = judge_unit_files(OtherUnits(Path("/u"), Path("/other")))
    assert finding.level is Level.WARN
    assert "/other, not this vault" in finding.what
    assert judge_unit_files(None) == []


@pytest.mark.parametrize(
    ("unit", "level", "remedy"),
    [
        (UnitSeen("x.timer", load="masked"), Level.FAIL, "systemctl --user unmask x.timer"),
        (UnitSeen("x.timer", load="bad-setting"), Level.FAIL, "see why: systemctl --user status x.timer"),
        (
            UnitSeen("aiemp-orchestrator.service", active="failed", result="watchdog"),
            Level.FAIL,
            "see why: aiemp logs; mend it, then: systemctl --user reset-failed aiemp-orchestrator.service; "
            "systemctl --user start aiemp.target",
        ),
        (
            UnitSeen("aiemp-task-triage.service", active="failed"),
            Level.FAIL,
            "see why: aiemp logs triage; mend it, then: aiemp trigger triage && "
            "systemctl --user reset-failed aiemp-task-triage.service",
        ),
        (
            UnitSeen("aiemp-task-triage.timer", active="inactive"),
            Level.WARN,
            "systemctl --user start aiemp-task-triage.timer",
        ),
        (UnitSeen("aiemp-task-triage.service", active="inactive"), Level.OK, ""),
        (UnitSeen("aiemp.target", needs_reload=True), Level.WARN, "systemctl --user daemon-reload"),
    ],
)
def test_unit_states(unit: UnitSeen, level: Level, remedy: str) -> None:
    """What has failed, is masked, broken by a drop-in, or was stopped by hand, and the command for it."""
    (finding,) = judge_unit_states(Scope.USER, [TARGET, unit])
    assert (finding.level, finding.remedy) == (level, remedy)


def test_a_failed_unit_of_a_task_that_left_goes_with_its_units() -> None:
    """`aiemp trigger` knows no such task: only taking its units away helps. Not so while the plan is unknown."""
    unit = UnitSeen("aiemp-task-mine.service", active="failed", result="exit-code")
    (finding,) = judge_unit_states(
        Scope.USER, [TARGET, unit], tasks={"triage"}, install_line="aiemp install-units"
    )
    assert finding.level is Level.FAIL
    assert "not in aiemp.toml any more" in finding.what
    assert finding.remedy == "take its units away: aiemp install-units"
    for known in ({"mine"}, None):
        (finding,) = judge_unit_states(Scope.USER, [TARGET, unit], tasks=known)
        assert "aiemp trigger mine" in finding.remedy


def test_a_stopped_target_explains_its_timers() -> None:
    """Whoever stopped everything is not told of each timer; the machine's units are root's business."""
    off = [replace(TARGET, active="inactive"), UnitSeen("aiemp-task-x.timer", active="inactive")]
    assert judge_unit_states(Scope.USER, off)[0].level is Level.OK
    (finding,) = judge_unit_states(Scope.SYSTEM, [UnitSeen("x.timer", load="masked")])
    assert finding.remedy == "sudo systemctl unmask x.timer"
    assert judge_unit_states(Scope.USER, []) == []


def test_linger() -> None:
    """Without it everything ends at logout."""
    assert judge_linger(None) == []
    assert judge_linger(LingerSeen("me", True))[0].level is Level.OK
    assert judge_linger(LingerSeen("me", False)) == [
        fail(
            "me does not linger: everything stops at logout, and nothing starts at boot",
            "sudo loginctl enable-linger me",
        )
    ]


def test_journal() -> None:
    """A machine that keeps its journal in memory shows a user nothing of his."""
    assert judge_journal(None) == []
    assert judge_journal(JournalSeen("me"))[0].level is Level.OK
    (finding,) = judge_journal(JournalSeen("me", "No journal files were found."))
    assert finding.level is Level.WARN
    assert "/var/log/journal" in finding.remedy


def test_user() -> None:
    """Root is told that what it may do says nothing of what the units may."""
    assert judge_user(None) == []
    assert judge_user(UserSeen("me", "me")) == [ok("the units run as me")]
    assert judge_user(UserSeen("root", "me", Path("/etc/a b.toml"))) == [
        warn(
            "the units run as me; what root can find, read and write is not what he can",
            "sudo -u me -i aiemp --config '/etc/a b.toml' doctor",
        )
    ]
