"""``aiemp history``: past runs, when, how long, and how they ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import click

from aiemp.claude.budget import amount, dollars
from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import completing, find_task, task_names
from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.cli.task_facts import RESULT_STYLES
from aiemp.cli.words import duration_in_words, moment_in_words
from aiemp.clock import utc_now
from aiemp.frozen import frozen
from aiemp.ledger_format import ended_as_json, read_ended, read_run, run_as_json
from aiemp.plan import Plan
from aiemp.runs import Ended, Result, Run

log = logging.getLogger("aiemp.cli")

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
    """The newest runs, the newest first."""

    plan: Plan
    now: datetime
    runs: tuple[PastRun, ...]
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"vault": str(self.plan.vault), "runs": [run.as_json() for run in self.runs]}

    def as_text(self, screen: Screen) -> str:
        if not self.runs:
            return "no run so far"
        told = {column for run in self.runs for column in run.claude_cells()}
        columns = [column for column in CLAUDE_COLUMNS if column in told]
        rows = [run.row(self.now, self.plan, columns) for run in self.runs]
        return "\n".join(table(rows, screen, (*HEADERS[:3], *columns, *HEADERS[3:])))


@command("history")
@click.argument("name", required=False, shell_complete=completing(task_names))
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many runs to show.",
)
def history(invocation: Invocation, name: str | None, count: int) -> PastRuns:
    """Show past runs, the newest first.

    Those of the task NAME, or of all tasks: when, how long, how they ended, and why they failed.
    """
    from aiemp.places import Places
    from aiemp.run_history import History

    plan = invocation.load_plan_of_vault()
    entries = History(Places(plan.vault).runs).newest_first(name)
    runs = tuple(islice(_readable(entries), count))
    if name is not None and not runs:
        find_task(plan, name)  # one that left the plan still has its history; a wrong name has none
    return PastRuns(plan, utc_now(), runs)


def _readable(entries: Iterable[dict[str, Any]]) -> Iterable[PastRun]:
    """The entries that are runs; what somebody else wrote among them is passed over."""
    for entry in entries:
        name, details = entry.get("task"), entry.get("details")
        run, end = read_run(str(name), entry), read_ended(entry)
        if isinstance(name, str) and run is not None and end is not None:
            yield PastRun(run, end, details if isinstance(details, dict) else {})
        else:
            log.info("an entry of the history that is no run is passed over")
