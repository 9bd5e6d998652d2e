"""Run one program to its end, or to its limit, and leave nothing of it behind."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.process.descendants import Descendants, adopting_orphans, die_with_parent
from aiemp.process.held_signals import HeldSignals
from aiemp.process.streams import Streams
from aiemp.redaction import Redactor, in_force

POLL_S = 0.05
"""How often to look where no event tells: whether the group is gone, and, without pidfd, whether the main
process has ended. Most ends are noticed at once even then, because the output streams close."""

LEFTOVER_GRACE_S = 2.0
"""What a finished program leaves running gets this long after SIGTERM. Nobody waits for its answer."""

STREAM_GRACE_S = 0.5
"""How long the output is read on when everything has ended. Only a process that got away holds it open."""

LONGEST_WAIT_S = 3600.0


class Ending(Enum):
    """Why a run ended: by itself, or ended by us."""

    EXITED = "exited"
    TIMED_OUT = "timed out"
    SILENT = "silent"


@frozen
class Finished:
    """How a run ended. ``exit_code`` is None when a signal (``signal``) ended the program.

    ``output`` is what it wrote to stdout, beginning and end, with a line that says how much is left out;
    ``stderr`` is the end of stderr; ``output_bytes`` counts both streams.
    """

    exit_code: int | None
    signal: int | None
    ended: Ending
    duration_s: float
    output: bytes
    stderr: bytes
    output_bytes: int


@frozen
class _Limits:
    """When to give up: ``deadline`` by the clock, ``silence_s`` after the last output; the longest wait."""

    deadline: float
    silence_s: float
    step_s: float


class _Ticks:
    """Tells ``listener`` every ``every_s`` that nothing was printed, for what shows the time to somebody."""

    def __init__(self, every_s: float, listener: Callable[[bytes], None] | None, last: float) -> None:
        self.every_s = every_s
        self.listener = listener
        self.last = last

    def tick(self, now: float, last_output: float) -> float:
        """Tick if it is time to; returns the seconds to the next one."""
        self.last = max(self.last, last_output)
        if self.listener is not None and now - self.last >= self.every_s:
            self.listener(b"")
            self.last = now
        return self.every_s - (now - self.last)


def run_supervised(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    log_file: Path | None = None,
    grace_s: float = 10.0,
    tail_bytes: int = 64 * 1024,
    on_output: Callable[[bytes], None] | None = None,
    silence_s: float | None = None,
    on_stderr: Callable[[bytes], None] | None = None,
    tick_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    redactor: Redactor | None = None,
) -> Finished:
    """Run ``argv`` in ``cwd`` with exactly the environment ``env``, stdin empty, in a session of its own.

    After ``timeout_s``, or ``silence_s`` without output, all of it is asked to end (SIGTERM) and ``grace_s``
    later killed. On every way out, an exception from a signal handler included, no descendant is left
    (semantics, "Claude Code"; how: :mod:`aiemp.process.descendants`). Signals with a Python handler are
    handled between two steps of the loop here, at once.

    Output is read as it comes: ``tail_bytes`` of each stream are kept, all of it is appended to
    ``log_file`` (made with mode 0600) and given to ``on_output``, or, if it comes from stderr, to ``on_stderr``
    where there is one. With ``tick_s`` ``on_output`` gets ``b""`` that often while nothing is printed. The end
    of the program itself counts, not that of its streams. All of it is without secrets, as ``redactor`` knows
    them (None: the one in force).

    Raises FileNotFoundError and PermissionError when the program, or ``cwd``, cannot be used. Must not be
    called in a process that starts other children meanwhile.
    """
    started = clock()
    with (
        HeldSignals() as signals,
        adopting_orphans() as adopts,
        Streams(log_file, tail_bytes, on_output, clock, redactor or in_force(), on_stderr) as streams,
    ):
        if signals.wake_descriptor >= 0:
            streams.wake_on(signals.wake_descriptor)
        descendants = Descendants(adopts)
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it is None when there are threads
        )
        assert process.stdout is not None and process.stderr is not None
        with process.stdout, process.stderr, _exit_event(process) as exit_event:
            descendants.lead_by(process.pid, process.poll)
            ending = None
            try:
                streams.read(process.stdout.fileno(), streams.output)
                streams.read(process.stderr.fileno(), streams.stderr)
                if exit_event is not None:
                    streams.wake_on(exit_event, once=True)
                limits = _Limits(
                    deadline=started + timeout_s,
                    silence_s=math.inf if silence_s is None else silence_s,
                    step_s=POLL_S if exit_event is None else LONGEST_WAIT_S,
                )
                ticks = _Ticks(math.inf if tick_s is None else tick_s, on_output, clock())
                ending = _wait(process, signals, streams, limits, ticks, clock)
            finally:
                by_itself = ending is Ending.EXITED
                _end(descendants, streams, min(grace_s, LEFTOVER_GRACE_S) if by_itself else grace_s, clock)
            streams.rest(STREAM_GRACE_S)
            streams.finish()
        code = process.returncode  # None: not even SIGKILL could end it
        return Finished(
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            ended=ending,
            duration_s=clock() - started,
            output=streams.output.value(),
            stderr=streams.stderr.value(),
            output_bytes=streams.output.total + streams.stderr.total,
        )


def _wait(
    process: subprocess.Popen[bytes],
    signals: HeldSignals,
    streams: Streams,
    limits: _Limits,
    ticks: _Ticks,
    clock: Callable[[], float],
) -> Ending:
    """Read output until the program has ended or one of its limits is reached."""
    while not _has_ended(process):
        signals.deliver()
        now = clock()
        silent_at = streams.last_output + limits.silence_s
        if now >= limits.deadline:
            return Ending.TIMED_OUT
        if now >= silent_at:
            return Ending.SILENT
        left_s = ticks.tick(now, streams.last_output)
        streams.step(min(limits.deadline - now, silent_at - now, limits.step_s, left_s))
    return Ending.EXITED


def _end(descendants: Descendants, streams: Streams, grace_s: float, clock: Callable[[], float]) -> None:
    """End what is left: asked first, then killed, whatever happens while waiting."""
    try:
        descendants.terminate()
        deadline = clock() + grace_s
        while not descendants.gone() and (left_s := deadline - clock()) > 0:
            streams.step(min(POLL_S, left_s))
    finally:
        descendants.kill()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the program has ended. It is only looked at and not reaped yet, where that can be (waitid).

    A zombie keeps its number, so that its process group can still be signalled without hitting a stranger.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


@contextlib.contextmanager
def _exit_event(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """A descriptor that becomes readable when ``process`` ends (pidfd_open(2), Linux 5.3); else None."""
    descriptor = None
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # an old kernel, or a sandbox that does not know the call
            descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)
