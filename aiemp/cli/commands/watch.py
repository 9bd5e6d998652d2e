"""``aiemp watch``: becomes one watcher, in the foreground and under its lock."""

from __future__ import annotations

import os

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import completing, find_watcher, watcher_names
from aiemp.errors import Blocked, LockHeld, UsageError
from aiemp.frozen import replace
from aiemp.plan import Origin

OWNER = "aiemp watch"


@command("watch", answers=False)
@click.argument("name", shell_complete=completing(watcher_names))
@click.option("--once", is_flag=True, help="Look once, then end (built-in watchers only).")
@click.option("--dry-run", is_flag=True, help="Only say what the watcher would do.")
def watch(invocation: Invocation, name: str, once: bool, dry_run: bool) -> None:
    """Run one watcher in the foreground.

    It runs until Ctrl-C. A watcher runs once in a vault: when it runs already, this says so and ends.
    """
    from aiemp.vault.layout import require_vault
    from aiemp.watchers.launch import NotStarted, exec_watcher, prepare

    plan = invocation.load_plan(dry_run=dry_run)
    watcher = find_watcher(plan, name)
    if once and (watcher.origin is not Origin.BUILT_IN or watcher.command):
        raise UsageError(f"the {name} watcher cannot look just once; only the built-in ones can")
    try:
        require_vault(plan.vault)
    except Blocked as blocked:
        # No fault of the watcher: as a unit it is left alone, and started when the vault is back.
        invocation.note(f"the {name} watcher is not started")
        _end_without_watcher()
        raise blocked from None
    launch = prepare(watcher, plan, os.environ)
    if isinstance(launch, NotStarted):
        invocation.note(f"the {name} watcher is not started: {launch.reason}")
        _end_without_watcher()
        return
    if once:
        launch = replace(launch, argv=(*launch.argv, "--once"))
    try:
        exec_watcher(watcher, launch, plan, OWNER)
    except LockHeld as held:
        invocation.note(str(held))
        _end_without_watcher()


def _end_without_watcher() -> None:
    """Exit 0; as the main process of a unit, with the status that tells systemd not to start it again."""
    if os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()):
        from aiemp.systemd.names import NOT_STARTED
        from aiemp.systemd.notify import take_over

        take_over().ready()  # else a Type=notify unit has failed, whatever its status (systemd.service(5))
        raise click.exceptions.Exit(NOT_STARTED)
