"""Why a watcher runs or does not, and what its owner can do about it. Pure."""

from __future__ import annotations

import shlex

from aiemp.cli.explanation import Reason
from aiemp.cli.status_problems import local_revive_line
from aiemp.cli.status_report import Status
from aiemp.cli.words import ago_in_words
from aiemp.plan import Origin, Watcher
from aiemp.schedule_words import span_in_words
from aiemp.systemd.command_lines import revive_line, start_line, systemctl_line
from aiemp.systemd.names import watcher_unit
from aiemp.watcher_status import WatcherState, WatcherStatus

READ_THE_LOG = "read the end of its log below, and mend what it says"


def explain_watcher(watcher: Watcher, seen: WatcherStatus, status: Status, lacks: str) -> Reason:
    """Why the watcher is as it is. ``lacks``: which variables are not set that it needs, as a sentence's
    beginning; empty when none."""
    return (
        _as_wanted(watcher, seen, status)
        or _not_started(watcher, seen, status, lacks)
        or _in_trouble(watcher, seen, status)
    )


def _as_wanted(watcher: Watcher, seen: WatcherStatus, status: Status) -> Reason | None:
    """For one that does what its owner asked for."""
    if seen.state is WatcherState.DISABLED:
        step = f"switch it on: aiemp enable {shlex.quote(watcher.name)}"
        return Reason("disabled", ("It is disabled in aiemp.toml.",), (step,))
    if seen.state is WatcherState.RUNNING:
        since = f", for {span_in_words(status.now - seen.since)}" if seen.since else ""
        times = "once" if seen.restarts == 1 else f"{seen.restarts} times"
        often = f" It was restarted {times}." if seen.restarts else ""
        return Reason("running", (f"It runs (pid {seen.pid or 'not known'}){since}.{often}",))
    return None


def _not_started(watcher: Watcher, seen: WatcherStatus, status: Status, lacks: str) -> Reason | None:
    """For one that nobody has started."""
    name = shlex.quote(watcher.name)
    if watcher.name in status.new_watchers:
        why = "It appeared in the vault after aiemp was installed or started, so nobody has adopted it."
        adopt = status.units.install_line if status.units else "stop aiemp and start it again: aiemp run"
        look = f"look at what it does: {shlex.join(watcher.command)}"
        return Reason("new", (why,), (look, f"adopt it: {adopt}", _disable(name)), is_bad=True)
    if seen.state is WatcherState.NOT_CONFIGURED or lacks:
        why = f"It is not started, which is no error: {lacks or seen.reason}."
        file = shlex.quote(str(status.plan.vault / ".env"))
        return Reason("not configured", (why,), (f"set it in {file}", _disable(name)))
    if status.orchestrator is None:
        line = start_line(status.units.scope) if status.units else "aiemp run"
        steps = (f"start the orchestrator: {line}", _foreground(name))
        why = "Nothing starts it: the orchestrator is not running."
        return Reason("down", (why,), steps, is_bad=True)
    return None


def _in_trouble(watcher: Watcher, seen: WatcherStatus, status: Status) -> Reason:
    """For one that should run now."""
    reason = f": {seen.reason}" if seen.reason else ""
    if seen.state is WatcherState.PAUSED:
        limit, minutes = status.plan.limits.restarts, status.plan.limits.restart_window_s / 60
        times = "1 restart" if limit == 1 else f"{limit} restarts"
        why = f"It is paused{reason}. After more than {times} in {minutes:g} min it is left alone."
        steps = (READ_THE_LOG, f"then: {_revive(watcher, status)}", _foreground(shlex.quote(watcher.name)))
        return Reason("paused", (why,), steps, is_bad=True)
    if seen.state is WatcherState.HUNG:
        activity = status.activity.get(watcher.name)
        last = f" Its last entry was {ago_in_words(activity.at, status.now)}." if activity else ""
        why = f"Its process lives, but it has written nothing for too long{reason}.{last}"
        return Reason("hung", (why,), (f"start it afresh: {_restart(watcher, seen, status)}",), is_bad=True)
    if watcher.name not in status.supervised:
        why = "The running aiemp does not keep it: it was started without watchers."
        return Reason("down", (why,), ("stop aiemp and start it without --no-watchers",), is_bad=True)
    return Reason("down", (f"It is down{reason}. It is restarted by itself.",), (READ_THE_LOG,), is_bad=True)


def _foreground(name: str) -> str:
    return f"see it at work in the foreground: aiemp watch {name}"


def _disable(name: str) -> str:
    return f"or leave it alone: aiemp disable {name}"


def _revive(watcher: Watcher, status: Status) -> str:
    if status.units is not None:
        return revive_line(status.units.scope, watcher.name)
    return local_revive_line(status.orchestrator.pid if status.orchestrator else 0)


def _restart(watcher: Watcher, seen: WatcherStatus, status: Status) -> str:
    if status.units is not None:
        return systemctl_line(status.units.scope, "restart", watcher_unit(watcher.name))
    return f"kill {seen.pid}" if seen.pid else "stop aiemp and start it again: aiemp run"


def watcher_facts_shown(watcher: Watcher, seen: WatcherStatus, status: Status) -> tuple[tuple[str, str], ...]:
    """What there is to know beside the reason."""
    command = shlex.join(watcher.command) if watcher.command else "built in"
    rows = [("comes from", _ORIGINS[watcher.origin]), ("command", command)]
    if watcher.requires_env:
        rows.append(("needs", " and ".join(watcher.requires_env)))
    if seen.restarts:
        rows.append(("restarts", str(seen.restarts)))
    activity = status.activity.get(watcher.name)
    if activity is not None:
        what = "last item" if activity.is_item else "last entry"
        rows.append((what, ago_in_words(activity.at, status.now)))
    return tuple(rows)


_ORIGINS = {
    Origin.BUILT_IN: "aiemp itself",
    Origin.DISCOVERED: "the vault's scripts/watchers",
    Origin.CONFIGURED: "aiemp.toml",
}
