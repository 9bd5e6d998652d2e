"""One MCP server on trial: what it has said so far, and what follows from it."""

from __future__ import annotations

import contextlib
import os
import subprocess

from aiemp.mcp.protocol import LONGEST_DETAIL, AnswerReader, Reply, clean, initialize_request
from aiemp.mcp.verdict import State, Verdict
from aiemp.process.streams import BoundedOutput
from aiemp.redaction import in_force

LAST_WORDS_S = 0.5
"""How long the output of a server that has ended is read on: its answer may still be in the pipe."""

STDERR_BYTES = 4096


class Trial:
    """A started server; ``started`` by the clock of whoever judges. Its three streams are pipes."""

    def __init__(self, process: subprocess.Popen[bytes], started: float) -> None:
        self.process = process
        self.started = started
        self.answer = AnswerReader()
        self.stderr = BoundedOutput(0, STDERR_BYTES)
        self.verdict: Verdict | None = None
        self.is_read = False  # to the end of its standard output
        self._ended_at: float | None = None

    def ask(self) -> None:
        """Send the one request."""
        assert self.process.stdin is not None  # asked for below
        with contextlib.suppress(OSError):  # it has ended already, which is seen in a moment
            os.write(self.process.stdin.fileno(), initialize_request())

    def judge(self, now: float) -> bool:
        """Whether it can be judged by now; then it is."""
        if self.answer.reply is not None:
            self.verdict = self._verdict_of(self.answer.reply, now)
        elif self.answer.is_too_much:
            self.verdict = Verdict(State.RUBBISH, "it prints and prints, and nothing of it is an answer")
        elif (code := _exit_of(self.process)) is not None:
            self._ended_at = now if self._ended_at is None else self._ended_at
            if now - self._ended_at < LAST_WORDS_S and not self.is_read:
                return False
            self.answer.finish()
            self.verdict = (
                Verdict(State.DIED, self._last_words(code))
                if self.answer.reply is None
                else self._verdict_of(self.answer.reply, now)
            )
        return self.verdict is not None

    def give_up(self, limit_s: float) -> None:
        """It had its time."""
        if self.answer.strange:
            self.verdict = Verdict(State.RUBBISH, f"it printed: {self.answer.strange}")
        else:
            self.verdict = Verdict(State.HANGS, f"no answer within {limit_s:g} s")

    def _verdict_of(self, reply: Reply, now: float) -> Verdict:
        redact = in_force().text
        if reply.error:
            return Verdict(State.REFUSED, redact(reply.error))
        milliseconds = round((now - self.started) * 1000)
        return Verdict(
            State.AVAILABLE,
            server=redact(reply.server),
            version=redact(reply.version),
            answered_ms=milliseconds,
        )

    def _last_words(self, code: int) -> str:
        how = f"exit status {code}" if code >= 0 else f"killed by signal {-code}"
        lines = self.stderr.value().decode("utf-8", "replace").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), "") or self.answer.strange
        return clean(f"{how}: {said}" if said else how, LONGEST_DETAIL)


def _exit_of(process: subprocess.Popen[bytes]) -> int | None:
    """How the server ended, as Popen says it; None while it runs. It is only looked at and not reaped: until
    then its number, and so its group's, belongs to it."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return process.poll()
    try:
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return process.poll()
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
