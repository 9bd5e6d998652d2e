"""``aiemp pause`` and ``aiemp resume``: whether runs of Claude Code may begin."""

from __future__ import annotations

import logging
from typing import Any

import click

from aiemp.claude.pause import Pause, read_pause, remove_pause, write_pause
from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.moments import read_moment_ahead
from aiemp.cli.screen import Screen, visible
from aiemp.cli.task_facts import json_moment
from aiemp.clock import utc_now
from aiemp.frozen import frozen
from aiemp.locks import Holder, probe
from aiemp.places import Places
from aiemp.plan import Plan

log = logging.getLogger("aiemp.cli")


@frozen
class Paused:
    """How it is now. ``pause`` is None when Claude may run; ``running`` is the task that is on, if any."""

    plan: Plan
    pause: Pause | None
    changed: bool
    running: Holder | None = None
    exit_code: int = 0
    tells_commands: bool = True

    def as_json(self) -> dict[str, Any]:
        pause, running = self.pause, self.running
        return {
            "vault": str(self.plan.vault),
            "paused": pause is not None,
            "since": json_moment(pause.since) if pause else None,
            "until": json_moment(pause.until) if pause else None,
            "reason": pause.reason if pause else "",
            "changed": self.changed,
            "running": {
                "task": running.what.removeprefix("task ") if running else None,
                "pid": running.pid if running else None,
            },
        }

    def as_text(self, screen: Screen) -> str:
        if self.pause is None:
            said = "may run again" if self.changed else "was not paused"
            return f"Claude {said}" + ("; tasks that are due follow within minutes" if self.changed else "")
        lines = [
            f"Claude is {visible(self.pause.in_words(self.plan.zone))}",
            "No run of Claude begins, by itself or by hand. End that with: aiemp resume",
        ]
        if self.running is not None:
            lines.append(
                f"{visible(self.running.what)} is running and goes on; to stop it too: kill {self.running.pid}"
            )
        return "\n".join(lines)


@command("pause")
@click.option("--until", "until", metavar="TIME", help="End by itself then; else only with `aiemp resume`.")
@click.option("--reason", "reason", metavar="TEXT", default="", help="Why; it is shown wherever it holds.")
def pause(invocation: Invocation, until: str | None, reason: str) -> Paused:
    """Let no run of Claude begin.

    It holds under every engine and for runs by hand; what needs no Claude goes on. A run that is on is not
    ended. TIME is local: "17:00", "tomorrow" (its first minute), "tomorrow 08:00", "2026-12-01 08:00", or
    "2h" from now. `aiemp trigger NAME --while-paused` runs one task all the same.
    """
    plan, now = invocation.load_plan_of_vault(), utc_now()
    ends = None if until is None else read_moment_ahead(until, now, plan.zone)
    write_pause(plan.vault, Pause(now, ends, reason))
    holds = read_pause(plan.vault, now)
    _show_on_dashboard(plan)
    return Paused(plan, holds, True, _running_claude(plan))


@command("resume")
def resume(invocation: Invocation) -> Paused:
    """Let Claude run again.

    Ends what `aiemp pause` began. Tasks that became due meanwhile run once each.
    """
    plan, now = invocation.load_plan_of_vault(), utc_now()
    held = read_pause(plan.vault, now) is not None
    remove_pause(plan.vault)
    if held:
        _show_on_dashboard(plan)
    return Paused(plan, None, held)


def _running_claude(plan: Plan) -> Holder | None:
    """The run that is on, if it may be Claude's."""
    holder = probe(Places(plan.vault).run_lock)
    task = plan.task(holder.what.removeprefix("task ")) if holder else None
    return holder if task is not None and task.requires_claude and holder and holder.pid else None


def _show_on_dashboard(plan: Plan) -> None:
    """At once; the health update keeps it from then on. The dashboard is no reason to fail."""
    if plan.dry_run.active:
        return
    import os

    from aiemp.dashboard import set_health, update
    from aiemp.errors import AiempError
    from aiemp.health import claude_rows

    now = utc_now()
    try:
        rows = claude_rows(plan, now, os.environ)
        update(plan.vault, set_health(rows, now.astimezone(plan.zone)))
    except (OSError, AiempError) as error:
        log.warning("the dashboard was not updated: %s", error)
