"""Steps of a loop that must go on: what goes wrong in one is said once, until it changes or works again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiemp.errors import AiempError

log = logging.getLogger("aiemp.orchestrator")


class Steps:
    """The steps of one loop. ``on_trouble`` is told of each new trouble: the step, and its error."""

    def __init__(self, on_trouble: Callable[[str, Exception], None]) -> None:
        self._on_trouble = on_trouble
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
                self._on_trouble(what, error)
        else:
            if self._said.pop(what, None) is not None:
                log.info("%s: works again", what)
