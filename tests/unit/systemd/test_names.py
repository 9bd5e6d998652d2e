"""Unit names, and the way back from them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.names import LONGEST_NAME
from aiemp.systemd import names

LONGEST_UNIT_NAME = 255
"""UNIT_NAME_MAX of systemd is 256, with the NUL."""

any_name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(any_name)
def test_names_lead_back(name: str) -> None:
    """From each unit of a task or a watcher its name is found again, and not as another kind."""
    for unit in (names.task_service(name), names.task_timer(name), names.task_path(name)):
        assert names.task_of(unit) == name
        assert names.watcher_of(unit) is None
        assert names.is_ours(unit)
    assert names.watcher_of(names.watcher_unit(name)) == name
    assert names.task_of(names.watcher_unit(name)) is None
    assert names.is_ours(names.watcher_path(name)) and names.watcher_of(names.watcher_path(name)) is None


@given(any_name)
def test_names_are_safe(name: str) -> None:
    """A unit name holds only what systemd allows in one, so it needs no quoting anywhere."""
    allowed = set(string.ascii_letters + string.digits + "_.-\\")
    assert set(names.task_service(name)) <= allowed
    assert set(str(names.start_request(names.watcher_path(name)))) <= allowed | {"/"}


def test_usual_names_read_as_they_are() -> None:
    """The names of cli.md, word for word."""
    assert names.TARGET == "aiemp.target"
    assert names.ORCHESTRATOR == "aiemp-orchestrator.service"
    assert names.watcher_unit("gmail") == "aiemp-watcher-gmail.service"
    assert names.task_service("morning_triage") == "aiemp-task-morning_triage.service"
    assert names.task_timer("morning_triage") == "aiemp-task-morning_triage.timer"
    assert names.ALERT_TEMPLATE == "aiemp-alert@.service"


def test_longest_name_fits() -> None:
    """The longest name that the configuration allows still makes a unit, also as an instance of the alert."""
    longest = "x" * LONGEST_NAME
    alert = names.alert_unit(names.watcher_unit(longest))
    assert alert.startswith("aiemp-alert@aiemp-watcher-x") and alert.endswith("x.service.service")
    assert len(alert) <= LONGEST_UNIT_NAME


@pytest.mark.parametrize(
    "unit",
    [
        "",
        "aiemp",
        "aiemp-task-.service",
        "aiemp-task-x",
        "aiemp-task-x.socket",
        "aiemp-watcher-x.timer",
        "aiemp-alert@aiemp-task-x.service.service",
        "aiemp-backup.service",
        "my-aiemp-task-x.service",
        "aiemp-task-ü.service",
        "aiemp-task-a b.service",
        r"aiemp-task-\x41.service",
        "aiemp-task-x.service.d",
    ],
)
def test_other_units_are_not_ours(unit: str) -> None:
    """A name that we would never give is nobody's task or watcher, even when it looks nearly like one."""
    assert names.task_of(unit) is None
    assert names.watcher_of(unit) is None
    assert not names.is_ours(unit)
