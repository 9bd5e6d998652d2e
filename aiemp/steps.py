"""Steps of a loop that must go on: what goes wrong in one is said once, until it changes or works again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from aiemp.errors import AiempError

log = logging.getLogger("aiemp.orchestrator")


class Listener(Protocol):
    """Who is told of the steps: of each new trouble, and of what works again."""

    def publish_trouble(self, what: str, error: Exception, now: datetime) -> None: ...

    def publish_recovery(self, what: str, now: datetime) -> None: ...


class Steps:
    """The steps of one loop."""

    def __init__(self, listener: Listener, clock: Callable[[], datetime]) -> None:
        self._listener = listener
        self._clock = clock
        self._said: dict[str, str] = {}

    @property
    def all_well(self) -> bool:
        """Whether each step that was done went well the last time."""
        return not self._said

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Do one step; an error in it ends the step and nothing else. A traceback only for what nobody
        foresaw: a full disk or a broken configuration needs words."""
        try:
            yield
        except Exception as error:
            text = str(error) or type(error).__name__
            if self._said.get(what) != text:
                self._said[what] = text
                expected = isinstance(error, AiempError | OSError)
                log.error("%s: %s", what, text, exc_info=None if expected else error)
                self._listener.publish_trouble(what, error, self._clock())
        else:
            if self._said.pop(what, None) is not None:
                log.info("%s: works again", what)
                self._listener.publish_recovery(what, self._clock())
