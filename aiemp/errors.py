"""The one family of errors whose message is what the user reads: what happened, where, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


class AiempError(Exception):
    """Something the user can understand and mend. ``exit_code`` is what the command line ends with."""

    exit_code = 1


class UsageError(AiempError):
    """The command line or the environment asks for something that cannot be (exit 2)."""

    exit_code = 2


class ConfigError(UsageError):
    """Every mistake found in the configuration, together (exit 2). ``mistakes`` holds one line for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class VaultError(AiempError):
    """The vault, or a file in it, cannot be used the way that was asked."""


class LockHeld(AiempError):
    """Somebody else holds the lock; ``holder`` is what the holder wrote about itself."""

    def __init__(self, message: str, holder: str = "") -> None:
        self.holder = holder
        super().__init__(message)


class Blocked(AiempError):
    """A task cannot run *now* for a reason outside itself; it stays due and no attempt is spent.

    Source: semantics "Blocked is not failed". ``reason`` is one plain sentence with its remedy. ``until``:
    before that moment (aware) it is no use to try again; None when nobody can tell. ``details`` are what it
    cost to find out, where that is something: values for the run's record.
    """

    def __init__(
        self, reason: str, until: datetime | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        self.reason = reason
        self.until = until
        self.details = details or {}
        super().__init__(reason)
