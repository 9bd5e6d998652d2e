"""``aiemp logs``: the journal of the right unit; without systemd the end of the right log file, and what is
added to it."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import sys
import time
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.log_tail import Follower, last_lines
from aiemp.cli.names import Described, all_names, completing, suggestion
from aiemp.cli.output import screen, write
from aiemp.cli.screen import visible
from aiemp.errors import AiempError, ConfigError, UsageError
from aiemp.frozen import frozen
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.redaction import in_force

log = logging.getLogger("aiemp.cli")

ORCHESTRATOR = "orchestrator"
FOLLOW_PAUSE_S = 0.3
LINES_AT_ONCE = 1000


def _names(plan: Plan) -> Described:
    return {ORCHESTRATOR: "What keeps everything going", **all_names(plan)}


@command("logs", answers=False)
@click.argument("name", required=False, shell_complete=completing(_names))
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

    That of the task or watcher NAME; without NAME, the orchestrator's. Under systemd it is the journal
    (journalctl), otherwise the log file. On a terminal control characters of a log are shown escaped; into a
    pipe or file it goes as it was written.
    """
    plan = _plan(invocation)
    subject = _subject(invocation, plan, name)
    journal = _journal(plan, subject, count, follow=follow)
    if journal:
        if subject.output is not None and subject.output.is_file():
            invocation.note(f"what the task itself printed is in {subject.output}")
        _become(journal)
    _show_file(invocation, subject.file, count, follow=follow)


def _plan(invocation: Invocation) -> Plan:
    """The plan; one that knows the vault and no more while the configuration has mistakes: what went wrong
    since is to be read then, too."""
    try:
        return invocation.load_plan_of_vault()
    except ConfigError as error:
        vault = _vault_without_config(invocation)
        if vault is None or not vault.is_dir():
            raise
        log.warning("%s", "; ".join(error.mistakes))
        return Plan(vault)


def _vault_without_config(invocation: Invocation) -> Path | None:
    """The vault that is named, else the one that the installed units keep, else the current folder's."""
    from aiemp.config.locate import vault_folder
    from aiemp.systemd.installed import find_installed

    units = find_installed(os.environ)
    try:
        return vault_folder(invocation.vault, os.environ, units[0].vault if units else None, Path.cwd())
    except (AiempError, OSError):
        return None


@frozen
class _Subject:
    """Whose log is asked for: its unit, and its log file. ``output``: a file that the journal has not."""

    unit: str
    file: Path
    output: Path | None = None


def _subject(invocation: Invocation, plan: Plan, name: str | None) -> _Subject:
    from aiemp.systemd.names import ORCHESTRATOR as ORCHESTRATOR_UNIT

    places = Places(plan.vault)
    if name is None or (name == ORCHESTRATOR and name not in all_names(plan)):
        return _Subject(ORCHESTRATOR_UNIT, places.orchestrator_log)
    if plan.watcher(name) is not None:
        if plan.task(name) is not None:
            invocation.note(
                f"{name!r} is a watcher and a task; this is the watcher's log, the task's is "
                f"{places.task_log(name)}"
            )
        return _watcher(places, name)
    if plan.task(name) is not None:
        return _task(places, name)
    if "/" not in name:
        # One that left the plan, or of a plan that cannot be read: its log, or its unit, is still there.
        installed = _installed_units(plan)
        for subject in (_watcher(places, name), _task(places, name)):
            if subject.file.is_file() or subject.unit in installed:
                return subject
    known = [ORCHESTRATOR, *all_names(plan)]
    raise UsageError(f"there is no task or watcher {name!r}{suggestion(name, known)}")


def _installed_units(plan: Plan) -> Collection[str]:
    from aiemp.systemd.installed import installed_for

    units = installed_for(plan.vault, os.environ)
    return units.texts if units is not None else ()


def _watcher(places: Places, name: str) -> _Subject:
    from aiemp.systemd.names import watcher_unit

    return _Subject(watcher_unit(name), places.watcher_log(name))


def _task(places: Places, name: str) -> _Subject:
    from aiemp.systemd.names import task_service

    return _Subject(task_service(name), places.task_log(name), places.task_log(name))


def _journal(plan: Plan, subject: _Subject, count: int, *, follow: bool) -> list[str]:
    """The journalctl call for a subject whose unit is installed; empty when its log is the file."""
    from aiemp.locks import probe
    from aiemp.systemd.command_lines import journal_argv
    from aiemp.systemd.installed import installed_for, is_booted

    units = installed_for(plan.vault, os.environ) if is_booted() else None
    if units is None or subject.unit not in units.texts:
        return []
    holder = probe(Places(plan.vault).orchestrator_lock)
    if holder is not None and holder.owner.startswith("local "):
        return []  # units are installed, but it is `aiemp run` that works now, and it writes files
    return journal_argv(units.scope, subject.unit, count, follow=follow)


def _become(argv: list[str]) -> None:
    """Become that program; returns only when there is none of its name."""
    log.info("%s", shlex.join(argv))
    sys.stdout.flush()
    # Python ignores it, and an executed program would go on ignoring it (execve(2)).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with contextlib.suppress(FileNotFoundError):
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is what is wanted


def _show_file(invocation: Invocation, path: Path, count: int, *, follow: bool) -> None:
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


def _show(lines: Iterable[bytes], is_terminal: bool) -> None:
    """Print whole lines, together when there are many."""
    rest = iter(lines)
    while batch := list(islice(rest, LINES_AT_ONCE)):
        write("".join(_line(line, is_terminal) for line in batch))


def _line(line: bytes, is_terminal: bool) -> str:
    # A watcher writes to its log itself, and redacts nothing.
    text = in_force().data(line).decode("utf-8", "replace")
    # What a task printed may hold sequences that would reprogram the terminal it is shown on.
    return (visible(text.expandtabs()) if is_terminal else text) + "\n"
