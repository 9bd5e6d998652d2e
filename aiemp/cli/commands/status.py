"""``aiemp status``: one look at everything."""

from __future__ import annotations

import os
import time

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.observation import observe
from aiemp.cli.output import drawing, redraw, screen
from aiemp.cli.status_report import Status
from aiemp.clock import utc_now
from aiemp.errors import AiempError, UsageError

REDRAW_PAUSE_S = 2.0


@command("status")
@click.option("--watch", "keep", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
def status(invocation: Invocation, keep: bool) -> Status | None:
    """Show how everything is, and what needs you.

    One look at the orchestrator, watchers, tasks, queues and tools. Exit status 3 when something is not well.
    """
    if keep:
        if screen().width is None or invocation.json:
            raise UsageError("--watch draws on a terminal; leave it out to print the status once")
        return _keep_looking(invocation)
    return _look(invocation)


def _keep_looking(invocation: Invocation) -> Status | None:
    """Draw until Ctrl-C; the last look then stays on the terminal. What cannot be read now (aiemp.toml is being
    edited) is said in its place, and may be well at the next look."""
    last: Status | None = None
    with drawing():
        try:
            while True:
                try:
                    last = _look(invocation)
                    redraw(last.as_text(screen()))
                except AiempError as error:
                    last = None
                    redraw(f"{error}\n\nLooking again every {REDRAW_PAUSE_S:.0f} s; Ctrl-C ends this.")
                time.sleep(REDRAW_PAUSE_S)
        except KeyboardInterrupt:
            return last


def _look(invocation: Invocation) -> Status:
    # The status shows the plan's warnings itself.
    return observe(invocation.load_plan(warn=False), utc_now(), os.environ, invocation.call)
