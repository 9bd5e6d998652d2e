"""``aiemp status`` as text: one screen. Pure."""

from __future__ import annotations

from datetime import datetime

from aiemp.cli.screen import Screen, visible
from aiemp.cli.status_report import Status
from aiemp.cli.table import Cell, table
from aiemp.cli.task_facts import TaskFacts
from aiemp.cli.words import ago_in_words, duration_in_words, moment_in_words
from aiemp.mcp.verdict import State, Verdict
from aiemp.runs import Result
from aiemp.schedule_words import span_in_words
from aiemp.watcher_status import WatcherState, WatcherStatus

WATCHER_STYLES = {
    WatcherState.RUNNING: "good",
    WatcherState.DOWN: "bad",
    WatcherState.PAUSED: "bad",
    WatcherState.HUNG: "bad",
    WatcherState.NOT_CONFIGURED: "faint",
    WatcherState.DISABLED: "faint",
}

UNTRIED = frozenset({State.NEW, State.NOT_CONFIGURED, State.DISABLED})


def status_lines(status: Status, screen: Screen) -> list[str]:
    """The whole status, what needs the owner near its top: a small screen shows that in any case."""
    lines = [*table(_heads(status), screen), "", *_problems(status, screen)]
    for title, rows in (
        ("WATCHERS", [_watcher(watcher, status) for watcher in status.watchers]),
        ("TASKS", [_task(facts, status) for facts in status.tasks]),
        ("VAULT", _queues(status)),
        ("TOOLS", _tools(status)),
    ):
        if rows:
            lines += ["", screen.paint(title, "strong"), *table(rows, screen, indent="  ")]
    return lines


def _heads(status: Status) -> list[list[Cell | str]]:
    plan, holder = status.plan, status.orchestrator
    if holder is None:
        state = Cell("not running", "bad")
    else:
        since = f", for {span_in_words(status.now - status.since)}" if status.since else ""
        pid = f"pid {holder.pid}" if holder.pid else "pid not known"
        state = Cell(f"running ({pid}, {holder.owner or 'engine not known'}){since}", "good")
    mode = "dry run" if plan.dry_run.active else "live"
    rows: list[list[Cell | str]] = [["vault", str(plan.vault)], ["orchestrator", state]]
    if status.units is not None:
        rows.append(["systemd", f"{status.units.scope.value} units in {status.units.folder}"])
    style = "warn" if plan.dry_run.active else ""
    if status.use.spent.runs or any(task.enabled and task.requires_claude for task in plan.tasks):
        held = status.use.is_held_back(plan.claude)
        rows.append(["claude", Cell(status.use.text(plan.claude, plan.zone), "warn" if held else "")])
    return [*rows, ["mode", Cell(f"{mode} (decided by: {plan.dry_run.decided_by})", style)]]


def _watcher(watcher: WatcherStatus, status: Status) -> list[Cell | str]:
    since = watcher.since
    told = []
    if watcher.pid:
        told.append(f"pid {watcher.pid}")
    if since is not None and watcher.state not in (WatcherState.DISABLED, WatcherState.NOT_CONFIGURED):
        told.append(f"for {span_in_words(status.now - since)}")
    if watcher.restarts:
        told.append(f"{watcher.restarts} restart{'' if watcher.restarts == 1 else 's'}")
    if watcher.name in status.new_watchers:
        told.append("new in the vault, not started")
    elif watcher.reason and watcher.state is not WatcherState.RUNNING:
        told.append(watcher.reason)
    return [watcher.name, Cell(watcher.state.value, WATCHER_STYLES[watcher.state]), ", ".join(told)]


def _task(facts: TaskFacts, status: Status) -> list[Cell | str]:
    upcoming = Cell("disabled", "faint")
    if facts.task.enabled:
        upcoming = facts.next_cell(status.now, status.plan.zone, ahead=True)
    return [facts.task.name, facts.result_cell(), _last(facts, status), upcoming]


def _last(facts: TaskFacts, status: Status) -> str:
    last = facts.record.last
    moment = facts.last_moment
    if moment is None:
        return "never ran"
    when = moment_in_words(moment, status.now, status.plan.zone)
    if last is None or facts.cut_off or last.result is Result.BLOCKED:
        return when
    return f"{when}, took {duration_in_words(last.duration_s)}"


def _queues(status: Status) -> list[list[Cell | str]]:
    queues = status.queues
    rows: list[list[Cell | str]] = []
    for name, count in queues.counts.items():
        more = ""
        if name == "/Needs_Action/":
            more = ", ".join(f"{domain} {number}" for domain, number in queues.domains.items())
        elif name == "/Pending_Approval/" and queues.approvals_stale:
            more = f"{queues.approvals_stale} waiting too long: decide them in Pending_Approval"
        rows.append([name.replace("/", ""), Cell(str(count), "strong" if count else "faint"), more])
    return rows


def _tools(status: Status) -> list[list[Cell | str]]:
    found = Cell(status.claude, "good") if status.claude else Cell("not found", "bad")
    rows: list[list[Cell | str]] = [["Claude Code", found]]
    for name, verdict in status.mcp.items():
        style = "" if verdict.state in UNTRIED else "good" if verdict.is_well else "bad"
        rows.append([f"MCP {name}", Cell(verdict.words + _tried(verdict, status.now), style)])
    return rows


def _tried(verdict: Verdict, now: datetime) -> str:
    """When it was started last. Nobody starts one that is not adopted or not configured; for another there may
    have been no time yet."""
    if verdict.checked is None or verdict.state in UNTRIED:
        return ", not tried" if verdict.is_well else ""
    return f", tried {ago_in_words(verdict.checked, now)}"


def _problems(status: Status, screen: Screen) -> list[str]:
    problems = status.problems()
    if problems:
        lines = [screen.paint("NEEDS YOU", "bad")]
        for problem in problems:
            lines += _wrapped(problem.what, "  ", screen)
            lines += [
                screen.paint(line, "strong") for line in _wrapped(f"-> {problem.remedy}", "    ", screen)
            ]
    else:
        lines = [screen.paint("All is well.", "good")]
    for warning in status.plan.warnings:
        lines += _wrapped(f"warning: {warning}", "  ", screen)
    return lines


def _wrapped(text: str, indent: str, screen: Screen) -> list[str]:
    """``text`` as lines that fit, so that nothing an owner has to read is cut off."""
    if screen.width is None:
        return [indent + visible(text)]
    from textwrap import wrap

    return wrap(visible(text), screen.width, initial_indent=indent, subsequent_indent=indent) or [""]
