"""Why calls of an address of [alerts] fail: noted beside the vault's locks for `aiemp status` and `aiemp doctor`.

A file for each setting (:attr:`aiemp.plan.Pings.settings`), with the reason, as old as the trouble; none while the
calls are answered. The address is in none of them. Written only here, by whoever calls (:mod:`aiemp.pings`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from aiemp.config.reading import read_regular_file
from aiemp.durable import replace_file
from aiemp.frozen import frozen
from aiemp.places import Places

LONGEST_REASON = 300


@frozen
class PingTrouble:
    """The address of ``setting`` has not answered since then."""

    setting: str
    why: str
    since: datetime

    @property
    def remedy(self) -> str:
        """What its owner can do."""
        step = "correct it in aiemp.toml (aiemp config edit)"
        return f"{step}, then try it: aiemp alert --test" if self.setting == "ping_url" else step


def note_ping_trouble(vault: Path, setting: str, why: str) -> None:
    """Note that calls of ``setting`` fail, and why; ``why`` empty: they are answered. Best effort."""
    path = Places(vault).ping_trouble(setting)
    with contextlib.suppress(OSError):
        if why:
            data = why[:LONGEST_REASON].encode("utf-8", "replace")
            if _noted(path) != data:  # the age of the file tells since when
                replace_file(path, data, beneath=vault)
        elif path.parent.resolve().is_relative_to(vault.resolve()):
            path.unlink(missing_ok=True)


def _noted(path: Path) -> bytes | None:
    try:
        return read_regular_file(path, LONGEST_REASON * 4)[0]
    except OSError:
        return None


def ping_troubles(vault: Path, settings: Iterable[str]) -> tuple[PingTrouble, ...]:
    """What is noted now of these ``settings``; of one that was taken out of aiemp.toml a note may be left."""
    found = []
    for setting in settings:
        try:
            data, status = read_regular_file(Places(vault).ping_trouble(setting), LONGEST_REASON * 4)
            since = datetime.fromtimestamp(status.st_mtime, UTC)
        except (OSError, OverflowError, ValueError):
            continue
        found.append(PingTrouble(setting, data.decode("utf-8", "replace"), since))
    return tuple(found)
