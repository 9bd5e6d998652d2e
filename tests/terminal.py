"""A program on a terminal of its own: what a person would type, and what he would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from struct import pack

OnTerminal = Callable[..., "Terminal"]
"""The fixture ``on_terminal``."""

DEADLINE_S = 30.0
PRESS_AGAIN_S = 5.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


# Its session's own terminal, so that Ctrl-C reaches it.
TAKE_IT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "aiemp", *sys.argv[1:]])
"""


class Terminal:
    """``aiemp`` with all its streams on a terminal, 100 cells wide."""

    def __init__(self, arguments: tuple[str, ...], environ: Mapping[str, str], cwd: Path) -> None:
        self.controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_IT, *arguments],
            env={"TERM": "xterm", **environ},
            cwd=cwd,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self.raw = ""
        self._told = 0

    @property
    def seen(self) -> str:
        """All that was shown, without colours and movements."""
        return ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Wait until ``text`` is shown, below what was waited for before."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.seen[self._told :]:
            assert time.monotonic() < deadline, f"{text!r} was not shown:\n{self.seen}"
            assert self._read(0.2), f"it ended without {text!r}:\n{self.seen}"
        self._told += self.seen[self._told :].index(text) + len(text)

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())

    def interrupt(self) -> int:
        """Press Ctrl-C until it ends; the exit status.

        Once is not always enough: a signal that comes just before Python's input() waits is seen only after a key.
        """
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.seen}"
            self.type("\x03")
            patience = time.monotonic() + PRESS_AGAIN_S
            while time.monotonic() < patience and self._read(0.2):
                continue
            if time.monotonic() < patience:
                break  # its terminal is closed
        return self.end()

    def end(self) -> int:
        """Wait for its end; the exit status."""
        deadline = time.monotonic() + DEADLINE_S
        while self._read(0.2):
            assert time.monotonic() < deadline, f"it does not end:\n{self.seen}"
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.controller)

    def _read(self, patience_s: float) -> bool:
        """Take what is shown; False when nobody will show any more."""
        ready, _, _ = select.select([self.controller], [], [], patience_s)
        if not ready:
            return True
        try:
            chunk = os.read(self.controller, 65536)
        except OSError:  # Linux: EIO when the last writer is gone
            return False
        self.raw += chunk.decode("utf-8", "replace")
        return bool(chunk)
