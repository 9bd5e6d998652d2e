"""``aiemp status``: one look at everything."""

from __future__ import annotations

import os
import time

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.observation import observe
from aiemp.cli.output import redraw, screen
from aiemp.cli.status_report import Status
from aiemp.clock import utc_now
from aiemp.errors import UsageError

REDRAW_PAUSE_S = 2.0


@command("status")
@click.option("--watch", "keep", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
def status(invocation: Invocation, keep: bool) -> Status:
    """Show how everything is, and what needs you.

    One look at the orchestrator, watchers, tasks, queues and tools. Exit status 3 when something is not well.
    """
    if keep:
        if screen().width is None or invocation.json:
            raise UsageError("--watch draws on a terminal; leave it out to print the status once")
        while True:
            redraw(_look(invocation).as_text(screen()))
            time.sleep(REDRAW_PAUSE_S)
    return _look(invocation)


def _look(invocation: Invocation) -> Status:
    # The status shows the plan's warnings itself.
    return observe(invocation.load_plan(warn=False), utc_now(), os.environ)
