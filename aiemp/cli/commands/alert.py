"""``aiemp alert UNIT``: what systemd's OnFailure= calls."""

from __future__ import annotations

import os
from typing import Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import frozen


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


@command("alert")
@click.argument("unit")
def alert(invocation: Invocation, unit: str) -> Alerted:
    """Tell the owner about a failed unit.

    For OnFailure=aiemp-alert@%n.service; what was reported already is not told again.
    """
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
