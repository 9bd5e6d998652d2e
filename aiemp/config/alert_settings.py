"""The ``[alerts]`` table: whom alerts are told, and which addresses are pinged. Pure."""

from __future__ import annotations

import re

from aiemp.config.table import Table
from aiemp.frozen import field, frozen
from aiemp.plan import Pings

TASK_PLACE = "{task}"
_ADDRESS = r"https?://[^\s/?#@\\]+(?:[/?][!-~]*)?"
"""An address with a host and no user, in ASCII, as HTTP has to have it. Compiled where one is given."""


@frozen
class AlertSettings:
    """What the table says."""

    command: tuple[str, ...] = ()
    tell_resolved: bool = False
    pings: Pings = field(default_factory=Pings)


def read_alerts(root: Table) -> AlertSettings:
    """The settings for alerts and pings; mistakes go to the document."""
    table = root.table("alerts")
    if table is None:
        return AlertSettings()
    command = table.argv("command")
    tell_resolved = table.flag("tell_resolved")
    pings = Pings(_address(table, "ping_url"), _run_address(table, "run_ping_url"))
    table.refuse_unknown_keys()
    return AlertSettings(command or (), bool(tell_resolved), pings)


def _address(table: Table, key: str) -> str | None:
    """An address to be called. It is a secret, so no message shows it."""
    address = table.one_line(key)
    if address is None or re.fullmatch(_ADDRESS, address, re.IGNORECASE):
        return address
    table.mistake("is no address that can be called; write https://HOST/... without spaces or a user", key)
    return None


def _run_address(table: Table, key: str) -> str | None:
    address = _address(table, key)
    if address is not None and TASK_PLACE not in address.partition("?")[0]:
        table.mistake(f"does not say where the task's name belongs; write {TASK_PLACE} into its path", key)
        return None
    return address
