"""``aiemp alert UNIT``: what systemd's OnFailure= calls."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, visible


@dataclass(frozen=True, slots=True)
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
    from aiemp.systemd.alerting import report_failed_unit

    plan = invocation.load_plan(warn=False)
    return Alerted(unit, report_failed_unit(plan, unit, utc_now(), os.environ))
