"""How everything is, as one value, and what of it needs the owner. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiemp.claude.pause import PAUSED
from aiemp.cli.claude_use import ClaudeUse
from aiemp.cli.screen import Screen
from aiemp.cli.task_facts import TaskFacts, json_moment
from aiemp.cli.words import moment_in_words
from aiemp.locks import Holder
from aiemp.mcp.verdict import MCP_TROUBLES, State, Verdict
from aiemp.plan import Origin, Plan
from aiemp.runs import Result
from aiemp.systemd.command_lines import revive_line, start_line, systemctl_line
from aiemp.systemd.names import watcher_unit
from aiemp.systemd.systemctl import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

UNHEALTHY = 3
NOT_RUNNING = frozenset({WatcherState.DOWN, WatcherState.PAUSED, WatcherState.HUNG})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not well, and what its owner can do about it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Queues:
    """What lies in the vault. ``counts`` has the dashboard's row names; ``domains`` those of Needs_Action."""

    counts: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, int] = field(default_factory=dict)
    approvals_pending: int = 0
    approvals_stale: int = 0


@dataclass(frozen=True, slots=True)
class Units:
    """The systemd units that keep this vault. ``names``: of their files. ``outdated``: those that
    ``install-units`` would change, since aiemp.toml was edited, or aiemp was upgraded: then ``upgraded_from``
    is the version that made them."""

    scope: Scope
    folder: Path
    names: frozenset[str] = frozenset()
    outdated: tuple[str, ...] = ()
    install_line: str = "aiemp install-units"
    upgraded_from: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that ``aiemp status`` shows. ``orchestrator`` is None when none runs.

    ``supervised`` names the watchers that the running orchestrator keeps; ``claude`` is the program found,
    or None with ``claude_problem``, ``use`` what it was used for. ``units`` is None where systemd has none
    for this vault. ``troubles`` are reasons, each with its remedy, why not all is known.
    """

    plan: Plan
    now: datetime
    orchestrator: Holder | None
    since: datetime | None
    watchers: tuple[WatcherStatus, ...]
    supervised: frozenset[str]
    tasks: tuple[TaskFacts, ...]
    queues: Queues
    mcp: Mapping[str, Verdict]
    claude: str | None
    claude_problem: str = ""
    use: ClaudeUse = field(default_factory=ClaudeUse)
    troubles: tuple[str, ...] = ()
    units: Units | None = None
    changed_scripts: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return UNHEALTHY if self.problems() else 0

    @property
    def new_watchers(self) -> list[str]:
        """Watchers that appeared in the vault since aiemp was installed or started: they do not run."""
        found = [watcher.name for watcher in self.plan.watchers if watcher.origin is Origin.DISCOVERED]
        unadopted = [
            watcher.name for watcher in self.plan.watchers if watcher.enabled and not watcher.adopted
        ]
        if unadopted:
            return unadopted
        if self.units is not None:
            enabled = {watcher.name for watcher in self.plan.watchers if watcher.enabled}
            return [name for name in found if name in enabled and watcher_unit(name) not in self.units.names]
        if self.orchestrator is None or not self.supervised:
            return []
        return [name for name in found if name not in self.supervised]

    def problems(self) -> list[Problem]:
        """What is not well, the most important first."""
        return [
            *map(_problem, self.troubles),
            *self._orchestrator_problems(),
            *self._unit_problems(),
            *self._watcher_problems(),
            *self._pause_problems(),
            *self._task_problems(),
            *self._surrounding_problems(),
        ]

    def as_text(self, screen: Screen) -> str:
        from aiemp.cli.status_view import status_lines

        return "\n".join(status_lines(self, screen))

    def as_json(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "healthy": not self.problems(),
            "problems": [{"what": each.what, "remedy": each.remedy} for each in self.problems()],
            "vault": str(plan.vault),
            "config_file": str(plan.config_file) if plan.config_file else None,
            "dry_run": {"active": plan.dry_run.active, "decided_by": plan.dry_run.decided_by},
            "orchestrator": {
                "running": self.orchestrator is not None,
                "pid": self.orchestrator.pid or None if self.orchestrator else None,
                "engine": self.orchestrator.owner if self.orchestrator else None,
                "since": json_moment(self.since) if self.orchestrator else None,
            },
            "units": {
                "scope": self.units.scope.value if self.units else None,
                "folder": str(self.units.folder) if self.units else None,
                "outdated": list(self.units.outdated) if self.units else [],
            },
            "watchers": [self._watcher_json(status) for status in self.watchers],
            "new_watchers": self.new_watchers,
            "tasks": [facts.as_json() for facts in self.tasks],
            "queues": dict(self.queues.counts),
            "action_items": dict(self.queues.domains),
            "approvals": {"pending": self.queues.approvals_pending, "stale": self.queues.approvals_stale},
            "mcp_servers": [_server_json(name, verdict) for name, verdict in self.mcp.items()],
            "claude": {
                "program": self.claude,
                "problem": self.claude_problem,
                **self.use.as_json(plan.claude),
            },
            "warnings": list(plan.warnings),
        }

    def _watcher_json(self, status: WatcherStatus) -> dict[str, Any]:
        watcher = self.plan.watcher(status.name)
        return {
            "name": status.name,
            "origin": watcher.origin.value if watcher else None,
            **status.facts(),
            "since": json_moment(status.since),
        }

    def _orchestrator_problems(self) -> Iterator[Problem]:
        if self.orchestrator is None:
            line = start_line(self.units.scope) if self.units else "aiemp run"
            yield Problem("the orchestrator is not running", f"start it: {line}")

    def _unit_problems(self) -> Iterator[Problem]:
        if self.units is not None and self.units.outdated:
            count, version = len(self.units.outdated), self.units.upgraded_from
            units = f"{count} unit{' is' if count == 1 else 's are'}"
            yield Problem(
                f"aiemp was upgraded; {units} still of version {version}"
                if version
                else f"aiemp.toml was edited; {units} not yet as it says",
                f"bring systemd up to date: {self.units.install_line}",
            )

    def _watcher_problems(self) -> Iterator[Problem]:
        for status in self.watchers:
            # Without an orchestrator they are down for a reason that is told already.
            if status.state not in NOT_RUNNING or self.orchestrator is None:
                continue
            if status.name in self.new_watchers or self._waits_for_installation(status.name):
                continue
            reason = f": {status.reason}" if status.reason else ""
            yield Problem(
                f"watcher {status.name} is {status.state.value}{reason}", self._watcher_remedy(status)
            )
        adopt = self.units.install_line if self.units else "adopt it (aiemp init) and restart aiemp"
        for name in self.new_watchers:
            yield Problem(
                f"watcher {name} is new in the vault and not started",
                f"look at it; then {adopt}, or: aiemp disable {name}",
            )
        again = self.units.install_line if self.units else "aiemp init"
        for name in self.changed_scripts:
            yield Problem(
                f"the script of watcher {name} is not the one that was adopted",
                f"look at what changed; if that is right: {again}",
            )

    def _waits_for_installation(self, name: str) -> bool:
        """Whether it has no unit yet, which is told once for all of them."""
        units = self.units
        return units is not None and bool(units.outdated) and watcher_unit(name) not in units.names

    def _watcher_remedy(self, status: WatcherStatus) -> str:
        see = f"see why: aiemp logs {status.name}"
        if status.name not in self.supervised:
            return "the running aiemp does not keep it; restart aiemp without --no-watchers"
        if status.state is WatcherState.PAUSED:
            if self.units is not None:
                return f"{see}; mend it, then: {revive_line(self.units.scope, status.name)}"
            return f"{see}; mend it, then restart aiemp or send it SIGHUP"
        if self.units is not None:
            return f"{see}; start it: {systemctl_line(self.units.scope, 'start', watcher_unit(status.name))}"
        return f"it is restarted by itself; {see}"

    def _pause_problems(self) -> Iterator[Problem]:
        """What its owner paused is no problem; a file that only looks like a pause holds Claude for ever."""
        pause = self.use.pause
        if pause is not None and pause.problem:
            yield Problem(f"Claude is {pause.in_words(self.plan.zone)}", "end that: aiemp resume")

    def _task_problems(self) -> Iterator[Problem]:
        for facts in self.tasks:
            name = facts.task.name
            if not facts.task.enabled or facts.running:
                continue
            if facts.blocked_reason:
                if facts.blocked_reason != self.claude_problem and not facts.blocked_reason.startswith(
                    PAUSED
                ):
                    yield self._blocked_problem(facts)
            elif facts.record.last is not None and (
                facts.record.last.result is Result.FAILED or facts.is_given_up
            ):
                why = facts.record.last.error
                yield Problem(
                    f"task {name} failed{f': {why}' if why else ''}",
                    f"see aiemp logs {name}; mend it, then: aiemp trigger {name}",
                )

    def _blocked_problem(self, facts: TaskFacts) -> Problem:
        what = f"task {facts.task.name} is blocked: {facts.blocked_reason}"
        until = facts.decision.held_until
        if until is None:
            return Problem(what, "it runs by itself when the cause is gone")
        when = moment_in_words(until, self.now, self.plan.zone)
        return Problem(what, f"it is tried again {when}; at once: aiemp trigger {facts.task.name}")

    def _surrounding_problems(self) -> Iterator[Problem]:
        if self.claude is None and any(task.enabled and task.requires_claude for task in self.plan.tasks):
            yield _problem(self.claude_problem)
        for name, verdict in self.mcp.items():
            if not verdict.is_well:
                why = f": {verdict.detail}" if verdict.detail else ""
                yield Problem(f"MCP server {name} {MCP_TROUBLES[verdict.state]}{why}", _mcp_remedy(verdict))


def _mcp_remedy(verdict: Verdict) -> str:
    if verdict.state is State.NOT_BUILT:
        return "build it: npm install && npm run build"
    if verdict.state is State.MISSING and not verdict.detail:
        return "its entry file is not there; see .mcp.json"
    return "mend it, then try it: aiemp doctor mcp"


def _server_json(name: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "name": name,
        "state": verdict.state.value,
        "detail": verdict.detail,
        "server": verdict.server or None,
        "version": verdict.version or None,
        "answered_ms": verdict.answered_ms,
        "checked": json_moment(verdict.checked),
    }


def _problem(text: str) -> Problem:
    """A problem from a message of ours: what it is, then, after the last semicolon, what to do."""
    what, separator, remedy = text.rpartition("; ")
    return Problem(what, remedy) if separator else Problem(text, "see the message")
