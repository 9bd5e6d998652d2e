"""Pings: calls of an address by which somebody else notices that aiemp, or a task, has gone silent.

Each call is a short-lived child (:mod:`aiemp.ping_call`): the orchestrator loads no HTTP and waits for no
answer, and whatever hangs is ended by its own clock. A ping that fails changes nothing but a line in the log, and what
``note`` makes of it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from aiemp.environment import child_environment
from aiemp.redaction import in_force
from aiemp.runs import Result

log = logging.getLogger("aiemp.pings")

LEAST_PAUSE_S = 20.0
"""The end of a ping's child may itself wake the loop, whose tick is no news so soon."""

PATIENCE_S = 10.0
"""How long the end of a run waits for its call; a call ends by itself before that."""

START_PATIENCE_S = 3.0
"""How long the start of a run does. Not longer, since its work waits; and not shorter, since a run that has begun with
no child but its own is surest to leave none behind (:mod:`aiemp.process.descendants`)."""

ANSWERED = "answered"
CUT_OFF = "it did not answer in time"


class PingCall:
    """One call of an address under way. The address is not in the child's arguments, which all can read."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        self._said = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aiemp.ping_call"],
            cwd="/",
            env=child_environment(environ, {}, False),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # asked for above, as is stdout
        assert self._process.stdout is not None
        self._stdout = self._process.stdout
        os.set_blocking(self._stdout.fileno(), False)
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(f"{url}\n".encode())

    def outcome(self) -> str | None:
        """``answered``, or why not; None while it is under way.

        By what the child said, not by its exit status: an engine that takes in orphans may have taken it in.
        """
        if self._process.poll() is None:
            return None
        if not self._stdout.closed:
            with (
                self._stdout,
                contextlib.suppress(BlockingIOError),
            ):  # it has no children that could hold it open
                self._said = os.read(self._stdout.fileno(), 4096)
        return in_force().text(self._said.decode("utf-8", "replace")) or CUT_OFF

    def wait(self, seconds: float) -> str:
        """Its outcome, within ``seconds``."""
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        except BaseException:  # stopped by a signal meanwhile
            self.end()
            raise
        outcome = self.outcome()
        if outcome is None:
            self.end()
        return outcome or CUT_OFF

    def end(self) -> None:
        """End it, whatever it waits for."""
        self._process.kill()
        self._process.wait()
        self._stdout.close()


class TickPings:
    """The dead man's switch: a call after each tick that went well, one at a time, never waited for."""

    def __init__(
        self,
        environ: Mapping[str, str],
        monotonic: Callable[[], float] = time.monotonic,
        note: Callable[[str], None] = lambda _trouble: None,
    ) -> None:
        """``note`` hears why calls fail whenever that begins, and "" when they are answered again."""
        self._environ = environ
        self._note = note
        self._noted: bool | None = None
        self._monotonic = monotonic
        self._call: PingCall | None = None
        self._called: float | None = None
        self._trouble = ""

    def after_tick(self, url: str | None, *, well: bool) -> None:
        """Take in how the last call ended; begin another if there is an address and all is well."""
        try:
            if self._call is not None and (outcome := self._call.outcome()) is not None:
                self._call = None
                self._say("" if outcome == ANSWERED else outcome)
            now = self._monotonic()
            is_soon = self._called is not None and now - self._called < LEAST_PAUSE_S
            if url is not None and well and self._call is None and not is_soon:
                self._called = now
                self._call = PingCall(url, self._environ)
        except OSError as error:
            self._say(f"it cannot be called ({error.strerror or error})")

    def stop(self) -> None:
        """End the call that is under way."""
        if self._call is not None:
            self._call.end()
            self._call = None

    def _say(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.warning("the address of ping_url: %s; this is said once, until it answers again", trouble)
        elif self._trouble and not trouble:
            log.info("the address of ping_url answers again")
        self._trouble = trouble
        # At first, too: the orchestrator before this one may have noted something.
        if self._noted != bool(trouble):
            self._noted = bool(trouble)
            self._note(trouble)


class RunPings:
    """The calls about one run of ``task``: at its start, and at its end if that is success or failure.

    A run that is blocked or interrupted has no end to tell: it is done again.
    """

    def __init__(
        self,
        url: str | None,
        task: str,
        environ: Mapping[str, str],
        note: Callable[[str], None] = lambda _trouble: None,
    ) -> None:
        self._url = url
        self._note = note
        self._task = task
        self._environ = environ

    def started(self) -> None:
        """The run begins."""
        self._tell("/start", START_PATIENCE_S)

    def ended(self, result: Result | None) -> None:
        """The run is over and written down."""
        if result in (Result.SUCCEEDED, Result.FAILED):
            self._tell("" if result is Result.SUCCEEDED else "/fail", PATIENCE_S)

    def _tell(self, ending: str, patience_s: float) -> None:
        if self._url is None:
            return
        try:
            outcome = PingCall(run_address(self._url, self._task, ending), self._environ).wait(patience_s)
        except OSError as error:
            outcome = f"it cannot be called ({error.strerror or error})"
        if outcome != ANSWERED:
            log.warning("the address of run_ping_url: %s", outcome)
        self._note("" if outcome == ANSWERED else outcome)


def run_address(url: str, task: str, ending: str) -> str:
    """``url`` for one task, with ``ending`` at the end of its path (``?create=1`` stays behind it)."""
    path, mark, query = url.replace("{task}", task).partition("?")
    return f"{path.rstrip('/')}{ending}{mark}{query}"
