"""``watchers``: those that are meant to run do, and nobody waits to be adopted. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, counted, fail, ok, warn
from aiemp.frozen import frozen
from aiemp.systemd.command_lines import revive_line, systemctl_line
from aiemp.systemd.names import watcher_unit
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

NOT_RUNNING = (WatcherState.DOWN, WatcherState.PAUSED, WatcherState.HUNG)


@frozen
class WatcherSeen:
    """One enabled watcher. ``status`` is None while no orchestrator runs. ``lacks``: why it is not to be
    started (a variable that is not set). ``is_new``: found in the vault, and not adopted; ``is_changed``: its
    script is not the one that was."""

    name: str
    status: WatcherStatus | None = None
    lacks: str = ""
    is_new: bool = False
    is_changed: bool = False


@frozen
class WatchersSeen:
    """All enabled watchers. ``scope``: of the units that keep them; None under `aiemp run`, whose ``pid`` that is."""

    watchers: tuple[WatcherSeen, ...] = ()
    scope: Scope | None = None
    adopt_line: str = "aiemp run"
    dotenv: Path = Path(".env")
    pid: int = 0


def judge_watchers(seen: WatchersSeen) -> list[Finding]:
    """A finding for each that does not run. Nothing where there are none, or nobody runs them now."""
    findings = [finding for watcher in seen.watchers if (finding := _finding(seen, watcher)) is not None]
    findings += [
        warn(
            f"the script of {watcher.name} is not the one that was adopted",
            f"look at what changed; if that is right: {'aiemp init' if seen.scope is None else seen.adopt_line}",
        )
        for watcher in seen.watchers
        if watcher.is_changed
    ]
    running = [each for each in seen.watchers if each.status is not None and each.status.running]
    if findings or not running:
        return findings
    return [ok(f"{counted(len(running), 'watcher')} running: {', '.join(each.name for each in running)}")]


def _finding(seen: WatchersSeen, watcher: WatcherSeen) -> Finding | None:
    name, status = watcher.name, watcher.status
    disable = f"aiemp disable {name}"
    if watcher.is_new:
        what = f"{name} is new in the vault, and nobody has adopted it"
        return warn(what, f"look at it; then to run it: {seen.adopt_line}, else: {disable}")
    if watcher.lacks:
        return warn(f"{name} is not configured: {watcher.lacks}", f"set it in {seen.dotenv}, or: {disable}")
    if status is None or status.state not in NOT_RUNNING:
        return None
    reason = f": {status.reason}" if status.reason else ""
    words, line = _way_back(seen, status)
    remedy = f"see why: aiemp explain {shlex.quote(name)}; {words}{line}"
    return fail(f"{name} is {status.state.value}{reason}", remedy, tuple(line.split("; ")) if line else ())


def _way_back(seen: WatchersSeen, status: WatcherStatus) -> tuple[str, str]:
    """What to do, and the command line for it."""
    unit = watcher_unit(status.name)
    if seen.scope is None:
        if status.state is WatcherState.PAUSED:
            if not seen.pid:
                return "mend it, then restart aiemp", ""
            return "mend it, then: ", f"kill -HUP {seen.pid}"
        return "it is restarted by itself", ""
    if status.state is WatcherState.PAUSED:
        return "mend it, then: ", revive_line(seen.scope, status.name)
    # "inactive" alone is a stop that somebody wanted.
    back = "start it: " if status.reason.startswith("inactive") else "it comes back by itself; at once: "
    return back, systemctl_line(seen.scope, "start", unit)
