"""``aiemp check``: what is due now, and why each other task is not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiemp.claude.pause import Pause, read_pause
from aiemp.cli.claude_use import pause_json, pause_lines
from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.observation import observe_tasks
from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.cli.task_facts import TaskFacts
from aiemp.clock import utc_now
from aiemp.frozen import frozen
from aiemp.plan import Plan

HEADERS = ("TASK", "DUE", "NEXT RUN", "WHY")


@frozen
class DueCheck:
    """The tasks of a plan at one moment: first those that are due, in the order in which they will run."""

    plan: Plan
    now: datetime
    tasks: tuple[TaskFacts, ...]
    pause: Pause | None = None
    exit_code: int = 0
    tells_commands: bool = True

    @property
    def due(self) -> list[str]:
        return [facts.task.name for facts in self.tasks if facts.decision.due and not facts.running]

    def as_json(self) -> dict[str, Any]:
        return {
            "vault": str(self.plan.vault),
            "due": self.due,
            "claude": pause_json(self.pause),
            "tasks": [facts.as_json() for facts in self.tasks],
        }

    def as_text(self, screen: Screen) -> str:
        count = len(self.due)
        head = f"{count or 'no'} task{'' if count == 1 else 's'} due now"
        rows = [self._row(facts) for facts in self.tasks]
        paused = pause_lines(self.pause, self.plan.zone, screen)
        return "\n".join([screen.paint(head, "strong"), *paused, *table(rows, screen, HEADERS)])

    def _row(self, facts: TaskFacts) -> list[Cell]:
        if facts.running:
            due = Cell("running", "strong")
        elif facts.decision.held_until is not None:
            due = Cell("blocked", "warn")
        elif facts.decision.due:
            due = Cell("blocked", "warn") if facts.blocked_reason else Cell("yes", "strong")
        else:
            due = Cell("no", "faint")
        return [
            Cell(facts.task.name),
            due,
            facts.next_cell(self.now, self.plan.zone, ahead=True),
            Cell(facts.why()),
        ]


@command("check")
def check(invocation: Invocation) -> DueCheck:
    """Show what is due now, and why the rest is not.

    Starts nothing.
    """
    plan, now = invocation.load_plan_of_vault(), utc_now()
    return DueCheck(plan, now, tuple(observe_tasks(plan, now)), read_pause(plan.vault, now))
