"""Locks between processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiemp.errors import LockHeld
from aiemp.locks import Holder, acquire, probe, read_holder, sign_of_life
from tests.rights import as_nobody

HOLD = (
    "import sys, os; from pathlib import Path; from aiemp.locks import *\n"
    "lock = acquire(Path(sys.argv[1]), Holder(os.getpid(), 'task triage', 'scheduled'))\n"
    "print('held', flush=True); sys.stdin.read()\n"
)


def hold(path: Path) -> subprocess.Popen[bytes]:
    """A process that holds the lock until its stdin is closed."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()


def test_second_taker_is_told_who_holds_it(tmp_path: Path) -> None:
    """A held lock is refused with what its holder wrote about itself."""
    path = tmp_path / "run.lock"
    child = hold(path)
    with pytest.raises(LockHeld, match=f"task triage, pid {child.pid}, scheduled"):
        acquire(path, Holder(os.getpid(), "me"))
    assert probe(path) == Holder(child.pid, "task triage", "scheduled")
    end(child)


def test_nothing_of_an_earlier_holder_is_left(tmp_path: Path) -> None:
    """Whoever takes the lock after one with a longer name is told as himself."""
    path = tmp_path / "run.lock"
    acquire(path, Holder(1234567, "task of a very long name", "a unit of a long name")).release()
    with acquire(path, Holder(1, "me")):
        assert probe(path) == Holder(1, "me")


def test_two_who_look_do_not_see_each_other(tmp_path: Path) -> None:
    """A look is no hold: somebody who looks at the same moment is told that nobody has the lock."""
    path = tmp_path / "run.lock"
    acquire(path, Holder(1, "before")).release()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert probe(path) is None


def test_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    """A file that exists means nothing: the lock dies with its holder."""
    path = tmp_path / "run.lock"
    end(hold(path))
    assert path.exists()
    assert probe(path) is None
    acquire(path, Holder(os.getpid(), "me")).release()


def test_waiting_says_whom_for_and_gets_the_lock(tmp_path: Path) -> None:
    """With on_wait the taker waits, having told once whom for."""
    path = tmp_path / "run.lock"
    child = hold(path)
    told: list[Holder] = []

    def on_wait(holder: Holder) -> None:
        told.append(holder)
        end(child)

    with acquire(path, Holder(os.getpid(), "me"), on_wait=on_wait):
        assert [holder.pid for holder in told] == [child.pid]
        assert probe(path) is not None


def test_heir_of_the_descriptor_holds_the_lock(tmp_path: Path) -> None:
    """A child that inherits the descriptor keeps the lock when the one who took it is gone."""
    path = tmp_path / "watcher.lock"
    lock = acquire(path, Holder(os.getpid(), "starting"))
    child = subprocess.Popen(["sleep", "60"], pass_fds=(lock.descriptor,))
    lock.describe(Holder(child.pid, "watcher x", "local engine"))
    lock.release()
    assert probe(path) == Holder(child.pid, "watcher x", "local engine")
    child.kill()
    child.wait()
    assert probe(path) is None


def test_probing_all_the_time_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    """Somebody who only looks (status, health) does not make a taker believe that the lock is held."""
    path = tmp_path / "run.lock"
    acquire(path, Holder(0, "")).release()
    looker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from aiemp.locks import probe\n"
            "print('looking', flush=True)\nwhile True: probe(Path(sys.argv[1]))",
            str(path),
        ],
        stdout=subprocess.PIPE,
    )
    assert looker.stdout is not None
    looker.stdout.readline()
    for _ in range(300):
        acquire(path, Holder(os.getpid(), "me")).release()
    looker.send_signal(signal.SIGKILL)
    looker.wait()
    looker.stdout.close()


def test_unwritable_lock_file_can_still_be_locked(nobodys_folder: Path) -> None:
    """On a file that may only be read, the lock holds; only the holder's name is lost."""
    path = nobodys_folder / "run.lock"
    with as_nobody():
        path.touch(mode=0o444)
        with acquire(path, Holder(os.getpid(), "me")):
            assert probe(path) == Holder()


def test_free_lock_is_taken_at_once(tmp_path: Path) -> None:
    """Nobody waits for a lock that is free."""
    started = time.monotonic()
    acquire(tmp_path / "run.lock", Holder(os.getpid(), "me")).release()
    assert time.monotonic() - started < 1.0


def test_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    """What a link leads to is neither locked nor overwritten with the holder's name."""
    victim = tmp_path / "authorized_keys"
    victim.write_text("ssh-ed25519 ...")
    path = tmp_path / "run.lock"
    path.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        acquire(path, Holder(os.getpid(), "me"))
    assert probe(path) is None
    assert victim.read_text() == "ssh-ed25519 ..."


def test_a_holder_shows_that_it_lives(tmp_path: Path) -> None:
    """The file's time moves with the holder, but no more often than every five minutes; one that hangs is older."""
    path = tmp_path / "x.lock"
    with acquire(path, Holder(1)) as lock:
        began = sign_of_life(path)
        assert began is not None
        lock.show_life(began + 299)
        assert sign_of_life(path) == began
        lock.show_life(began + 301)
        assert sign_of_life(path) == pytest.approx(began + 301, abs=0.001)
        lock.show_life(began - 1000)  # the clock was set back
        assert sign_of_life(path) == pytest.approx(began - 1000, abs=0.001)
    assert sign_of_life(tmp_path / "none") is None


def test_a_lock_with_a_second_name_shows_no_life_there(tmp_path: Path) -> None:
    """A hard link may lie outside of the vault: its time stays, and so is no sign of anything."""
    place, other = tmp_path / ".state" / "aiemp" / "orchestrator.lock", tmp_path / "outside"
    place.parent.mkdir(parents=True)
    other.write_text("theirs")
    os.utime(other, (1.0, 1.0))
    place.hardlink_to(other)
    with acquire(place, Holder(os.getpid(), "me")) as lock:
        lock.show_life(10_000.0)
    assert (other.stat().st_mtime, other.read_text()) == (1.0, "theirs")
    assert sign_of_life(place) is None


def test_a_holder_says_how_often_it_shows_life(tmp_path: Path) -> None:
    """Who looks compares the last sign with that; a note without it, or that is no object, is one as well."""
    path = tmp_path / "a" / "b" / "lock"
    path.parent.mkdir(parents=True)
    with acquire(path, Holder(7, "orchestrator", "local engine", 7200.0)):
        assert read_holder(path) == Holder(7, "orchestrator", "local engine", 7200.0)
    path.write_text('{"pid": 7, "what": "w", "owner": "o"}')
    assert read_holder(path) == Holder(7, "w", "o")
    path.write_text("[]")
    assert read_holder(path) == Holder()
