"""Waking up on changes, and doing without where the system has none to give."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiemp.watchers.changes import Changes, Watchfiles
from aiemp.watchers.listing import list_files
from aiemp.watchers.loop import Stop

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def stop() -> Iterator[Stop]:
    before = {number: signal.getsignal(number) for number in HANDLED}
    yield Stop()
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def changes() -> Iterator[Changes]:
    made = Changes()
    yield made
    made.close()


Soon = Callable[[Callable[[], object]], None]


@pytest.fixture
def soon(stop: Stop) -> Iterator[Soon]:
    """``soon(action)`` does it in a moment, while the test waits. It is done before ``stop`` puts the handlers back:
    a signal that came later would end the tests."""
    timers: list[threading.Timer] = []

    def start(action: Callable[[], object]) -> None:
        timers.append(threading.Timer(0.3, action))
        timers[-1].start()

    yield start
    for timer in timers:
        timer.join()


def test_a_new_watch_asks_for_another_look(tmp_path: Path, changes: Changes, stop: Stop) -> None:
    """What happened between the look and the watch would be missed otherwise."""
    folders = list_files(tmp_path).folders
    assert changes.wait(folders, 20, stop)
    assert not changes.wait(folders, 0, stop)


def test_a_change_ends_the_wait(tmp_path: Path, changes: Changes, stop: Stop, soon: Soon) -> None:
    """Long before its time is over."""
    folders = list_files(tmp_path).folders
    changes.wait(folders, 20, stop)
    soon(lambda: (tmp_path / "a.txt").write_text("x"))
    began = time.monotonic()
    assert changes.wait(folders, 20, stop)
    assert time.monotonic() - began < 10


def test_watchfiles_does_where_there_is_no_inotify(tmp_path: Path, stop: Stop, soon: Soon) -> None:
    """A change ends its wait, and so does a signal."""
    events = Watchfiles([str(tmp_path)])
    soon(lambda: (tmp_path / "a.txt").write_text("x"))
    assert events.wait(20, stop)
    soon(lambda: os.kill(os.getpid(), signal.SIGTERM))
    began = time.monotonic()
    while not stop.requested:  # there may have been more to tell of the change
        events.wait(20, stop)
    assert time.monotonic() - began < 10
    events.close()


def test_reading_is_no_change(tmp_path: Path, changes: Changes, stop: Stop) -> None:
    """Else our own look would wake us up for the next one, for ever."""
    (tmp_path / "a.txt").write_text("x")
    folders = list_files(tmp_path).folders
    changes.wait(folders, 20, stop)
    changes.wait(folders, 0.3, stop)
    list_files(tmp_path)
    (tmp_path / "a.txt").read_text()
    assert not changes.wait(folders, 0.6, stop)


def test_a_folder_that_is_a_link_is_watched(tmp_path: Path, changes: Changes, stop: Stop, soon: Soon) -> None:
    """``Drop`` may be a link to another folder of the vault."""
    (tmp_path / "real").mkdir()
    (tmp_path / "Drop").symlink_to("real")
    folders = list_files(tmp_path / "Drop").folders
    assert changes.wait(folders, 20, stop)
    assert changes.problem == ""
    soon(lambda: (tmp_path / "real/a.txt").write_text("x"))
    assert changes.wait(folders, 20, stop)


def test_a_replaced_folder_is_watched_anew(tmp_path: Path, changes: Changes, stop: Stop, soon: Soon) -> None:
    """The path is the same and the folder another one: changes in the new one end the wait."""
    drop = tmp_path / "Drop"
    drop.mkdir()
    changes.wait(list_files(drop).folders, 20, stop)
    drop.rename(tmp_path / "old")
    drop.mkdir()
    folders = list_files(drop).folders
    assert changes.wait(folders, 20, stop)
    soon(lambda: (drop / "a.txt").write_text("x"))
    assert changes.wait(folders, 20, stop)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of inotify")
def test_without_a_free_descriptor_it_only_sleeps(tmp_path: Path, changes: Changes, stop: Stop) -> None:
    """The system's limit is reached: said, and no error; it tries again later."""
    folders = list_files(tmp_path).folders
    import aiemp.watchers.inotify  # noqa: F401 - loading it needs a descriptor too

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        assert not changes.wait(folders, 0.01, stop)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "seen only at each interval" in changes.problem
    assert not changes.wait(folders, 0.01, stop)


def switches() -> int:
    """How often this thread has gone to sleep until now."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


@pytest.mark.skipif(sys.platform != "linux", reason="by inotify alone")
def test_who_waits_for_changes_does_not_wake_up_in_between(
    tmp_path: Path, changes: Changes, stop: Stop
) -> None:
    """An idle watcher costs the machine nothing: a wait is one sleep, however long it is."""
    folders = list_files(tmp_path).folders
    changes.wait(folders, 20, stop)
    before = switches()
    assert not changes.wait(folders, 1.5, stop)
    assert switches() - before <= 1


@pytest.mark.skipif(sys.platform != "linux", reason="by inotify alone")
def test_a_burst_of_changes_is_few_wake_ups(tmp_path: Path, changes: Changes, stop: Stop, soon: Soon) -> None:
    """A thousand files dropped at once are one change, or a few."""
    folders = list_files(tmp_path).folders
    changes.wait(folders, 20, stop)

    def drop() -> None:
        for number in range(1000):
            (tmp_path / f"{number}.txt").write_text("x")

    soon(drop)
    seen = 0
    while changes.wait(folders, 2, stop):
        seen += 1
    assert 1 <= seen <= 10


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have no such names")
def test_a_name_that_is_not_utf8_is_a_change_like_any_other(
    tmp_path: Path, changes: Changes, stop: Stop, soon: Soon
) -> None:
    """It neither ends the watching nor goes unseen."""
    folders = list_files(tmp_path).folders
    changes.wait(folders, 20, stop)
    soon(lambda: Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("x"))
    assert changes.wait(folders, 20, stop)


@pytest.mark.parametrize("watching", [True, False])
def test_a_signal_ends_the_wait(
    tmp_path: Path, changes: Changes, stop: Stop, soon: Soon, watching: bool
) -> None:
    """Within moments, watching or only sleeping; one that came just before counts too."""
    folders = list_files(tmp_path).folders if watching else {}
    changes.wait(folders, 0.01, stop)
    soon(lambda: os.kill(os.getpid(), signal.SIGTERM))
    began = time.monotonic()
    changes.wait(folders, 20, stop)
    assert stop.requested
    changes.wait(folders, 20, stop)
    assert time.monotonic() - began < 5
