"""``aiemp completion SHELL``: the script by which a shell completes commands, tasks and watchers."""

from __future__ import annotations

from typing import Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen
from aiemp.frozen import frozen

PLACES = {
    "bash": "~/.local/share/bash-completion/completions/aiemp",
    "zsh": "a folder of your fpath, as _aiemp",
    "fish": "~/.config/fish/completions/aiemp.fish",
}


@frozen
class Script:
    """The script for one shell."""

    shell: str
    text: str
    exit_code: int = 0
    is_file: bool = True  # it comes out as it is

    def as_json(self) -> dict[str, Any]:
        return {"shell": self.shell, "script": self.text}

    def as_text(self, screen: Screen) -> str:
        return self.text


@command("completion")
@click.argument("shell", type=click.Choice(sorted(PLACES)))
def completion(invocation: Invocation, shell: str) -> Script:
    """Print the script that lets a shell complete aiemp's lines.

    SHELL is bash, zsh or fish. Write it to where the shell looks, and open a new one: for bash
    ~/.local/share/bash-completion/completions/aiemp, for zsh _aiemp in a folder of fpath, for fish
    ~/.config/fish/completions/aiemp.fish. The folder may have to be made first (mkdir -p).
    """
    from click.shell_completion import get_completion_class

    from aiemp.cli import cli
    from aiemp.cli.entry import COMPLETION_VARIABLE

    kind = get_completion_class(shell)
    assert kind is not None  # they are the three that click has
    made = kind(cli, {}, "aiemp", COMPLETION_VARIABLE)
    text = made.source_template % made.source_vars()
    lines = text.strip().splitlines()
    lines.insert(
        1 if shell == "zsh" else 0, f"# made by `aiemp completion {shell}`; it belongs to {PLACES[shell]}"
    )
    return Script(shell, "\n".join(line.rstrip() for line in lines))
