"""Whose systemd it is. Pure; whoever only names a manager needs nothing that talks to one."""

from __future__ import annotations

from enum import Enum


class Scope(Enum):
    """Which manager: the user's own, or the machine's."""

    USER = "user"
    SYSTEM = "system"
