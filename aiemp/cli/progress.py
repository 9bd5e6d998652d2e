"""What a person sees on the terminal while a task runs: one line, rewritten in place.

It is drawn when the task says something, and once a second while Claude says nothing (an empty output), so it
needs neither a thread nor a timer: the time limit of a run has the alarm signal. A command of the user's own
that is silent leaves it as it is; therefore it names clock times too, which stay true.
"""

from __future__ import annotations

import codecs
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TextIO

from aiemp.cli.screen import Screen, screen_of, visible
from aiemp.cli.table import cut
from aiemp.plan import ScheduledTask

LONGEST_LINE = 1000
REDRAW_S = 0.1

STARTED = ": started"
"""What :func:`aiemp.runner.run_task` says when the time limit begins to count: not while it waits."""


class Progress:
    """Says what a run says; without a terminal (``screen.width`` None) line below line, and no output."""

    def __init__(
        self,
        task: ScheduledTask,
        stream: TextIO,
        screen: Screen,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self.stream = stream
        self.screen = screen
        self.clock = clock
        self.monotonic = monotonic
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._since = self._until = self._last = self._unfinished = ""
        self._begun_s = self._drawn_s = 0.0
        self._shown = False

    @property
    def on_output(self) -> Callable[[bytes], None] | None:
        """What to call with what the task prints; None when nobody sees it."""
        return None if self.screen.width is None else self._on_output

    def say(self, text: str) -> None:
        """Show a step of the run on a line of its own, and below it where the run is."""
        self.clear()
        self._write(f"{visible(text)}\n")
        if STARTED in text:
            now = self.clock()
            until = now + timedelta(minutes=self.task.timeout_minutes)
            self._since, self._until = f"{now:%H:%M:%S}", f"{until:%H:%M}"
            self._begun_s = self.monotonic()
            self._draw()

    def clear(self) -> None:
        """Take the line away, for whoever writes next."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _on_output(self, chunk: bytes) -> None:
        text = self._unfinished + self._decoder.decode(chunk).replace("\r", "\n")
        *lines, unfinished = text.split("\n")
        self._unfinished = unfinished[-LONGEST_LINE:]
        self._last = next((line for line in reversed(lines) if line.strip()), self._last)
        if self.monotonic() - self._drawn_s >= REDRAW_S:
            self._draw()

    def _draw(self) -> None:
        if self.screen.width is None or not self._since:
            return
        now_s = self.monotonic()
        minutes, seconds = divmod(max(0, int(now_s - self._begun_s)), 60)
        head = f"{minutes}:{seconds:02}, since {self._since}, until {self._until} at most"
        said = visible((self._unfinished.strip() or self._last.strip())[:LONGEST_LINE])
        line = cut(f"{head} | {said}" if said else head, self.screen.width - 1, self.screen.ellipsis)
        self._write(f"\r\x1b[K{self.screen.paint(line, 'faint')}")
        self._shown = True
        self._drawn_s = now_s

    def _write(self, text: str) -> None:
        # A terminal that went away must not end the run.
        with suppress(OSError):
            self.stream.write(text)
            self.stream.flush()


@contextmanager
def progress_of(task: ScheduledTask, *, quiet: bool) -> Iterator[Progress]:
    """The progress of one run on standard error; its line is gone at the end."""
    stream = sys.stderr
    if quiet:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - devnull is a str
            yield Progress(task, nowhere, Screen(), _wall_clock)
        return
    progress = Progress(task, stream, screen_of(stream, os.environ), _wall_clock)

    def make_room(_record: logging.LogRecord) -> bool:
        progress.clear()
        return True

    handlers = logging.getLogger("aiemp").handlers
    for handler in handlers:
        handler.addFilter(make_room)
    try:
        yield progress
    finally:
        progress.clear()
        for handler in handlers:
            handler.removeFilter(make_room)


def _wall_clock() -> datetime:
    return datetime.now().astimezone()
