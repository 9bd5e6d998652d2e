"""Waiting for a vault that is not there yet, as a service: a disk that is mounted late, or unlocked by a person.

An orchestrator that ended for it would be started again and again, and given up after some minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from aiemp.errors import Blocked
from aiemp.systemd.notify import Notifier
from aiemp.vault.layout import require_vault

log = logging.getLogger("aiemp.orchestrator")


def waited_for_vault(
    vault: Path, notifier: Notifier, goes_on: Callable[[], bool], wait: Callable[[], None]
) -> bool:
    """Return when the vault is there, or when this is not to go on. Whether there was anything to wait for.

    systemd hears meanwhile that we are up, what we wait for, and that we live.
    """
    waited = False
    while goes_on():
        try:
            require_vault(vault)
        except Blocked as blocked:
            if not waited:
                log.warning("waiting: %s", blocked.reason)
                notifier.ready()
            waited = True
            notifier.status(f"waiting: {blocked.reason}")
            notifier.watchdog()
            wait()
        else:
            break
    return waited
