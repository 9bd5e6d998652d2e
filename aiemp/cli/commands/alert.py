"""``aiemp alert UNIT``: what systemd's OnFailure= calls. ``aiemp alert --test`` tries how you are told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen

EXAMPLE = """command = ["notify-send", "--", "{title}", "{detail}"]"""

if TYPE_CHECKING:
    from aiemp.plan import Plan


@frozen
class Alerted:
    """What was done about a failed unit."""

    unit: str
    message: str
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"unit": self.unit, "message": self.message}

    def as_text(self, screen: Screen) -> str:
        return visible(self.message)


@frozen
class Tried:
    """What came of trying each way in which the owner is told: why it failed, or "" where it did not."""

    ways: tuple[tuple[str, str], ...]

    @property
    def exit_code(self) -> int:
        return 1 if any(problem for _, problem in self.ways) else 0

    def as_json(self) -> dict[str, Any]:
        return {"tried": [{"way": way, "problem": problem or None} for way, problem in self.ways]}

    def as_text(self, screen: Screen) -> str:
        return "\n".join(
            screen.paint(f"{way}: {visible(problem) or 'done'}", "bad" if problem else "good")
            for way, problem in self.ways
        )


@command("alert")
@click.argument("unit", required=False)
@click.option(
    "--test", is_flag=True, help="Run the alert command and call ping_url once, to see that they work."
)
def alert(invocation: Invocation, unit: str | None, test: bool) -> Alerted | Tried:
    """Tell the owner about a failed unit.

    For OnFailure=aiemp-alert@%n.service; what was reported already is not told again. With --test instead of
    UNIT nothing is reported, but the ways of [alerts] in aiemp.toml are tried.
    """
    if test == bool(unit):
        raise click.UsageError("name the UNIT that failed, or give --test alone")
    return _alert(invocation, unit) if unit else _try_ways(invocation.load_plan())


def _alert(invocation: Invocation, unit: str) -> Alerted:
    from aiemp.clock import utc_now
    from aiemp.errors import ConfigError
    from aiemp.plan import Plan
    from aiemp.systemd.alerting import report_failed_unit
    from aiemp.systemd.failures import is_to_be_told

    if not is_to_be_told(os.environ):
        raise click.exceptions.Exit(0)

    problem = ""
    try:
        plan = invocation.load_plan(warn=False)
    except ConfigError as error:
        # That may be why the unit failed, and the owner is to hear of it all the same.
        if invocation.vault is None or not invocation.vault.is_dir():
            raise
        problem = "; ".join(error.mistakes)
        plan = Plan(invocation.vault)
    message = report_failed_unit(plan, unit, utc_now(), os.environ, config_problem=problem)
    return Alerted(unit, message)


def _try_ways(plan: Plan) -> Tried:
    from aiemp.alert_command import OPENED, run_alert_command
    from aiemp.alert_files import Alert
    from aiemp.cli.pages import page
    from aiemp.errors import AiempError, UsageError
    from aiemp.pings import ANSWERED, PATIENCE_S, PingCall

    ways: list[tuple[str, str]] = []
    if plan.alert_command:
        example = Alert(
            "test", "aiemp", "A test of aiemp", "You would read here what happened", "Nothing to do"
        )
        try:
            run_alert_command(plan.alert_command, example, OPENED, os.environ)
            ways.append(("command", ""))
        except (OSError, AiempError) as error:
            ways.append(("command", str(error)))
    if plan.pings.tick_url is not None:
        outcome = PingCall(plan.pings.tick_url, os.environ).wait(PATIENCE_S)
        ways.append(("ping_url", "" if outcome == ANSWERED else outcome))
    if not ways:
        where = plan.config_file or "aiemp.toml"
        raise UsageError(
            f"{where} names no [alerts] command and no ping_url; write one into it (aiemp config edit), for example "
            f"{EXAMPLE}; for a phone, a chat, e-mail see {page('notifications.md')}"
        )
    return Tried(tuple(ways))
