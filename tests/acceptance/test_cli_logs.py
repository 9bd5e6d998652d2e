"""``aiemp logs``: the right file, its end, and what is added to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.places import Places
from tests.conftest import Aiemp, Running


@pytest.fixture
def places(vault: Path) -> Places:
    """The vault's places, with a folder for logs."""
    places = Places(vault)
    places.logs.mkdir(parents=True)
    return places


def test_each_name_has_its_log(aiemp: Aiemp, places: Places) -> None:
    """Without a name it is the orchestrator's log, else the task's or the watcher's."""
    places.orchestrator_log.write_text("o1\no2\no3\n")
    places.task_log("done_archive").write_text("task\n")
    places.watcher_log("approval").write_text("watcher\n")
    places.task_log("left_the_plan").write_text("old task\n")
    assert aiemp("logs", "-n", "2").stdout == "o2\no3\n"
    assert aiemp("logs", "orchestrator", "-n", "1").stdout == "o3\n"
    assert aiemp("logs", "done_archive").stdout == "task\n"
    assert aiemp("logs", "approval").stdout == "watcher\n"
    assert aiemp("logs", "left_the_plan").stdout == "old task\n"


def test_no_log_yet_is_no_error(aiemp: Aiemp) -> None:
    """What never ran has no log: it says so, beside the result."""
    out = aiemp("logs", "done_archive")
    assert (out.returncode, out.stdout) == (0, "")
    assert "there is no log yet" in out.stderr


def test_a_name_of_both_says_which(aiemp: Aiemp, places: Places, write_config: Callable[[str], Path]) -> None:
    """Where a task and a watcher have one name, it says whose log this is and where the other one is."""
    write_config('[tasks.x]\ncommand = ["true"]\nfrequency = "hourly"\n[watchers.x]\ncommand = ["cat"]\n')
    places.watcher_log("x").write_text("watcher\n")
    out = aiemp("logs", "x")
    assert out.stdout == "watcher\n"
    assert str(places.task_log("x")) in out.stderr


def test_bytes_that_are_no_text(aiemp: Aiemp, places: Places) -> None:
    """A log may hold anything; what is no UTF-8 does not stop the rest."""
    places.orchestrator_log.write_bytes(b"\xff\xfe\nnext\n")
    assert aiemp("logs").stdout.endswith("\nnext\n")


def test_follow_survives_rotation(start_aiemp: Callable[..., Running], places: Places) -> None:
    """-f shows what is added, also after the file was renamed and begun anew, until Ctrl-C."""
    log = places.orchestrator_log
    log.write_text("before\n")
    follow = start_aiemp("logs", "-f")
    follow.wait_for("before\n")
    with log.open("a") as file:
        file.write("added\n")
    follow.wait_for("added\n")
    log.rename(log.with_name(f"{log.name}.1"))
    log.write_text("in the new file\n")
    follow.wait_for("in the new file\n")
    os.kill(follow.pid, signal.SIGINT)
    assert follow.process.wait(20) == 130
    assert follow.said() == "before\nadded\nin the new file\n"


def test_follow_waits_for_a_log_that_comes(start_aiemp: Callable[..., Running], places: Places) -> None:
    """-f on what has not run yet shows the log once it is there."""
    follow = start_aiemp("logs", "-f", "done_archive")
    follow.wait_for("there is no log yet")
    places.task_log("done_archive").write_text("it begins\n")
    follow.wait_for("it begins")


def test_a_broken_config_hides_no_log(
    aiemp: Aiemp, places: Places, write_config: Callable[[str], Path]
) -> None:
    """Why nothing runs is read there: the mistake is told beside it, and the vault is the one that is named."""
    write_config("frequenzy = [\n")
    places.orchestrator_log.write_text("why\n")
    places.task_log("mine").write_text("mine\n")
    out = aiemp("logs")
    assert (out.returncode, out.stdout) == (0, "why\n")
    assert "aiemp.toml" in out.stderr
    assert aiemp("logs", "mine").stdout == "mine\n"
