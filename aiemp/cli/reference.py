"""What is made from the commands' own help: ``python -m aiemp.cli.reference commands`` prints docs/commands.md,
``... summaries`` the module :mod:`aiemp.cli.summaries`, ``... man`` docs/man/aiemp.1. ``make docs`` does them all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from aiemp.cli import cli
from aiemp.cli.invocation import Invocation
from aiemp.cli.manual import manual

HEAD = """\
# The commands

This page is made from the program's own help by `make docs`; do not edit it. What `--json` prints is in
[json.md](json.md).

How the shell completes them, with the names of tasks and watchers, says `aiemp completion --help`.
"""
WIDTH = 100


def reference() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"\n## {path}\n\n```\n{help_text.rstrip()}\n```\n"
        for path, help_text in _help_texts(cli, "aiemp", None)
    )


def summaries() -> str:
    """The module with a line about each command and each check."""
    from aiemp.doctor.checks import CHECKS

    context = click.Context(cli, info_name="aiemp", obj=Invocation())
    checks = ((check.name, check.about) for check in CHECKS)
    return (
        '"""A line about each command and each check, for who must not wait until all of them are imported.\n\n'
        'Made by ``make docs``; do not edit it."""\n\n'
        + _mapping("COMMANDS", _summaries(cli, "", context))
        + "\n"
        + _mapping("CHECKS", checks)
    )


def _summaries(group: click.Group, path: str, context: click.Context) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        member = group.get_command(context, name)
        assert member is not None
        yield f"{path}{name}", member.get_short_help_str(limit=WIDTH).removesuffix(".")
        if isinstance(member, click.Group):
            yield from _summaries(member, f"{path}{name} ", context)


def _mapping(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"    {_quoted(key)}: {_quoted(value)},\n" for key, value in pairs)
    return f"{name} = {{\n{lines}}}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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


MADE = {"commands": reference, "summaries": summaries, "man": manual}

if __name__ == "__main__":
    sys.stdout.write(MADE[sys.argv[1]]())
