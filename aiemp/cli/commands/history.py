"""``aiemp history``: past runs, when, how long, and how they ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import click

from aiemp.claude.budget import amount, dollars
from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import completing, find_task, task_names
from aiemp.cli.observation import observe_tasks
from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.cli.task_facts import RESULT_STYLES, json_moment
from aiemp.cli.words import duration_in_words, moment_in_words
from aiemp.clock import utc_now
from aiemp.errors import UsageError
from aiemp.frozen import frozen
from aiemp.ledger_format import ended_as_json, read_ended, read_run, run_as_json
from aiemp.plan import Plan
from aiemp.runs import Ended, Result, Run

log = logging.getLogger("aiemp.cli")

DEFAULT_COUNT = 20
USUAL_SPAN = "24h"
LATEST = timedelta(days=1)
"""A run may end after this was asked, and, where the clock was set back, seem to do so."""

HEADERS = ("STARTED", "TASK", "TOOK", "RESULT", "WHY")
CLAUDE_COLUMNS = ("CLAUDE", "TURNS", "COST")
"""How long Claude worked, in how many turns, at what cost; each is shown only when a run tells it."""


@frozen
class PastRun:
    """One ended run, and the plain values that its trigger function returned."""

    run: Run
    end: Ended
    details: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.run.task,
            **run_as_json(self.run),
            **ended_as_json(self.end),
            "details": self.details,
        }

    def claude_cells(self) -> dict[str, Cell]:
        """What the run says of Claude, by the column that shows it."""
        worked_s, cost = amount(self.details.get("claude_s")), amount(self.details.get("cost_usd"))
        turns = self.details.get("turns")
        cells = {
            "CLAUDE": None if worked_s is None else duration_in_words(worked_s),
            "TURNS": str(turns) if isinstance(turns, int) and not isinstance(turns, bool) else None,
            "COST": None if cost is None else dollars(cost),
        }
        return {column: Cell(text) for column, text in cells.items() if text is not None}

    def row(self, now: datetime, plan: Plan, claude_columns: Sequence[str] = ()) -> list[Cell]:
        result, claude = self.end.result, self.claude_cells()
        why = self.end.summary if result is Result.SUCCEEDED else self.end.error
        return [
            Cell(moment_in_words(self.run.started, now, plan.zone)),
            Cell(self.run.task),
            Cell("-" if result is Result.BLOCKED else duration_in_words(self.end.duration_s)),
            *(claude.get(column, Cell("-", "faint")) for column in claude_columns),
            Cell(result.value, RESULT_STYLES[result]),
            Cell(why),
        ]


@frozen
class PastRuns:
    """Past runs, the newest first. ``since``: all that ended after it; None: as many as were asked for."""

    plan: Plan
    now: datetime
    runs: tuple[PastRun, ...]
    since: datetime | None = None
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "vault": str(self.plan.vault),
            "since": json_moment(self.since),
            "runs": [run.as_json() for run in self.runs],
        }

    def as_text(self, screen: Screen) -> str:
        if not self.runs:
            when = (
                f" since {moment_in_words(self.since, self.now, self.plan.zone)}" if self.since else " so far"
            )
            return f"no run{when}"
        told = {column for run in self.runs for column in run.claude_cells()}
        columns = [column for column in CLAUDE_COLUMNS if column in told]
        rows = [run.row(self.now, self.plan, columns) for run in self.runs]
        return "\n".join(table(rows, screen, (*HEADERS[:3], *columns, *HEADERS[3:])))


@frozen
class RunsInTime(PastRuns):
    """The same on a line of time. ``names``: a row for each; ``running``: what is on now."""

    names: tuple[str, ...] = ()
    running: tuple[Run, ...] = ()

    def as_text(self, screen: Screen) -> str:
        from aiemp.cli.timeline import RUNNING, Bar, timeline

        assert self.since is not None
        bars = [
            Bar(past.run.task, past.run.started, past.end.finished, past.end.result.value)
            for past in self.runs
        ]
        bars += [Bar(run.task, run.started, self.now, RUNNING) for run in self.running]
        return "\n".join(timeline(bars, self.names, self.since, self.now, self.plan.zone, screen))


@command("history")
@click.argument("name", required=False, shell_complete=completing(task_names))
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many runs to show.  [default: 20; with --since all]",
)
@click.option("--since", metavar="SPAN", help="Only runs of the last SPAN: 24h, 7d, 90m.")
@click.option("--timeline", "drawn", is_flag=True, help="Draw them in time, those of 24h or of --since.")
def history(
    invocation: Invocation, name: str | None, count: int | None, since: str | None, drawn: bool
) -> PastRuns:
    """Show past runs, the newest first.

    Those of the task NAME, or of all tasks: when, how long, how they ended, and why they failed; or drawn as
    a line of time for each task.
    """
    from aiemp.cli.moments import read_span
    from aiemp.places import Places
    from aiemp.run_history import History

    if drawn and count is not None:
        raise UsageError(
            "--timeline draws all runs of its span, so leave --lines out; --since says how long that is"
        )
    span = read_span(USUAL_SPAN if since is None else since) if since is not None or drawn else None
    plan, now = invocation.load_plan_of_vault(), utc_now()
    records = History(Places(plan.vault).runs)
    start = now - span if span else None
    if start is None:
        entries = records.newest_first(name)
    else:
        found = records.between(start, now + LATEST)
        entries = iter([entry for entry in reversed(found) if name is None or entry.get("task") == name])
    count = count or (DEFAULT_COUNT if start is None else None)
    runs = tuple(islice(_readable(entries), count))
    if name is not None and not runs:
        find_task(plan, name)  # one that left the plan still has its history; a wrong name has none
    if not drawn:
        return PastRuns(plan, now, runs, start)
    facts = observe_tasks(plan, now)
    running = tuple(each.record.running for each in facts if each.running and each.record.running)
    names = (name,) if name is not None else _rows_of(plan, runs)
    return RunsInTime(plan, now, runs, start, names=names, running=running)


def _rows_of(plan: Plan, runs: Iterable[PastRun]) -> tuple[str, ...]:
    """The enabled tasks, and whatever else has run, in the order of the plan."""
    ran = dict.fromkeys(past.run.task for past in runs)
    planned = [task.name for task in plan.tasks if task.enabled or task.name in ran]
    return tuple(dict.fromkeys([*planned, *sorted(ran)]))


def _readable(entries: Iterable[dict[str, Any]]) -> Iterable[PastRun]:
    """The entries that are runs; what somebody else wrote among them is passed over."""
    for entry in entries:
        name, details = entry.get("task"), entry.get("details")
        run, end = read_run(str(name), entry), read_ended(entry)
        if isinstance(name, str) and run is not None and end is not None:
            yield PastRun(run, end, details if isinstance(details, dict) else {})
        else:
            log.info("an entry of the history that is no run is passed over")
