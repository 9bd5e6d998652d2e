"""``aiemp explain``: why one task or watcher runs or does not, with the end of its log, and what to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aiemp.cli.command import command
from aiemp.cli.explanation import Explanation, LogEnd, Reason
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import all_names, completing, suggestion
from aiemp.cli.observation import observe
from aiemp.cli.status_report import Status
from aiemp.clock import utc_now
from aiemp.errors import AiempError, Blocked, UsageError
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import ScheduledTask, Watcher

JOURNAL_PATIENCE_S = 10.0


@command("explain")
@click.argument("name", shell_complete=completing(all_names))
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many lines of its log to show.",
)
def explain(invocation: Invocation, name: str, count: int) -> Explanation:
    """Say why a task or watcher runs, or does not.

    Why the task or watcher NAME is not due, blocked, failed, waiting, disabled or paused, what it said last,
    where its log is, and what to do next.
    """
    plan = invocation.load_plan(warn=False)
    task, watcher = plan.task(name), plan.watcher(name)
    if task is None and watcher is None:
        raise UsageError(f"there is no task or watcher {name!r}{suggestion(name, all_names(plan))}")
    if task is not None and watcher is not None:
        invocation.note(f"{name!r} is a task and a watcher; this is about the task")
    status = observe(plan, utc_now(), os.environ, invocation.call)
    if status.vault_problem:  # why it does not run, and all that can be told
        raise Blocked(status.vault_problem)
    if task is not None:
        return _of_task(task, status, count)
    assert watcher is not None
    return _of_watcher(watcher, status, count)


def _of_task(task: ScheduledTask, status: Status, count: int) -> Explanation:
    from aiemp.cli.task_reasons import explain_task, task_facts_shown
    from aiemp.locks import probe
    from aiemp.systemd.names import task_service

    places = Places(status.plan.vault)
    facts = next(each for each in status.tasks if each.task.name == task.name)
    reason = explain_task(facts, status, probe(places.run_lock))
    log = _log_of(status, task.name, task_service(task.name), places.task_log(task.name), count)
    shown = (*task_facts_shown(facts, status), *_claude_log(status, task.name))
    more = {"task": facts.as_json(), "watcher": None}
    return _explanation("task", task, reason, shown, log, more, status)


def _of_watcher(watcher: Watcher, status: Status, count: int) -> Explanation:
    from aiemp.cli.watcher_reasons import explain_watcher, watcher_facts_shown
    from aiemp.systemd.names import watcher_unit

    seen = next((each for each in status.watchers if each.name == watcher.name), None)
    if seen is None:  # the state cannot be read
        raise AiempError("; ".join(status.troubles) or "the state of the watchers cannot be read")
    reason = explain_watcher(watcher, seen, status, _lacks(watcher, status, os.environ))
    file = Places(status.plan.vault).watcher_log(watcher.name)
    log = _log_of(status, watcher.name, watcher_unit(watcher.name), file, count)
    shown = watcher_facts_shown(watcher, seen, status)
    more = {"task": None, "watcher": status.watcher_json(seen)}
    return _explanation("watcher", watcher, reason, shown, log, more, status)


def _explanation(
    kind: str,
    of: ScheduledTask | Watcher,
    reason: Reason,
    shown: tuple[tuple[str, str], ...],
    log: LogEnd,
    more: dict[str, Any],
    status: Status,
) -> Explanation:
    """All of it, the command lines in it being those of this call."""
    reason = replace(reason, steps=tuple(status.call.pasted(step) for step in reason.steps))
    log = replace(log, command=status.call.pasted(log.command))
    return Explanation(of.name, kind, of.description, reason, shown, log, more, status.home)


def _lacks(watcher: Watcher, status: Status, environ: Mapping[str, str]) -> str:
    """Which variables a watcher needs that are not set, where no running orchestrator has said so."""
    from aiemp.environment import vault_environment

    if status.orchestrator is not None or not watcher.requires_env:
        return ""
    dotenv, _ = vault_environment(status.plan.vault)
    shell = environ if status.units is None else {}
    given = {**dotenv, **shell, **dict(watcher.env)}
    missing = [name for name in watcher.requires_env if not given.get(name)]
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set" if missing else ""


def _claude_log(status: Status, task: str) -> tuple[tuple[str, str], ...]:
    """Where the last run of Claude is written down as a whole."""
    from itertools import islice

    from aiemp.run_history import History

    try:
        entries = list(islice(History(Places(status.plan.vault).runs).newest_first(task), 1))
    except OSError:
        return ()
    details = entries[0].get("details") if entries else None
    log = details.get("claude_log") if isinstance(details, dict) else None
    return (("Claude's log", str(status.plan.vault / log)),) if isinstance(log, str) else ()


def _log_of(status: Status, name: str, unit: str, file: Path, count: int) -> LogEnd:
    """The end of the log that ``aiemp logs NAME`` shows; what a task itself printed is in its file in any case."""
    import shlex

    from aiemp.cli.log_tail import last_lines

    more = f"aiemp logs {shlex.quote(name)}"
    is_local = status.orchestrator is not None and status.orchestrator.owner.startswith("local ")
    in_journal = status.units is not None and unit in status.units.names and not is_local
    if in_journal and not file.is_file():
        return _journal_of(status, unit, more, count)
    try:
        tail = last_lines(file, count)
    except AiempError as error:
        return LogEnd(str(file), more, problem=str(error))
    if tail is None:
        return LogEnd(str(file), more, problem="there is none yet")
    return LogEnd(
        str(file), more, tuple(line.decode("utf-8", "replace") for line in tail.lines if line.strip())
    )


def _journal_of(status: Status, unit: str, more: str, count: int) -> LogEnd:
    from aiemp.asked import ask
    from aiemp.systemd.command_lines import journal_argv

    assert status.units is not None
    place = f"the journal of {unit}"
    argv = [*journal_argv(status.units.scope, unit, count), "--output=cat", "--quiet"]
    answer = ask(argv, environ={**os.environ, "LC_ALL": "C.UTF-8"}, timeout_s=JOURNAL_PATIENCE_S)
    if answer.silence:
        return LogEnd(place, more, problem=f"journalctl {answer.problem}")
    return LogEnd(place, more, tuple(line for line in answer.out.splitlines() if line.strip()))
