"""What a program prints: bounded in memory, whole in its log, told while it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.process import Ending
from aiemp.process.streams import BoundedOutput
from aiemp.process.supervised import _Ticks
from tests.fakes.claude import FakeClaude
from tests.unit.process.running import GRACE_S, SLACK_S, run

# Output


def test_a_flood_is_bounded_in_memory_and_whole_in_the_log(tmp_path: Path, fake: FakeClaude) -> None:
    """32 MB of output cost this process a few hundred kilobytes; the log has every byte."""
    size = 32 * 65536 * 16
    fake.does(("flood", size))
    log = tmp_path / "log"
    code = (
        f"import pathlib, sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from aiemp.process import run_supervised; from tests.peak_memory import peak_kb\n"
        "before = peak_kb()\n"
        f"f = run_supervised([{str(fake.path)!r}], cwd=pathlib.Path('/'), env={{}}, timeout_s=60,"
        f" log_file=pathlib.Path({str(log)!r}))\n"
        "print(f.exit_code, f.output_bytes, len(f.output), peak_kb() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    exit_code, output_bytes, kept, growth_kb = map(int, done.stdout.split())
    assert (exit_code, output_bytes, log.stat().st_size) == (0, size, size)
    assert kept < 66 * 1024
    assert growth_kb < 8 * 1024


def test_the_streams_can_be_told_apart(fake: FakeClaude) -> None:
    """``on_stderr`` takes stderr from ``on_output``: a warning must not come into the middle of an event."""
    out: list[bytes] = []
    err: list[bytes] = []
    run(fake, ("say", "a"), ("complain", "b"), ("say", "c"), on_output=out.append, on_stderr=err.append)
    assert (b"".join(out), b"".join(err)) == (b"ac", b"b")
    run(fake, ("complain", "b"), on_output=out.append)
    assert b"".join(out) == b"acb"


def test_ticks_come_while_nothing_is_printed(fake: FakeClaude) -> None:
    """Who shows the time is woken by an empty output; nobody else gets one."""
    chunks: list[bytes] = []
    run(fake, ("sleep", 0.4), ("say", "x"), on_output=chunks.append, tick_s=0.05)
    assert chunks.count(b"") >= 2
    chunks.clear()
    run(fake, ("sleep", 0.2), ("say", "x"), on_output=chunks.append)
    assert chunks == [b"x"]


def test_a_tick_waits_from_the_last_output_on() -> None:
    """What was printed has shown the time by itself."""
    told: list[bytes] = []
    ticks = _Ticks(1.0, told.append, 0.0)
    assert (ticks.tick(1.5, last_output=1.0), told) == (0.5, [])
    assert (ticks.tick(2.0, last_output=1.0), told) == (1.0, [b""])


def test_a_flood_does_not_delay_the_limit(fake: FakeClaude) -> None:
    """A program that never stops printing meets its time limit like any other."""
    finished = run(fake, ("flood", 10**12), timeout_s=0.3)
    assert finished.ended is Ending.TIMED_OUT
    assert finished.duration_s < 0.3 + GRACE_S + SLACK_S


def test_output_that_is_not_text(fake: FakeClaude) -> None:
    """Bytes come through as they are, invalid UTF-8 and NUL included."""
    assert run(fake, ("say_bytes", "fffe00c328")).output == bytes.fromhex("fffe00c328")


def test_the_log_is_appended_to(fake: FakeClaude, tmp_path: Path) -> None:
    """A second run does not wipe out the first."""
    log = tmp_path / "log"
    run(fake, ("say", "one "), log_file=log)
    run(fake, ("say", "two"), log_file=log)
    assert log.read_text() == "one two"


def test_a_log_that_cannot_be_written(fake: FakeClaude, tmp_path: Path) -> None:
    """A link, a FIFO or a folder where the log should be is not followed, and the run goes on."""
    target = tmp_path / "precious"
    target.write_text("mine")
    link, fifo = tmp_path / "link", tmp_path / "fifo"
    link.symlink_to(target)
    os.mkfifo(fifo)
    for log in (link, fifo, tmp_path, tmp_path / "missing" / "log"):
        assert run(fake, ("say", "x"), log_file=log).output == b"x"
    assert target.read_text() == "mine"


def test_a_log_whose_folder_has_become_a_link_out_of_the_vault(fake: FakeClaude, tmp_path: Path) -> None:
    """The log was looked at before the run; when it is opened its folder may be another."""
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    vault.mkdir()
    (outside / "aiemp").mkdir(parents=True)
    (vault / "Logs").symlink_to(outside)
    assert run(fake, ("say", "x"), log_file=vault / "Logs" / "aiemp" / "task.log").output == b"x"
    assert list((outside / "aiemp").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_end_the_run(fake: FakeClaude, caplog: pytest.LogCaptureFixture) -> None:
    """When the log cannot be written any more that is said once, and the answer still arrives."""
    from aiemp.process import streams

    opened = os.open("/dev/full", os.O_WRONLY)
    original = streams._open_log
    streams._open_log = lambda _path: opened
    try:
        finished = run(fake, ("say", "a"), ("sleep", 0.1), ("say", "b"), log_file=Path("x"))
    finally:
        streams._open_log = original
    assert finished.output == b"ab"
    assert len([r for r in caplog.records if "no longer written" in r.message]) == 1


@settings(deadline=None)
@given(
    chunks=st.lists(st.binary(max_size=300), max_size=30),
    head=st.integers(0, 100),
    tail=st.integers(1, 400),
)
def test_bounded_output_keeps_beginning_and_end(chunks: list[bytes], head: int, tail: int) -> None:
    """Whatever the chunks, what is kept is the beginning and the end, and the gap between is counted."""
    bounded = BoundedOutput(head, tail)
    for chunk in chunks:
        bounded.add(chunk)
    whole = b"".join(chunks)
    left_out = len(whole) - head - tail
    if left_out <= 0:
        assert bounded.value() == whole
    else:
        note = f"\n[... {left_out} bytes left out ...]\n".encode()
        assert bounded.value() == whole[:head] + note + whole[-tail:]
