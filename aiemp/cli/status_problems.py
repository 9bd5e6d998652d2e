"""What of a status is not well, and what its owner can do about each. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from aiemp.claude.pause import PAUSED
from aiemp.cli.words import moment_in_words
from aiemp.frozen import frozen
from aiemp.plan import McpServer
from aiemp.remedy import split_remedy
from aiemp.runs import Result
from aiemp.systemd.command_lines import revive_line, start_line, systemctl_line
from aiemp.systemd.names import watcher_unit
from aiemp.watcher_status import WatcherState, WatcherStatus

if TYPE_CHECKING:
    from aiemp.cli.status_report import Status
    from aiemp.cli.task_facts import TaskFacts
    from aiemp.mcp.verdict import Verdict

PINGS_FAIL_FOR = timedelta(minutes=10)

NO_CLAUDE = "Claude Code is not installed"

UNREACHABLE = "unreachable"
"""In the place of a unit's state: the user's own systemd gives no answer."""

NOT_RUNNING = frozenset({WatcherState.DOWN, WatcherState.PAUSED, WatcherState.HUNG})


@frozen
class Problem:
    """Something that is not well, and what its owner can do about it. ``alert``: the key of the alert that
    tells the same."""

    what: str
    remedy: str
    alert: str = ""


def find_problems(status: Status) -> list[Problem]:
    """What is not well, the most important first; a cause is told once, and not again by what follows from it."""
    if status.vault_problem:
        return [_problem(status.vault_problem), *map(_problem, status.troubles), *_unit_problems(status)]
    return [
        *map(_problem, status.troubles),
        *_orchestrator_problems(status),
        *_unit_problems(status),
        *_watcher_problems(status),
        *_pause_problems(status),
        *_task_problems(status),
        *_claude_problems(status),
        *_server_problems(status),
        *_ping_problems(status),
    ]


def _problem(text: str) -> Problem:
    """A problem from a message of ours: what it is, then, after the last semicolon, what to do."""
    what, remedy = split_remedy(text)
    return Problem(what, remedy or "see the message")


def _orchestrator_problems(status: Status) -> Iterator[Problem]:
    if status.orchestrator is None:
        yield _not_running(status)
        return
    if status.units is not None and status.orchestrator.owner.startswith("local "):
        what = f"units are installed, but `aiemp run` (pid {status.orchestrator.pid}) has the vault"
        yield Problem(what, "one is enough; how to end the other: aiemp doctor second-supervisor")
    from aiemp.doctor.supervisors import restart_words, silence

    silent = silence(status.last_sign, status.now, status.orchestrator.interval_s)
    if silent:
        scope = status.units.scope if status.units else None
        yield Problem(f"the orchestrator {silent}", restart_words(status.orchestrator, scope))


def _not_running(status: Status) -> Problem:
    """Why nobody is in charge, as far as systemd tells, and what brings one back."""
    what = "the orchestrator is not running"
    if status.units is None:
        return Problem(what, "start it: aiemp run")
    line = start_line(status.units.scope)
    if status.unit_state == UNREACHABLE:
        return Problem(f"{what}, and systemd gives no answer", "what mends that: aiemp doctor systemd-bus")
    if status.unit_state.startswith("auto-restart"):
        return Problem(
            what, f"systemd starts it again in a moment; see why it ended: aiemp logs; at once: {line}"
        )
    return Problem(what, f"start it: {line}")


def _unit_problems(status: Status) -> Iterator[Problem]:
    if status.units is not None and status.units.outdated:
        count, version = len(status.units.outdated), status.units.upgraded_from
        units = f"{count} unit{' is' if count == 1 else 's are'}"
        yield Problem(
            f"aiemp was upgraded; {units} still of version {version}"
            if version
            else f"aiemp.toml was edited; {units} not yet as it says",
            f"bring systemd up to date: {status.units.install_line}",
        )


def _watcher_problems(status: Status) -> Iterator[Problem]:
    for watcher in status.watchers:
        # Without an orchestrator they are down for a reason that is told already.
        if watcher.state not in NOT_RUNNING or status.orchestrator is None:
            continue
        if watcher.name in status.new_watchers or _waits_for_installation(status, watcher.name):
            continue
        reason = f": {watcher.reason}" if watcher.reason else ""
        yield Problem(
            f"watcher {watcher.name} is {watcher.state.value}{reason}",
            watcher_remedy(status, watcher),
            alert=f"watcher-{watcher.name}",
        )
    adopt = status.units.install_line if status.units else "adopt it (aiemp init) and restart aiemp"
    for name in status.new_watchers:
        yield Problem(
            f"watcher {name} is new in the vault and not started",
            f"look at it; then {adopt}, or: aiemp disable {shlex.quote(name)}",
        )
    again = status.units.install_line if status.units else "aiemp init"
    for name in status.changed_scripts:
        yield Problem(
            f"the script of watcher {name} is not the one that was adopted",
            f"look at what changed; if that is right: {again}",
        )


def _waits_for_installation(status: Status, name: str) -> bool:
    """Whether it has no unit yet, which is told once for all of them."""
    units = status.units
    return units is not None and bool(units.outdated) and watcher_unit(name) not in units.names


def watcher_remedy(status: Status, watcher: WatcherStatus) -> str:
    """What to do about a watcher that does not run."""
    see = f"see why: aiemp logs {shlex.quote(watcher.name)}"
    if watcher.name not in status.supervised:
        return "the running aiemp does not keep it; restart aiemp without --no-watchers"
    units = status.units
    if watcher.state is WatcherState.PAUSED:
        if units is not None:
            return f"{see}; mend it, then: {revive_line(units.scope, watcher.name)}"
        return f"{see}; mend it, then: {local_revive_line(status.orchestrator.pid if status.orchestrator else 0)}"
    if units is not None:
        line = systemctl_line(units.scope, "start", watcher_unit(watcher.name))
        # "inactive" alone is a stop that somebody wanted.
        back = "start it" if watcher.reason.startswith("inactive") else "it comes back by itself; at once"
        return f"{see}; {back}: {line}"
    return f"it is restarted by itself; {see}"


def local_revive_line(pid: int) -> str:
    """What starts the paused watchers of an `aiemp run` again: SIGHUP, or a new start where its pid is not known."""
    return f"kill -HUP {pid}" if pid else "restart aiemp"


def _pause_problems(status: Status) -> Iterator[Problem]:
    """What its owner paused is no problem; a file that only looks like a pause holds Claude for ever."""
    pause = status.use.pause
    if pause is not None and pause.problem:
        yield Problem(f"Claude is {pause.in_words(status.plan.zone)}", "end that: aiemp resume")


def _task_problems(status: Status) -> Iterator[Problem]:
    for facts in status.tasks:
        if not facts.task.enabled or facts.running:
            continue
        if facts.blocked_reason:
            known = (status.claude_problem, PAUSED)  # each is told by itself
            if facts.blocked_reason != known[0] and not facts.blocked_reason.startswith(known[1]):
                yield _blocked_problem(status, facts)
        elif facts.record.last is not None and (
            facts.record.last.result is Result.FAILED or facts.is_given_up
        ):
            name, why = facts.task.name, facts.record.last.error
            word = shlex.quote(name)
            yield Problem(
                f"task {name} failed{f': {why}' if why else ''}",
                f"see why: aiemp explain {word}; mend it, then: aiemp trigger {word}",
                alert=f"task-{name}",
            )


def _blocked_problem(status: Status, facts: TaskFacts) -> Problem:
    """``blocked_reason`` ends with what to do, where that is known; whether it still holds only the next try tells."""
    reason, separator, step = facts.blocked_reason.rpartition("; ")
    if not separator:
        reason, step = step, ""
    name, at_once = facts.task.name, f"at once: aiemp trigger {shlex.quote(facts.task.name)}"
    if status.claude is not None and reason.startswith(NO_CLAUDE):
        reason, step = (
            "Claude Code was not installed when it was tried",
            f"it is there by now: {status.claude}",
        )
        if status.units is not None:
            step += f"; have the units find it, too: {status.units.install_line}"
    until = facts.decision.held_until or (None if facts.decision.due else facts.decision.wake_at)
    if until is not None:
        by_itself = f"it is tried again {moment_in_words(until, status.now, status.plan.zone)}; {at_once}"
    elif step.startswith("it is there by now"):
        by_itself = f"it runs by itself soon; {at_once}"
    else:
        by_itself = "it runs by itself when the cause is gone"
    return Problem(f"task {name} is blocked: {reason}", f"{step}; {by_itself}" if step else by_itself)


def _claude_problems(status: Status) -> Iterator[Problem]:
    if status.claude is None and any(task.enabled and task.requires_claude for task in status.plan.tasks):
        yield _problem(status.claude_problem)


def _server_problems(status: Status) -> Iterator[Problem]:
    if not status.mcp:
        return
    from aiemp.mcp.verdict import MCP_TROUBLES

    servers = {server.name: server for server in status.plan.mcp_servers}
    for name, verdict in status.mcp.items():
        if not verdict.is_well:
            why = f": {verdict.detail}" if verdict.detail else ""
            what = f"MCP server {name} {MCP_TROUBLES[verdict.state]}{why}"
            yield Problem(what, server_remedy(verdict, servers.get(name)))


def _ping_problems(status: Status) -> Iterator[Problem]:
    """A network that is away for minutes is nobody's mistake."""
    for trouble in status.ping_troubles:
        if status.now - trouble.since >= PINGS_FAIL_FOR:
            yield Problem(f"{trouble.setting} has had no answer for long: {trouble.why}", trouble.remedy)


def server_remedy(verdict: Verdict, server: McpServer | None) -> str:
    """What to do about an MCP server that is not well."""
    from aiemp.mcp.verdict import State

    entry = server.entry if server is not None else None
    if verdict.state is State.NOT_BUILT:
        project = entry.parent.parent if entry is not None else None
        where = f"cd {shlex.quote(str(project))} && " if project is not None else ""
        return f"build it: {where}npm install && npm run build"
    if verdict.state is State.MISSING and not verdict.detail:
        file = f"{entry} is not there" if entry is not None else "its entry file is not there"
        return f"{file}; correct its command in .mcp.json, or remove it there"
    if server is not None and server.command:
        where = ".mcp.json" if server.from_vault else "aiemp.toml"
        started = shlex.join(server.command)
        return f"it is started with: {started} (see {where}); mend that, then try it: aiemp doctor mcp"
    return "mend it, then try it: aiemp doctor mcp"
