"""Which tests stay together when several workers run them (pytest-xdist): those that share something costly."""

from __future__ import annotations

SHARING_FOLDERS = ("systemd", "claude", "mcp", "pm2", "conformance")
"""Folders below tests/ whose tests share an engine that takes seconds to have."""


def group_of(nodeid: str) -> str:
    """The name of a test's group; its own for a test that may run anywhere.

    Tests on a real systemd share a machine, and those that install something a user: one group for each kind.
    So do the conformance suite's employees under PM2 and systemd; its local loops share nothing.
    """
    path, _, name = nodeid.partition("::")
    folder = path.split("/")[1]
    if folder not in SHARING_FOLDERS:
        return nodeid
    words = name.partition("[")[2].rstrip("]").split("-")
    if folder == "conformance" and words[0] not in ("pm2", "systemd"):
        return nodeid
    return "-".join([folder, *(word for word in ("257", "user", "system", "pm2") if word in words)])
