"""``aiemp status`` as text: one screen. Pure."""

from __future__ import annotations

from aiemp.cli.screen import Screen, visible
from aiemp.cli.status_report import Status
from aiemp.cli.table import Cell, cells_of, cut, table
from aiemp.cli.task_facts import TaskFacts
from aiemp.cli.words import about, ago_in_words, duration_in_words, near_moment_in_words
from aiemp.doctor.tilde import with_tilde
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

MOST_ALERTS, LONGEST_ALERT = 5, 200
LONGEST_WORDS = 60
LEAST_WORDS = 16
"""Cells for what a task said of its last run; where there is less room it is left out, not broken off."""


def status_lines(status: Status, screen: Screen) -> list[str]:
    """The whole status, what needs the owner near its top: a small screen shows that in any case."""
    lines = [*_head_lines(status, screen), "", *_problems(status, screen), *_waiting(status, screen)]
    watchers = [_watcher(watcher, status) for watcher in status.watchers]
    for title, rows in (("WATCHERS", watchers), ("TOOLS", _tools(status))):
        if rows:
            lines += ["", screen.paint(title, "strong"), *table(rows, screen, indent="  ")]
        if title == "WATCHERS" and status.tasks:
            lines += ["", *table(_tasks(status, screen), screen)]
    if status.queues.counts:
        lines += ["", screen.paint("VAULT", "strong"), *_wrapped(_queues(status), "  ", screen)]
    return lines


def _head_lines(status: Status, screen: Screen) -> list[str]:
    """The first lines; what does not fit goes on in the next one, since none of it is to be cut off."""
    rows = _heads(status)
    if screen.width is None:
        return table(rows, screen)
    from textwrap import wrap

    label_width = max(len(_text(row[0])) for row in rows) + 2
    lines = []
    for label, said in rows:
        parts = wrap(
            visible(_text(said)), max(screen.width - label_width, LEAST_WORDS), break_on_hyphens=False
        )
        style = said.style if isinstance(said, Cell) else ""
        for number, part in enumerate(parts):
            head = _text(label) if number == 0 else ""
            lines.append(head.ljust(label_width) + screen.paint(part, style))
    return lines


def _heads(status: Status) -> list[list[Cell | str]]:
    plan, home = status.plan, status.home
    mode = "dry run" if plan.dry_run.active else "live"
    rows: list[list[Cell | str]] = [
        ["vault", with_tilde(str(plan.vault), home)],
        ["orchestrator", _orchestrator(status)],
    ]
    if status.units is not None:
        folder = with_tilde(str(status.units.folder), home)
        rows.append(["systemd", f"{status.units.scope.value} units in {folder}"])
    style = "warn" if plan.dry_run.active else ""
    if status.use.spent.runs or any(task.enabled and task.requires_claude for task in plan.tasks):
        held = status.use.is_held_back(plan.claude)
        rows.append(["claude", Cell(status.use.text(plan.claude, plan.zone), "warn" if held else "")])
    return [*rows, ["mode", Cell(f"{mode} (decided by: {plan.dry_run.decided_by})", style)]]


def _orchestrator(status: Status) -> Cell:
    holder = status.orchestrator
    if holder is None:
        return Cell("not running", "bad")
    since = f", for {span_in_words(status.now - status.since)}" if status.since else ""
    pid = f"pid {holder.pid}" if holder.pid else "pid not known"
    watchdog = f"; watchdog {status.watchdog}" if status.watchdog else ""
    saved = f"; last save {ago_in_words(status.saved, status.now)}" if status.saved else ""
    return Cell(f"running ({pid}, {holder.owner or 'engine not known'}){since}{watchdog}{saved}", "good")


def _watcher(watcher: WatcherStatus, status: Status) -> list[Cell | str]:
    since, style = watcher.since, WATCHER_STYLES[watcher.state]
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
        told.append(with_tilde(watcher.reason, status.home))
    elif status.orchestrator is None and watcher.state is WatcherState.DOWN:
        style = "faint"  # one cause, told once, at the top
        told.append("waits for the orchestrator")
    activity = status.activity.get(watcher.name)
    if activity is not None and watcher.state is not WatcherState.DISABLED:
        told.append(f"last {'item' if activity.is_item else 'entry'} {ago_in_words(activity.at, status.now)}")
    return [watcher.name, Cell(watcher.state.value, style), ", ".join(told)]


def _tasks(status: Status, screen: Screen) -> list[list[Cell | str]]:
    """The tasks below the names of the columns; without what they said where there is no room for it."""
    heads: list[Cell | str] = [
        Cell("TASKS", "strong"),
        "",
        Cell("LAST RUN", "faint"),
        Cell("NEXT RUN", "faint"),
    ]
    rows = [[*heads, ""], *(_task(facts, status, screen) for facts in status.tasks)]
    if screen.width is not None:
        room = screen.width - _taken(rows)
        if room < 0:
            rows = [rows[0], *map(_shortened, rows[1:])]
        if room < LEAST_WORDS:
            return [row[:-1] for row in rows]
    return rows


def _taken(rows: list[list[Cell | str]]) -> int:
    """The cells that all columns but the last take."""
    return sum(max(cells_of(_text(row[column])) + 2 for row in rows) for column in range(len(rows[0]) - 1))


def _shortened(row: list[Cell | str]) -> list[Cell | str]:
    """Without how long it took and how long until the next: on a narrow screen the moments are what matters."""
    name, result, last, following, words = row
    moment = _text(following).partition(", in ")[0]
    style = following.style if isinstance(following, Cell) else ""
    before = _text(last).partition(", ")[0].removeprefix("today ")
    return [name, result, before, Cell(moment.removeprefix("today "), style), words]


def _task(facts: TaskFacts, status: Status, screen: Screen) -> list[Cell | str]:
    last = facts.record.last
    words = "" if last is None or facts.cut_off else last.summary or last.error
    return [
        f"  {facts.task.name}",
        facts.result_cell(),
        _last(facts, status),
        _next(facts, status),
        Cell(cut(visible(with_tilde(words, status.home)), LONGEST_WORDS, screen.ellipsis), "faint"),
    ]


def _last(facts: TaskFacts, status: Status) -> str:
    last = facts.record.last
    moment = facts.last_moment
    if moment is None:
        return "never ran"
    when = near_moment_in_words(moment, status.now, status.plan.zone)
    if last is None or facts.cut_off or last.result is Result.BLOCKED:
        return when
    return f"{when}, {duration_in_words(last.duration_s)}"


def _next(facts: TaskFacts, status: Status) -> Cell:
    if not facts.task.enabled:
        return Cell("disabled", "faint")
    at = facts.decision.wake_at
    if facts.running or facts.decision.due or at is None:
        return facts.next_cell(status.now, status.plan.zone)
    words = near_moment_in_words(at, status.now, status.plan.zone)
    return Cell(f"{words}, in {about(at - status.now)}" if at > status.now else words)


def _queues(status: Status) -> str:
    told = []
    for name, count in status.queues.counts.items():
        more = ""
        if name == "/Needs_Action/" and status.queues.domains:
            domains = (f"{domain} {number}" for domain, number in status.queues.domains.items())
            more = f" ({', '.join(domains)})"
        elif name == "/Pending_Approval/" and status.queues.approvals_stale:
            more = f" ({status.queues.approvals_stale} waiting too long)"
        told.append(f"{name.replace('/', '')} {count}{more}")
    return ", ".join(told)


def _tools(status: Status) -> list[list[Cell | str]]:
    found = (
        Cell(with_tilde(status.claude, status.home), "good") if status.claude else Cell("not found", "bad")
    )
    servers = _servers(status) if status.mcp else []
    return [["Claude Code", found], *servers]


def _servers(status: Status) -> list[list[Cell | str]]:
    from aiemp.mcp.verdict import State  # a vault without servers needs nothing of it

    untried = (State.NEW, State.NOT_CONFIGURED, State.DISABLED)
    rows: list[list[Cell | str]] = []
    for name, verdict in status.mcp.items():
        # Nobody starts one that is not adopted or not configured; for another there may have been no time yet.
        is_tried = verdict.checked is not None and verdict.state not in untried
        tried = ", not tried" if verdict.is_well else ""
        if is_tried and verdict.checked is not None:
            tried = f", tried {ago_in_words(verdict.checked, status.now)}"
        style = "" if verdict.state in untried else "good" if verdict.is_well else "bad"
        rows.append([f"MCP {name}", Cell(verdict.words + tried, style)])
    return rows


def _problems(status: Status, screen: Screen) -> list[str]:
    problems = status.problems()
    if problems:
        lines = [screen.paint("NEEDS YOU", "bad")]
        for problem in problems:
            lines += _told(problem.what, problem.remedy, status, screen)
    else:
        lines = [screen.paint("All is well.", "good")]
    for warning in status.plan.warnings:
        lines += _wrapped(with_tilde(f"warning: {warning}", status.home), "  ", screen)
    return lines


def _waiting(status: Status, screen: Screen) -> list[str]:
    """What is no trouble of the program's, but waits for its owner: approvals, and alerts that are open."""
    count, stale, lines = status.queues.approvals_pending, status.queues.approvals_stale, []
    if count:
        requests = "1 request waits" if count == 1 else f"{count} requests wait"
        too_long = ", too long" if stale == count == 1 else f", {stale} of them too long" if stale else ""
        remedy = "read them in Pending_Approval, and move each to Approved or Rejected"
        lines += _told(f"{requests} for approval{too_long}", remedy, status, screen)
    known = {problem.alert for problem in status.problems()}
    alerts = [alert for alert in status.alerts if alert.key not in known]
    for alert in alerts[:MOST_ALERTS]:
        since = f" ({ago_in_words(alert.since, status.now)})" if alert.since else ""
        often = f", {alert.count} times" if alert.count > 1 else ""
        text = with_tilde(cut(alert.text, LONGEST_ALERT, screen.ellipsis), status.home)
        lines += _wrapped(f"alert{since}{often}: {text}", "  ", screen)
    if alerts:
        more = len(alerts) - MOST_ALERTS
        rest = f"{more} more there; " if more > 0 else ""
        remedy = f"{rest}each says in Needs_Action/alerts what to do, and goes when its cause is gone"
        lines += [screen.paint(line, "strong") for line in _wrapped(f"-> {remedy}", "    ", screen)]
    return ["", screen.paint("WAITS FOR YOU", "warn"), *lines] if lines else []


def _told(what: str, remedy: str, status: Status, screen: Screen) -> list[str]:
    wrapped = _wrapped(f"-> {with_tilde(remedy, status.home)}", "    ", screen)
    return [
        *_wrapped(with_tilde(what, status.home), "  ", screen),
        *(screen.paint(line, "strong") for line in wrapped),
    ]


def _wrapped(text: str, indent: str, screen: Screen) -> list[str]:
    """``text`` as lines that fit, so that nothing an owner has to read is cut off."""
    if screen.width is None:
        return [indent + visible(text)]
    from textwrap import wrap

    # Not at the hyphen of an option or a unit: a command is there to be copied.
    return wrap(
        visible(text), screen.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ) or [""]


def _text(cell: Cell | str) -> str:
    return cell if isinstance(cell, str) else cell.text
