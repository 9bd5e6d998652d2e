"""``clock`` and ``timezone``: the time is one that schedules can go by. Pure."""

from __future__ import annotations

from datetime import datetime

from aiemp.doctor.findings import Finding, ok, warn
from aiemp.frozen import frozen


@frozen
class ClockSeen:
    """``future``: tasks whose last run lies ahead of the clock, and when. ``has_timedatectl``: systemd keeps
    the clock."""

    now: datetime
    has_run: bool
    future: tuple[tuple[str, datetime], ...] = ()
    has_timedatectl: bool = False


@frozen
class TimezoneSeen:
    """``name`` is the zone of all wall times. ``is_configured``: aiemp.toml names it. ``machine``: the zone
    that units go by when it does not."""

    name: str
    is_configured: bool
    machine: str
    has_units: bool = False


def judge_clock(seen: ClockSeen) -> list[Finding]:
    """Nothing where nothing has run yet."""
    if not seen.has_run:
        return []
    if not seen.future:
        return [ok(f"{seen.now.astimezone():%Y-%m-%d %H:%M %Z}, and no run lies ahead of it")]
    tasks = ", ".join(f"{name} ({moment:%Y-%m-%d %H:%M} UTC)" for name, moment in seen.future)
    remedy = "sudo timedatectl set-ntp true" if seen.has_timedatectl else "set it right, see: date"
    return [warn(f"the clock was set back: the last run of {tasks} lies ahead of it", remedy)]


def judge_timezone(seen: TimezoneSeen | None) -> list[Finding]:
    """Which zone it is; a warning where this shell and the units mean different ones."""
    if seen is None:
        return []
    if seen.is_configured:
        return [ok(f"{seen.name}, as aiemp.toml says")]
    if seen.has_units and seen.machine != seen.name:
        what = f"TZ makes it {seen.name} in this shell, but the units go by the machine's {seen.machine}"
        return [
            warn(what, f'write timezone = "{seen.name}" into aiemp.toml (aiemp config edit), or: unset TZ')
        ]
    return [ok(f"{seen.name}, the machine's")]
