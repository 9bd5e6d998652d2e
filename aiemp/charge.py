"""Being in charge of a vault: the lock that one orchestrator holds as long as it lives."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from aiemp.errors import AiempError, LockHeld
from aiemp.locks import HeldLock, Holder, acquire, read_holder
from aiemp.places import Places
from aiemp.vault.layout import require_vault

log = logging.getLogger("aiemp.orchestrator")


class ChargeLost(AiempError):
    """Another orchestrator is in charge by now; this one has to end."""


def _stop_line(holder: Holder) -> str:
    """What stops the orchestrator that has the vault."""
    if holder.owner.startswith("systemd"):
        from aiemp.systemd.command_lines import stop_line  # noqa: PLC0415
        from aiemp.systemd.installed import find_installed  # noqa: PLC0415 - only to tell who asks twice

        units = find_installed(os.environ)
        return stop_line(units[0].scope) if units else "systemctl --user stop aiemp.target"
    return f"kill {holder.pid}" if holder.pid else "see which: aiemp status"


class Charge:
    """The charge of ``vault``, for an orchestrator with the engine ``engine`` that looks every ``interval_s``."""

    def __init__(self, vault: Path, engine: str, interval_s: float = 0.0) -> None:
        self.vault = vault
        self.path = Places(vault).orchestrator_lock
        self.holder = Holder(os.getpid(), "orchestrator", f"{engine} engine", interval_s)
        self._lock: HeldLock | None = None

    def take(self) -> None:
        """Take it. Raises AiempError when another orchestrator has it, or when nothing can be written."""
        require_vault(self.vault)
        try:
            self._lock = acquire(self.path, self.holder)
        except LockHeld as held:
            raise AiempError(
                f"{self.vault} is kept running already by the {held.holder}, and one is enough; to have another "
                f"instead, stop that one first: {_stop_line(read_holder(self.path))}"
            ) from None
        except OSError as error:
            raise AiempError(
                f"{self.vault} cannot be written ({error.strerror or error}), so nothing could be recorded "
                "and nothing runs; make it writable for this user, or try `aiemp run --dry-run`"
            ) from error

    def keep(self) -> bool:
        """Take it anew when its file was deleted (``rm -r .state``): a deleted lock keeps nobody out.

        Returns whether that was so. Raises ChargeLost when another orchestrator was faster.
        """
        if self._lock is None or self._lock.is_in_place():
            if self._lock is not None:
                self._lock.show_life(time.time())
            return False
        log.warning("%s was deleted; it is made anew", self.path)
        self._lock.release()
        try:
            self._lock = acquire(self.path, self.holder)
        except LockHeld as held:
            raise ChargeLost(
                f"the {held.holder} has taken over {self.vault} meanwhile; this one ends"
            ) from None
        return True

    def release(self) -> None:
        """Give it up."""
        if self._lock is not None:
            self._lock.release()
