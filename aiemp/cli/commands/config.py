"""``aiemp config``: the plan as it was understood, and the mistakes in the configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from aiemp.cli.command import LazyGroup, command, global_options, json_option
from aiemp.cli.invocation import Invocation
from aiemp.cli.plan_view import plan_lines
from aiemp.cli.screen import Screen
from aiemp.errors import ConfigError
from aiemp.frozen import frozen
from aiemp.plan import Plan


@frozen
class ShownPlan:
    """The plan, everything but secrets."""

    plan: Plan
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        from aiemp.config.show import plan_as_dict

        return plan_as_dict(self.plan)

    def as_text(self, screen: Screen) -> str:
        servers: Any = self.as_json()["mcp_servers"]
        return "\n".join(plan_lines(self.plan, servers, screen))


@frozen
class Validation:
    """What was found wrong; ``exists`` says whether there is a file at all."""

    config_file: Path
    exists: bool
    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return ConfigError.exit_code if self.mistakes else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "valid": not self.mistakes,
            "config_file": str(self.config_file),
            "exists": self.exists,
            "mistakes": list(self.mistakes),
            "warnings": list(self.warnings),
        }

    def as_text(self, screen: Screen) -> str:
        lines = [screen.paint(mistake, "bad") for mistake in self.mistakes]
        lines += [f"warning: {warning}" for warning in self.warnings]
        if not self.mistakes:
            missing = "" if self.exists else " (there is no such file: all defaults)"
            lines.append(f"{self.config_file}: {screen.paint('no mistakes', 'good')}{missing}")
        return "\n".join(lines)


@frozen
class ShownSchema:
    """The JSON Schema of aiemp.toml; a file, so as it is."""

    exit_code: int = 0
    is_file: bool = True

    def as_json(self) -> dict[str, Any]:
        from aiemp.config.schema import config_schema

        return config_schema()

    def as_text(self, screen: Screen) -> str:
        from aiemp.config.schema import schema_text

        return schema_text().rstrip("\n")


@click.group(
    "config",
    cls=LazyGroup,
    members={
        "show": "aiemp.cli.commands.config:show",
        "validate": "aiemp.cli.commands.config:validate",
        "edit": "aiemp.cli.commands.config_edit:edit",
        "schema": "aiemp.cli.commands.config:schema",
    },
    params=[*global_options(), json_option()],
)
def config() -> None:
    """Show, check or change the configuration."""


@command("show")
def show(invocation: Invocation) -> ShownPlan:
    """Show the plan as it was understood.

    All that the configuration and the vault ask for. Values of environment variables are left out.
    """
    return ShownPlan(invocation.load_plan(warn=False))


@command("validate")
def validate(invocation: Invocation) -> Validation:
    """Check the configuration.

    Shows every mistake with file and line. Exit status 2 when there is one.
    """
    from aiemp.config.locate import config_to_read

    file = config_to_read(invocation.config, os.environ)
    try:
        plan = invocation.load_plan(warn=False)
    except ConfigError as error:
        return Validation(file, file.exists(), error.mistakes, ())
    return Validation(file, file.exists(), (), plan.warnings)


@command("schema", answers=False)
def schema(invocation: Invocation) -> ShownSchema:
    """Print the JSON Schema of aiemp.toml.

    Editors complete and check aiemp.toml by it. `aiemp init` writes it beside aiemp.toml, whose first line
    names it.
    """
    return ShownSchema()
