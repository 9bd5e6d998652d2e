"""One calm line on standard error while something takes long; gone at the end, and never where nobody looks.

What works reports through a plain callable, so it knows nothing of terminals.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from aiemp.cli.screen import PAPER, Screen, screen_of, visible
from aiemp.cli.table import cut

QUIET_S = 0.5
"""What is done by then needs no line."""
REDRAW_S = 0.2


class ProgressLine:
    """The line. Without a terminal (``screen.width`` None) nothing is ever drawn."""

    def __init__(
        self, stream: TextIO, screen: Screen, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream = stream
        self.screen = screen
        self.monotonic = monotonic
        self._begun_s = monotonic()
        self._drawn_s = float("-inf")
        self._shown = False

    def say(self, text: str) -> None:
        """Show the step that begins now."""
        if self.screen.width is None:
            return
        line = cut(visible(text), self.screen.width - 1, self.screen.ellipsis)
        self._write(f"\r\x1b[K{self.screen.paint(line, 'faint')}")
        self._shown = True
        self._drawn_s = self.monotonic()

    def counter(self, what: str) -> Callable[[int, int | None], None]:
        """A callable to be told how many are done, and of how many if that is known."""

        def count(done: int, total: int | None = None) -> None:
            now_s = self.monotonic()
            if now_s - self._begun_s < QUIET_S or now_s - self._drawn_s < REDRAW_S:
                return
            of = f" of {total}" if total else ""
            share = f" ({100 * done // total} %)" if total else ""
            self.say(f"{what}: {done}{of}{share}")

        return count

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a terminal that went away must not end the work
            self.stream.write(text)
            self.stream.flush()


@contextmanager
def progress_line(*, quiet: bool) -> Iterator[ProgressLine]:
    """The line on standard error for as long as something lasts; ``quiet``: never."""
    line = ProgressLine(sys.stderr, PAPER if quiet else screen_of(sys.stderr, os.environ))
    try:
        yield line
    finally:
        line.clear()
