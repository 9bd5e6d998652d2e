"""``aiemp trigger``: one run of a task. A timer, the local engine and a person all use this command."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import completing, find_task, task_names
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.runner import RunReport

log = logging.getLogger("aiemp.cli")


@frozen
class TaskRun:
    """What came of one run."""

    report: RunReport

    @property
    def exit_code(self) -> int:
        return self.report.exit_code

    def as_json(self) -> Mapping[str, Any]:
        report = self.report
        return {
            "task": report.task,
            "run": report.run or None,
            "result": report.result.value if report.result else None,
            "message": report.message,
            "duration_s": report.duration_s,
            "details": dict(report.details),
        }

    def as_text(self, screen: Screen) -> str:
        message, result = visible(self.report.message), self.report.result
        if result is None:  # not due, or a dry run, of which this is the point
            shown = str(self.report.details.get("output") or "")
            return "\n".join([message, *map(visible, shown.splitlines())])
        if not screen.colour:
            return message
        from aiemp.cli.task_facts import RESULT_STYLES  # a timer's run does without it

        return screen.paint(message, RESULT_STYLES[result])


@command("trigger")
@click.argument("name", shell_complete=completing(task_names))
@click.option("--dry-run", is_flag=True, help="Only say what the task would do.")
@click.option("--scheduled", is_flag=True, help="Only run it if it is due; what timers use.")
@click.option("--over-budget", is_flag=True, help="Run it though the day's budget of Claude is used up.")
@click.option("--while-paused", is_flag=True, help="Run it though Claude is paused.")
def trigger(
    invocation: Invocation, name: str, dry_run: bool, scheduled: bool, over_budget: bool, while_paused: bool
) -> TaskRun:
    """Run one task now.

    NAME runs whether it is due or not, and counts as a run. Only one task of a vault runs at a time: this one
    waits for another. Exit status 1 when it failed or is blocked.
    """
    if scheduled and (over_budget or while_paused):
        option = "--over-budget" if over_budget else "--while-paused"
        raise click.UsageError(f"{option} is for a run by hand; leave out --scheduled")
    if scheduled:
        # Its output is a log, so what happens belongs there with its time.
        invocation.start_logging(logging.INFO)
    plan = invocation.load_plan(dry_run=dry_run, warn=not scheduled)
    task = find_task(plan, name)

    from aiemp.runner import run_task

    if scheduled:
        from aiemp.systemd.notify import take_over

        notifier = take_over()
        return TaskRun(
            run_task(plan, name, scheduled=True, environ=os.environ, say=log.info, notifier=notifier)
        )
    from aiemp.cli.progress import progress_of
    from aiemp.triggers.context import Overrides

    with progress_of(task, quiet=invocation.verbosity < 0) as progress:
        report = run_task(
            plan,
            name,
            scheduled=False,
            environ=os.environ,
            say=progress.say,
            on_output=progress.on_output,
            overrides=Overrides(over_budget=over_budget, while_paused=while_paused),
        )
    return TaskRun(report)
