"""``linger`` and ``journal``: what a user's own systemd needs from the machine. Pure."""

from __future__ import annotations

import shlex

from aiemp.doctor.findings import Finding, fail, ok, warn
from aiemp.frozen import frozen


@frozen
class LingerSeen:
    """Whether the user's systemd runs without a login (loginctl(1), "enable-linger")."""

    user: str
    lingers: bool


@frozen
class JournalSeen:
    """Whether journalctl shows the user his units. ``said``: what it complains about."""

    user: str
    said: str = ""


def judge_linger(seen: LingerSeen | None) -> list[Finding]:
    """Nothing where no units of a user's own are installed."""
    if seen is None:
        return []
    if seen.lingers:
        return [ok(f"{seen.user} lingers: everything runs without a login, from boot on")]
    what = f"{seen.user} does not linger: everything stops at logout, and nothing starts at boot"
    # Who is logged in may often do that for himself (polkit), so it is tried without sudo.
    fix = f"loginctl enable-linger {shlex.quote(seen.user)}"
    return [fail(what, f"sudo {fix}", (fix,))]


def judge_journal(seen: JournalSeen | None) -> list[Finding]:
    """Nothing where there is no journal to look into."""
    if seen is None:
        return []
    if not seen.said:
        return [ok(f"{seen.user} can read the journal of the units")]
    what = f"{seen.user} cannot read the journal of the units: {seen.said}"
    return [warn(what, "sudo mkdir -p /var/log/journal && sudo systemctl restart systemd-journald")]
