"""docs/commands.md, made from what ``--help`` says: ``python -m aiemp.cli.reference > docs/commands.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from aiemp.cli import cli
from aiemp.cli.invocation import Invocation

HEAD = """\
# The commands

This page is made from the program's own help by `make docs`; do not edit it. What `--json` prints is in
[json.md](json.md).

Shell completion, with the names of tasks and watchers, is one line in the shell's start file:

```
eval "$(_AIEMP_COMPLETE=bash_source aiemp)"      # ~/.bashrc
eval "$(_AIEMP_COMPLETE=zsh_source aiemp)"       # ~/.zshrc
_AIEMP_COMPLETE=fish_source aiemp | source       # ~/.config/fish/config.fish
```
"""
WIDTH = 100


def reference() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"\n## {path}\n\n```\n{help_text.rstrip()}\n```\n"
        for path, help_text in _help_texts(cli, "aiemp", None)
    )


def _help_texts(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """The path (``aiemp config show``) and the help of ``command`` and of everything below it."""
    context = click.Context(command, info_name=name, parent=parent, obj=Invocation(), **_settings(command))
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            member = command.get_command(context, below)
            assert member is not None
            yield from _help_texts(member, below, context)


def _settings(command: click.Command) -> dict[str, Any]:
    # The page must not depend on the terminal it is made on.
    return {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}


if __name__ == "__main__":
    sys.stdout.write(reference())
