"""``aiemp list``: the tasks, when they run, and how they ran."""

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
from aiemp.cli.task_facts import TaskFacts, in_plan_order
from aiemp.clock import utc_now
from aiemp.frozen import frozen
from aiemp.plan import Plan
from aiemp.schedule_words import schedule_in_words

HEADERS = ("TASK", "SCHEDULE", "ENABLED", "LAST RUN", "RESULT", "NEXT RUN")


@frozen
class TaskList:
    """The tasks of a plan at one moment."""

    plan: Plan
    now: datetime
    tasks: tuple[TaskFacts, ...]
    pause: Pause | None = None
    exit_code: int = 0
    tells_commands: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "vault": str(self.plan.vault),
            "claude": pause_json(self.pause),
            "tasks": [facts.as_json() for facts in self.tasks],
        }

    def as_text(self, screen: Screen) -> str:
        paused = pause_lines(self.pause, self.plan.zone, screen)
        return "\n".join([*paused, *table([self._row(facts) for facts in self.tasks], screen, HEADERS)])

    def _row(self, facts: TaskFacts) -> list[Cell]:
        enabled = facts.task.enabled
        return [
            Cell(facts.task.name, "strong"),
            Cell(schedule_in_words(facts.task)),
            Cell("yes") if enabled else Cell("no", "faint"),
            facts.last_cell(self.now, self.plan.zone),
            facts.result_cell(),
            facts.next_cell(self.now, self.plan.zone),
        ]


@command("list")
def list_tasks(invocation: Invocation) -> TaskList:
    """Show the tasks and when they run.

    Their schedule, last run with its result, and next run. Times are in the zone of the configuration,
    else the machine's.
    """
    plan, now = invocation.load_plan_of_vault(), utc_now()
    tasks = tuple(in_plan_order(observe_tasks(plan, now), plan))
    return TaskList(plan, now, tasks, read_pause(plan.vault, now))
