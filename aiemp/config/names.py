"""Which names a task, a watcher or an MCP server may have. Pure.

A name becomes part of a unit name, of file names in the vault and of a row on the dashboard, so it has only
characters that need no quoting in any of them (systemd.unit(5) would also allow ``:`` and ``\\``).
"""

from __future__ import annotations

import string

LONGEST_NAME = 100
"""``aiemp-watcher-NAME.service`` has to stay below the 255 bytes of a file name, with room for a suffix."""

_ALLOWED = frozenset(string.ascii_letters + string.digits + "_.-")


def check_name(name: str) -> str | None:
    """Why ``name`` cannot be used, as the end of a sentence about it; None when it can."""
    if not name:
        return "is empty"
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if name[0] in ".-":
        return f'begins with "{name[0]}"'
    unusable = [character for character in name if character not in _ALLOWED]
    if unusable:
        return f"contains {unusable[0]!r}"
    return None


def clash_key(name: str) -> str:
    """Equal for two names that people, dashboards or case-blind file systems would take for the same."""
    return name.lower().replace("-", "_")
