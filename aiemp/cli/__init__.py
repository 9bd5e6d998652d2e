"""The command line (cli.md): Click parses, the rest of aiemp works, one renderer shows.

A command's module is imported only when the command is used. It returns an answer, which
:mod:`aiemp.cli.output` prints as text or as JSON; nothing else here writes to standard output.
"""

from __future__ import annotations

import click

from aiemp import __version__
from aiemp.cli.command import HELP_NAMES, LazyGroup, global_options, json_option

COMMANDS = {
    "init": "aiemp.cli.commands.init:init",
    "run": "aiemp.cli.commands.run:run",
    "status": "aiemp.cli.commands.status:status",
    "doctor": "aiemp.cli.commands.doctor:doctor",
    "bugreport": "aiemp.cli.commands.bugreport:bugreport",
    "explain": "aiemp.cli.commands.explain:explain",
    "list": "aiemp.cli.commands.list:list_tasks",
    "check": "aiemp.cli.commands.check:check",
    "trigger": "aiemp.cli.commands.trigger:trigger",
    "pause": "aiemp.cli.commands.pause:pause",
    "resume": "aiemp.cli.commands.pause:resume",
    "enable": "aiemp.cli.commands.enable:enable",
    "disable": "aiemp.cli.commands.enable:disable",
    "watch": "aiemp.cli.commands.watch:watch",
    "history": "aiemp.cli.commands.history:history",
    "logs": "aiemp.cli.commands.logs:logs",
    "config": "aiemp.cli.commands.config:config",
    "render": "aiemp.cli.commands.render:render",
    "install-units": "aiemp.cli.commands.install_units:install_units",
    "uninstall-units": "aiemp.cli.commands.install_units:uninstall_units",
    "pm2-config": "aiemp.cli.commands.pm2_config:pm2_config",
    "completion": "aiemp.cli.commands.completion:completion",
    "alert": "aiemp.cli.commands.alert:alert",
}


@click.group(
    cls=LazyGroup,
    members=COMMANDS,
    context_settings={"help_option_names": HELP_NAMES, "max_content_width": 100},
    params=[*global_options(), json_option()],
)
@click.version_option(__version__, prog_name="aiemp", message="%(prog)s %(version)s")
def cli() -> None:
    """Keep an AI employee alive: schedules, watchers and health for a vault worked by Claude Code.

    Results go to standard output, everything else to standard error. Exit status: 0 ok, 1 failed,
    2 wrong usage or configuration, 3 not healthy.
    """
