"""``aiemp logs``: the last lines of the right log file, and what is added to it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.log_tail import Follower, last_lines
from aiemp.cli.names import all_names, completing, suggestion
from aiemp.cli.output import screen, write
from aiemp.cli.screen import visible
from aiemp.errors import UsageError
from aiemp.places import Places
from aiemp.plan import Plan

ORCHESTRATOR = "orchestrator"
FOLLOW_PAUSE_S = 0.3
LINES_AT_ONCE = 1000


@command("logs", answers=False)
@click.argument("name", required=False, shell_complete=completing(all_names))
@click.option("-f", "--follow", is_flag=True, help="Go on showing what is added, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    metavar="N",
    help="How many lines to show.",
)
def logs(invocation: Invocation, name: str | None, follow: bool, count: int) -> None:
    """Show the end of a log.

    That of the task or watcher NAME; without NAME, the orchestrator's.
    """
    path = _log_of(invocation, invocation.load_plan(), name)
    is_terminal = screen().width is not None
    tail = last_lines(path, count)
    if tail is None:
        invocation.note(f"there is no log yet: {path}")
    else:
        _show(tail.lines, is_terminal)
    if not follow:
        return
    follower = Follower(path, tail.end if tail else 0)
    while True:
        _show(follower.new_lines(), is_terminal)
        time.sleep(FOLLOW_PAUSE_S)


def _log_of(invocation: Invocation, plan: Plan, name: str | None) -> Path:
    places = Places(plan.vault)
    if name is None or (name == ORCHESTRATOR and name not in all_names(plan)):
        return places.orchestrator_log
    if plan.watcher(name) is not None:
        if plan.task(name) is not None:
            invocation.note(
                f"{name!r} is a watcher and a task; this is the watcher's log, the task's is "
                f"{places.task_log(name)}"
            )
        return places.watcher_log(name)
    if plan.task(name) is not None:
        return places.task_log(name)
    if "/" not in name:
        # One that left the plan: its log is still there.
        for path in (places.watcher_log(name), places.task_log(name)):
            if path.is_file():
                return path
    known = [ORCHESTRATOR, *all_names(plan)]
    raise UsageError(f"there is no task or watcher {name!r}{suggestion(name, known)}")


def _show(lines: Iterable[bytes], is_terminal: bool) -> None:
    """Print whole lines, together when there are many."""
    rest = iter(lines)
    while batch := list(islice(rest, LINES_AT_ONCE)):
        write("".join(_line(line, is_terminal) for line in batch))


def _line(line: bytes, is_terminal: bool) -> str:
    text = line.decode("utf-8", "replace")
    # What a task printed may hold sequences that would reprogram the terminal it is shown on.
    return (visible(text.expandtabs()) if is_terminal else text) + "\n"
