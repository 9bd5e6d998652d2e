"""Real processes in short: killed at random moments, many at once, a disk that is full and then not, an editor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.crowd import crowd
from tests.faults.dashboards import OTHERS, Other, rewritten
from tests.faults.kills import killed_orchestrators, killed_triggers
from tests.faults.small_disk import on_small_disk, why_not

SEED = 20_261_125
EDITORS = [other for other in OTHERS if other.think_s]


def test_killed_triggers_lose_and_double_no_run(quick_folder: Path) -> None:
    """Each is started again: every run is done, written down once, and nothing of it is left."""
    tally = killed_triggers(quick_folder, SEED, kills=4)
    print(f"seed {SEED}: {tally.line()}")
    assert tally.wrong == []


def test_killed_orchestrators_lose_and_double_no_run_and_no_watcher(quick_folder: Path) -> None:
    """Alone or with all that it has started: the next one goes on, with one copy of each watcher."""
    tally = killed_orchestrators(quick_folder, SEED, kills=3)
    print(f"seed {SEED}: {tally.line()}")
    assert tally.wrong == []


def test_many_triggers_at_once_run_one_after_the_other(quick_folder: Path) -> None:
    """Each runs and is recorded once, whether it is of the same task or of another; make faults starts 64."""
    tally = crowd(quick_folder, 10)
    print(tally.line())
    assert tally.wrong == []


def test_a_full_disk_that_has_room_again(quick_folder: Path) -> None:
    """The orchestrator says that the disk is full and goes on; a task that was held back runs once there is room, and
    the alert that found none is made up."""
    if reason := why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no small disk in CI: {reason}", pytrace=False)
        pytest.skip(reason)
    tally = on_small_disk(quick_folder / "disk", "orchestrator")
    assert tally.wrong == []


@pytest.mark.parametrize("editor", EDITORS, ids=lambda editor: editor.how)
def test_an_editor_that_saves_what_it_read_before(editor: Other, quick_folder: Path) -> None:
    """It undoes our rows each time that it saves; in the end all of them are there once, and all of its lines."""
    tally = rewritten(editor, quick_folder, updates=4)
    assert tally.wrong == []
