"""Looking at what runs, what has run and what lies in the vault, for the commands that show it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp import __version__
from aiemp.call import Call
from aiemp.claude.pause import read_pause
from aiemp.cli.claude_use import ClaudeUse
from aiemp.cli.status_report import Queues, Status, Units
from aiemp.cli.task_facts import TaskFacts, in_plan_order, task_facts
from aiemp.errors import Blocked
from aiemp.ledger import Ledger, LedgerState
from aiemp.locks import probe, sign_of_life
from aiemp.places import Places
from aiemp.plan import Origin, Plan
from aiemp.runs import TaskRecord
from aiemp.watcher_status import WatcherStatus

if TYPE_CHECKING:
    from aiemp.mcp.verdict import Verdict
    from aiemp.ping_trouble import PingTrouble
    from aiemp.systemd.installed import InstalledUnits


def observe_tasks(plan: Plan, now: datetime) -> list[TaskFacts]:
    """The facts of each task, those that are due first. Raises OSError when the state file is there and
    cannot be read."""
    return _task_facts(plan, Ledger(plan.vault).read().records, now)


def observe(plan: Plan, now: datetime, environ: Mapping[str, str], call: Call | None = None) -> Status:
    """Look at everything once, for ``call``. What cannot be read is one of the troubles, and the rest is shown."""
    from aiemp.cli.vault_signs import open_alerts, watcher_activity
    from aiemp.health import observed_watchers

    troubles: list[str] = []
    _look_for_units(environ, troubles)
    closed = vault_problem(plan)
    if closed:
        return _from_outside(plan, now, environ, call or Call(), closed, troubles)
    _look_for_room(plan.vault, troubles)
    queues = _queues(plan, now)
    state = LedgerState()
    watchers: tuple[WatcherStatus, ...] = ()
    try:
        state = Ledger(plan.vault).read()
        watchers = tuple(observed_watchers(plan))
    except OSError as error:
        if _is_writable(plan.vault):  # else that is told already, of all of it
            troubles.append(_unusable(error))
    program, problem = _claude(plan, environ)
    holder, units = probe(Places(plan.vault).orchestrator_lock), observe_units(plan, environ)
    tasks = tuple(in_plan_order(_task_facts(plan, state.records, now), plan))
    use = _claude_use(plan, tasks, now, troubles)
    return Status(
        plan=plan,
        now=now,
        orchestrator=holder,
        since=state.start_time,
        watchers=watchers,
        supervised=frozenset(state.watchers),
        tasks=tasks,
        queues=queues,
        mcp=_servers(plan),
        claude=program,
        claude_problem=problem,
        use=use,
        troubles=tuple(dict.fromkeys(troubles)),
        units=units,
        ping_troubles=_ping_troubles(plan),
        unit_state=_unit_state(units, environ) if holder is None and units is not None else "",
        saved=_saved(plan.vault),
        last_sign=_last_sign(plan.vault),
        activity=watcher_activity(plan.vault, (watcher.name for watcher in watchers)),
        alerts=open_alerts(plan.vault),
        home=environ.get("HOME", ""),
        changed_scripts=_changed_scripts(plan, environ),
        call=call or Call(),
    )


def vault_problem(plan: Plan) -> str:
    """Why the vault cannot be looked into, with the remedy; "" when it can."""
    from aiemp.vault.layout import require_vault

    try:
        require_vault(plan.vault)
    except Blocked as blocked:
        return blocked.reason
    return ""


def _from_outside(
    plan: Plan, now: datetime, environ: Mapping[str, str], call: Call, closed: str, troubles: Iterable[str]
) -> Status:
    """What can be told of a vault that is not there: all that it holds is not known, which is not "never ran"."""
    program, problem = _claude(plan, environ)
    return Status(
        plan=plan,
        now=now,
        orchestrator=None,
        since=None,
        watchers=(),
        supervised=frozenset(),
        tasks=(),
        queues=Queues(),
        mcp={},
        claude=program,
        claude_problem=problem,
        troubles=tuple(troubles),
        units=observe_units(plan, environ),
        home=environ.get("HOME", ""),
        call=call,
        vault_problem=closed,
    )


def _ping_troubles(plan: Plan) -> tuple[PingTrouble, ...]:
    if not plan.pings.settings:
        return ()
    from aiemp.ping_trouble import ping_troubles

    return ping_troubles(plan.vault, plan.pings.settings)


def _unit_state(units: Units, environ: Mapping[str, str]) -> str:
    """What systemd says of the orchestrator's unit, asked only when none runs: it may be about to start it."""
    from aiemp.cli.status_problems import UNREACHABLE
    from aiemp.systemd.names import ORCHESTRATOR
    from aiemp.systemd.systemctl import NoSystemd, Systemctl, SystemctlFailed

    try:
        return Systemctl(units.scope, environ).show([ORCHESTRATOR], ["SubState"])[ORCHESTRATOR]["SubState"]
    except NoSystemd:
        return UNREACHABLE
    except (SystemctlFailed, KeyError):
        return ""


def _changed_scripts(plan: Plan, environ: Mapping[str, str]) -> tuple[str, ...]:
    if not any(watcher.origin is Origin.DISCOVERED for watcher in plan.watchers):
        return ()
    from aiemp.adoption import changed_scripts

    return changed_scripts(plan.config_file, plan.vault, environ)


def _saved(vault: Path) -> datetime | None:
    """When the state file was last written."""
    try:
        return datetime.fromtimestamp(Places(vault).ledger.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def _last_sign(vault: Path) -> datetime | None:
    """When the orchestrator, if one runs, last showed that it works."""
    seconds = sign_of_life(Places(vault).orchestrator_lock)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _servers(plan: Plan) -> Mapping[str, Verdict]:
    """How each MCP server is, as far as that is known."""
    if not plan.mcp_servers:
        return {}
    from aiemp.mcp.results import last_verdicts

    return last_verdicts(plan)


def _look_for_units(environ: Mapping[str, str], troubles: list[str]) -> None:
    """A folder of units that cannot be read looks as if there were none."""
    from aiemp.systemd.installed import is_booted, unreadable_folder, unreadable_words

    folder = unreadable_folder(environ) if is_booted() else None
    if folder is not None:
        troubles.append(unreadable_words(folder))


def _look_for_room(vault: Path, troubles: list[str]) -> None:
    """Without room to write down a run none is started (:mod:`aiemp.runner`), so that is told first."""
    try:
        disk = os.statvfs(vault)
    except OSError:
        return  # the vault is not there, which is told by what needs it
    if disk.f_flag & os.ST_RDONLY:
        from aiemp.doctor.vault import mount_line

        troubles.append(
            f"{vault} is on a file system mounted read-only, so nothing runs; {mount_line(vault)}"
        )
    elif not _is_writable(vault):
        from getpass import getuser

        from aiemp.doctor.vault import grant_line

        troubles.append(f"you cannot write {vault}, so nothing runs; {grant_line(getuser(), vault)}")
    elif disk.f_blocks and not disk.f_bavail:
        troubles.append(
            f"the disk of {vault} is full, so nothing runs; free some space, and it goes on by itself"
        )


def observe_units(plan: Plan, environ: Mapping[str, str]) -> Units | None:
    """The installed units of this vault, by their files. Whether they are out of date is worked out only when
    another version made them or the configuration is younger than all of them: that costs as much as the rest
    of a status together."""
    from aiemp.process import find_program
    from aiemp.systemd.command_lines import install_line
    from aiemp.systemd.installed import installed_for, is_booted

    units = installed_for(plan.vault, environ) if is_booted() else None
    if units is None:
        return None
    outdated: tuple[str, ...] = ()
    upgraded_from = units.version if units.version != __version__ else None
    if upgraded_from or (plan.config_file is not None and _is_younger(plan.config_file, units)):
        outdated = _outdated(units, environ)
    line = install_line(units, str(find_program("aiemp", environ) or "aiemp"))
    watchdog = units.watchdog or ""
    return Units(units.scope, units.folder, frozenset(units.texts), outdated, line, upgraded_from, watchdog)


def _is_younger(config_file: Path, units: InstalledUnits) -> bool:
    try:
        newest = max((units.folder / name).stat().st_mtime_ns for name in units.texts)
        return config_file.stat().st_mtime_ns > newest
    except OSError:  # one of them was removed just now
        return True


def _outdated(units: InstalledUnits, environ: Mapping[str, str]) -> tuple[str, ...]:
    from aiemp.errors import AiempError
    from aiemp.systemd.drift import find_drift
    from aiemp.systemd.verify import systemd_version

    try:
        return find_drift(units, environ, systemd_version(environ)).names
    except AiempError:
        return ()  # `aiemp doctor` says what is wrong


def _is_writable(vault: Path) -> bool:
    """Whether something can be made in the vault's folder; not on one that is mounted read-only."""
    return os.access(vault, os.W_OK | os.X_OK)


def _unusable(error: OSError) -> str:
    """What is wrong with a file of ours, and what to do."""
    from aiemp.remedy import own_line

    is_refused = isinstance(error, PermissionError)
    step = own_line(error.filename) if is_refused else "make it a file that you can read and write"
    return f"{error.filename}: {error.strerror}; {step}"


def _task_facts(plan: Plan, records: Mapping[str, TaskRecord], now: datetime) -> list[TaskFacts]:
    return task_facts(plan, records, now, probe(Places(plan.vault).run_lock))


def _queues(plan: Plan, now: datetime) -> Queues:
    from aiemp.vault.items import items_by_domain, queue_counts
    from aiemp.vault.layout import PENDING_APPROVAL

    counts = queue_counts(plan.vault, now.astimezone(plan.zone).date(), plan.zone)
    pending, stale = _approvals(plan, now) if counts.get(f"/{PENDING_APPROVAL}/") else (0, 0)
    return Queues(counts, items_by_domain(plan.vault), pending, stale)


def _approvals(plan: Plan, now: datetime) -> tuple[int, int]:
    """How many requests wait for a decision, and how many of them for too long."""
    from aiemp.vault.approvals import is_stale, pending_approvals

    stale_after = timedelta(hours=plan.limits.stale_after_hours)
    pending = pending_approvals(plan.vault, plan.zone)
    return len(pending), sum(is_stale(approval, now, stale_after) for approval in pending)


def _claude(plan: Plan, environ: Mapping[str, str]) -> tuple[str | None, str]:
    from aiemp.claude import find_claude

    try:
        return str(find_claude(plan.claude, environ)), ""
    except Blocked as blocked:
        return None, blocked.reason


def _claude_use(plan: Plan, tasks: Iterable[TaskFacts], now: datetime, troubles: list[str]) -> ClaudeUse:
    """What was spent today, the run that is on included, and the pause."""
    from aiemp.claude.budget import Spent, asks_claude, spent_today
    from aiemp.run_history import History

    spent = Spent()
    history = History(Places(plan.vault).runs)
    obstacle = history.obstacle(now)
    if obstacle is not None and _is_writable(plan.vault):  # else that is told already
        troubles.append(f"the history of runs cannot be written: {obstacle}")
    try:
        spent = spent_today(history.between, now, plan, Ledger(plan.vault).read().spent)
    except OSError as error:
        if obstacle is None and _is_writable(plan.vault):
            troubles.append(_unusable(error))
    for facts in tasks:
        run = facts.record.running
        if facts.running and run is not None and asks_claude(facts.task):
            spent = spent.plus(Spent(1, max((now - run.started).total_seconds(), 0.0)))
    pause = read_pause(plan.vault, now)
    return ClaudeUse(spent, None if pause and pause.problem and not _is_writable(plan.vault) else pause)
