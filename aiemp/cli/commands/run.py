"""``aiemp run``: the orchestrator. Checks everything here, then becomes a process without Click."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen
from aiemp.cli.table import Cell, table
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.plan import Plan

DEFAULT_INTERVAL_S = 30
LONGEST_INTERVAL_S = 3600
STATE_STYLES = {"running": "good", "succeeded": "good", "failed": "bad", "down": "bad", "paused": "bad"}


@frozen
class Cycle:
    """What one cycle of the orchestrator did; its report is what ``--json`` shows."""

    report: Mapping[str, Any]

    @property
    def exit_code(self) -> int:
        return 1 if any(task["result"] == "failed" for task in self.report["tasks"]) else 0

    def as_json(self) -> Mapping[str, Any]:
        return self.report

    def as_text(self, screen: Screen) -> str:
        mode = " (dry run)" if self.report["dry_run"] else ""
        lines = [f"one cycle of {self.report['vault']}{mode}"]
        rows = [_task_row(task) for task in self.report["tasks"]]
        rows += [
            _row("watcher", watcher["name"], watcher["state"], watcher["reason"])
            for watcher in self.report["watchers"]
        ]
        if not self.report["tasks"]:
            lines.append("no task was due")
        return "\n".join([*lines, *table(rows, screen, indent="  ")])


@command("run")
@click.option("--once", is_flag=True, help="Do one cycle, then stop and report.")
@click.option(
    "--interval",
    type=click.IntRange(1, LONGEST_INTERVAL_S),
    default=DEFAULT_INTERVAL_S,
    show_default=True,
    metavar="SECONDS",
    help="The longest pause between two ticks.",
)
@click.option("--no-watchers", is_flag=True, help="Do not start watchers.")
@click.option("--no-schedules", is_flag=True, help="Do not run tasks.")
@click.option(
    "--engine",
    type=click.Choice(["local", "systemd"]),
    default="local",
    show_default=True,
    help="What runs the processes: this program itself, or installed systemd units.",
)
@click.option("--system", is_flag=True, help="With --engine systemd: the machine's units, not the user's.")
@click.option("--dry-run", is_flag=True, help="Change nothing; only say what would be done.")
@click.option(
    "--failure-pause",
    type=click.FloatRange(0, LONGEST_INTERVAL_S),
    default=0,
    metavar="SECONDS",
    help="After a failure wait before ending: for a supervisor that starts it again at once (PM2).",
)
def run(
    invocation: Invocation,
    once: bool,
    interval: int,
    no_watchers: bool,
    no_schedules: bool,
    engine: str,
    system: bool,
    dry_run: bool,
    failure_pause: float,
) -> Cycle:
    """Run the orchestrator.

    It keeps watchers running and runs tasks when they are due, until Ctrl-C or SIGTERM. SIGHUP makes it read
    the configuration anew, and start paused watchers again.
    """
    from aiemp.errors import UsageError
    from aiemp.vault.layout import require_vault

    invocation.failure_pause_s = failure_pause
    if engine == "systemd" and once:
        raise UsageError("--once is for the local engine: under systemd each unit is started by systemd")
    plan = invocation.load_plan(dry_run=dry_run, warn=False)  # the orchestrator logs the warnings
    if "NOTIFY_SOCKET" not in os.environ:  # as a service it waits for its vault (aiemp/vault_wait.py)
        require_vault(plan.vault)
    if engine == "local" and not plan.dry_run.active:
        # Under systemd this command is no person's: units are installed by one, which adopts.
        _adopt(plan)
    options = {
        "config": str(invocation.config) if invocation.config else None,
        "vault": str(invocation.vault) if invocation.vault else None,
        "dry_run": dry_run,
        "interval": interval,
        "watchers": not no_watchers,
        "schedules": not no_schedules,
        "engine": engine,
        "system": system,
        "verbose": invocation.verbosity > 0,
        "failure_pause": failure_pause,
    }
    if not once:
        _become_orchestrator(options)
    return Cycle(_one_cycle(invocation, options))


def _adopt(plan: Plan) -> None:
    """Adopt what the vault brings along: at the first start, and whenever a person types this. PM2 and the like
    start it again by themselves, and what was planted since must not be adopted by that."""
    from aiemp.adoption import adopt_scripts, adopted_scripts

    is_first = adopted_scripts(plan.config_file, plan.vault, os.environ) is None
    if is_first or sys.stdin.isatty():
        from aiemp.mcp.approval import adopt_servers

        adopt_scripts(plan.config_file, plan.vault, os.environ)
        adopt_servers(plan, os.environ)


def _become_orchestrator(options: Mapping[str, object]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a module in the working directory (which may be the vault, where Claude writes) must not be loaded.
    argv = [sys.executable, "-P", "-m", "aiemp.supervise", json.dumps(options)]
    # Ctrl-C waits until that process can be stopped: it would break off an import of it, with a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execv(sys.executable, argv)  # noqa: S606 - no shell is what is wanted


def _one_cycle(invocation: Invocation, options: Mapping[str, object]) -> Mapping[str, Any]:
    """One cycle in this process: it is short, and its report is shown here."""
    import logging

    from aiemp.log_files import log_to
    from aiemp.orchestrator import Orchestrator
    from aiemp.places import Places
    from aiemp.plan_source import PlanSource

    dry_run = bool(options["dry_run"])
    source = PlanSource(lambda: invocation.load_plan(dry_run=dry_run, warn=False), lambda: None)
    orchestrator = Orchestrator(
        source.load().vault,
        check_interval=float(str(options["interval"])),
        source=source,
        with_watchers=bool(options["watchers"]),
        with_schedules=bool(options["schedules"]),
    )
    level = logging.DEBUG if options["verbose"] else logging.INFO
    log_to(
        None if orchestrator.dry_run else Places(orchestrator.vault_path).orchestrator_log,
        level=level,
        tracebacks=bool(options["verbose"]),
    )
    return orchestrator.run_once()


def _task_row(task: Mapping[str, Any]) -> list[Cell]:
    if task["result"] is None:  # a dry run: what the record says is of an earlier run
        return _row("task", task["name"], "rehearsed", "")
    return _row("task", task["name"], task["result"], task["error"] or task["summary"])


def _row(kind: str, name: str, state: str, more: str) -> list[Cell]:
    return [Cell(kind, "faint"), Cell(name), Cell(state, STATE_STYLES.get(state, "")), Cell(more)]
