"""How everything is, as one value, and what of it needs the owner. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiemp.call import Call
from aiemp.cli.claude_use import ClaudeUse
from aiemp.cli.screen import Screen
from aiemp.cli.status_problems import Problem, find_problems
from aiemp.cli.task_facts import TaskFacts, json_moment
from aiemp.frozen import field, frozen, replace
from aiemp.locks import Holder
from aiemp.plan import Origin, Plan
from aiemp.systemd.names import watcher_unit
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherStatus

if TYPE_CHECKING:
    from aiemp.mcp.verdict import Verdict
    from aiemp.ping_trouble import PingTrouble

UNHEALTHY = 3


@frozen
class Queues:
    """What lies in the vault. ``counts`` has the dashboard's row names; ``domains`` those of Needs_Action."""

    counts: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, int] = field(default_factory=dict)
    approvals_pending: int = 0
    approvals_stale: int = 0


@frozen
class OpenAlert:
    """An alert that nobody has taken back: in what words it is shown, since when, and how often it came."""

    key: str
    text: str
    since: datetime | None = None
    count: int = 1
    file: str = ""


@frozen
class Activity:
    """When a watcher last wrote down what it has dealt with. ``is_item``: it does so only for an item, and not
    each time that it looks."""

    at: datetime
    is_item: bool = False


@frozen
class Units:
    """The systemd units that keep this vault. ``names``: of their files. ``outdated``: those that
    ``install-units`` would change, since aiemp.toml was edited, or aiemp was upgraded: then ``upgraded_from``
    is the version that made them. ``watchdog``: how long the orchestrator may be silent before systemd starts
    it again, as its unit says it."""

    scope: Scope
    folder: Path
    names: frozenset[str] = frozenset()
    outdated: tuple[str, ...] = ()
    install_line: str = "aiemp install-units"
    upgraded_from: str | None = None
    watchdog: str = ""


@frozen
class Status:
    """Everything that ``aiemp status`` shows. ``orchestrator`` is None when none runs.

    ``supervised`` names the watchers that the running orchestrator keeps; ``claude`` is the program found,
    or None with ``claude_problem``, ``use`` what it was used for. ``units`` is None where systemd has none
    for this vault. ``troubles`` are reasons, each with its remedy, why not all is known. ``saved``: when the
    state was last written, by whomever. ``last_sign``: when the orchestrator
    last showed that it works. ``activity``: of watchers, by name. ``home`` is shown as ``~``.
    ``call``: what the options of this call named. ``vault_problem``: why the vault cannot be looked into, with its
    remedy; what lies in it (tasks, watchers, queues, who runs) is then not known and left out.
    ``unit_state``: what systemd says of the unit of an orchestrator that does not run: its SubState, or UNREACHABLE.
    ``ping_troubles``: which addresses of [alerts] do not answer.
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
    saved: datetime | None = None
    last_sign: datetime | None = None
    activity: Mapping[str, Activity] = field(default_factory=dict)
    alerts: tuple[OpenAlert, ...] = ()
    home: str = ""
    changed_scripts: tuple[str, ...] = ()
    call: Call = field(default_factory=Call)
    vault_problem: str = ""
    unit_state: str = ""
    ping_troubles: tuple[PingTrouble, ...] = ()

    @property
    def exit_code(self) -> int:
        return UNHEALTHY if self.problems() else 0

    @property
    def watchdog(self) -> str:
        """How long the running orchestrator may be silent before it is started again; "" where nobody watches."""
        is_unit = self.orchestrator is not None and self.orchestrator.owner.startswith("systemd")
        return self.units.watchdog if self.units is not None and is_unit else ""

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
        return [replace(each, remedy=self.call.pasted(each.remedy)) for each in find_problems(self)]

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
                "watchdog": self.watchdog or None,
                "state_written": json_moment(self.saved),
                "last_sign": json_moment(self.last_sign) if self.orchestrator else None,
            },
            "units": {
                "scope": self.units.scope.value if self.units else None,
                "folder": str(self.units.folder) if self.units else None,
                "outdated": list(self.units.outdated) if self.units else [],
            },
            "watchers": [self.watcher_json(status) for status in self.watchers],
            "new_watchers": self.new_watchers,
            "tasks": [facts.as_json() for facts in self.tasks],
            "queues": dict(self.queues.counts),
            "action_items": dict(self.queues.domains),
            "approvals": {"pending": self.queues.approvals_pending, "stale": self.queues.approvals_stale},
            "alerts": [
                {"text": each.text, "since": json_moment(each.since), "count": each.count, "file": each.file}
                for each in self.alerts
            ],
            "mcp_servers": [_server_json(name, verdict) for name, verdict in self.mcp.items()],
            "claude": {
                "program": self.claude,
                "problem": self.claude_problem,
                **self.use.as_json(plan.claude),
            },
            "warnings": list(plan.warnings),
        }

    def watcher_json(self, status: WatcherStatus) -> dict[str, Any]:
        """One watcher, as ``--json`` shows it."""
        watcher, activity = self.plan.watcher(status.name), self.activity.get(status.name)
        return {
            "name": status.name,
            "origin": watcher.origin.value if watcher else None,
            **status.facts(),
            "since": json_moment(status.since),
            "last_activity": json_moment(activity.at) if activity else None,
        }


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
