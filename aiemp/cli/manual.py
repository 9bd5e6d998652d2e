"""``man aiemp``, made from the commands' own help: ``python -m aiemp.cli.reference man``. One page for all commands.

The requests are those of man(7), which man-db, mandoc and groff understand alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import NamedTuple

import click

from aiemp import __version__
from aiemp.cli import cli
from aiemp.cli.command import Command
from aiemp.cli.invocation import Invocation

DATE = "2026-11-25"
"""When the text below was last changed; the date of the build would make another page each day."""

DESCRIPTION = (
    "aiemp keeps an AI employee alive: an Obsidian vault in which watchers drop work into Needs_Action, Claude Code "
    "is called on a schedule to do it, and Dashboard.md tells what is going on. A missed task runs once, one task "
    "runs at a time, watchers come back when they die, and what needs you is told.",
    "Results go to standard output, everything else to standard error. What --json prints is described in "
    "docs/json.md, which an installed aiemp has in share/doc/aiemp below its prefix.",
)

LINE_WIDTH = 70
"""What escapes add to a line leaves it below 80."""


class Item(NamedTuple):
    """A term and what it means."""

    term: str
    meaning: str


EXIT_STATUS = (
    Item("0", "Done."),
    Item("1", "It failed."),
    Item("2", "Wrong usage, or a mistake in the configuration."),
    Item("3", "Something needs you (status, doctor)."),
    Item("130", "Ended by Ctrl-C."),
)
ENVIRONMENT = (
    Item("VAULT_PATH", "The vault, where --vault names none; stronger than the configuration."),
    Item("DRY_RUN", "true or false; stronger than the configuration, weaker than --dry-run."),
    Item("XDG_CONFIG_HOME", "Where aiemp/aiemp.toml is looked for, instead of ~/.config."),
    Item("NO_COLOR", "No colours, whatever the terminal can show."),
    Item("TZ", "The time zone, where the configuration names none."),
)
FILES = (
    Item("~/.config/aiemp/aiemp.toml", "The configuration, with comments. `aiemp config show` explains it."),
    Item("/etc/aiemp/aiemp.toml", "The same for an installation with --system."),
    Item("VAULT/.state/", "What has run, locks, results of the last probes."),
    Item(
        "VAULT/Logs/",
        "Logs of the orchestrator, the watchers, the tasks and Claude, and the history of runs.",
    ),
    Item("VAULT/Needs_Action/alerts/", "What needs you, a file each."),
)
EXAMPLES = (
    Item("aiemp init ~/vault", "Make a vault, or take up one that is there."),
    Item("aiemp run", "Keep it running, in the foreground."),
    Item("aiemp install-units --user --now", "Hand it over to systemd."),
    Item("systemctl --user start aiemp.target", "Start everything again."),
    Item("journalctl --user -u aiemp-orchestrator", "What the orchestrator says."),
    Item("aiemp trigger stale_approval_check", "One task, now."),
    Item("aiemp doctor", "What is not well, and the command that mends it."),
)
SEE_ALSO = ("journalctl(1)", "systemctl(1)", "systemd.timer(5)", "systemd.service(5)", "loginctl(1)")


def manual() -> str:
    """The whole page."""
    context = _context(cli, "aiemp", None)
    shared = [param for param in cli.get_params(context) if isinstance(param, click.Option)]
    lines = [
        ".\\\" Made by `make docs` from the commands' help; do not edit.",
        f'.TH AIEMP 1 "{DATE}" "aiemp {__version__}" "User Commands"',
        ".SH NAME",
        r"aiemp \- keep an AI employee alive: schedules, watchers and health",
        ".SH SYNOPSIS",
        r".B aiemp",
        r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(DESCRIPTION),
        ".SH COMMANDS",
        *(line for name in cli.list_commands(context) for line in _command(name, context)),
        ".SH OPTIONS OF EVERY COMMAND",
        *_items(_option(option, context) for option in shared),
        ".SH EXIT STATUS",
        *_items(EXIT_STATUS),
        ".SH ENVIRONMENT",
        *_items(ENVIRONMENT),
        ".SH FILES",
        *_items(FILES),
        ".SH EXAMPLES",
        *_items(EXAMPLES),
        ".SH SEE ALSO",
        *(
            f".BR {name} ({section}{'' if number == len(SEE_ALSO) else ' ,'}"
            for number, (name, section) in _pages()
        ),
    ]
    return "\n".join(lines) + "\n"


def _pages() -> Iterator[tuple[int, tuple[str, str]]]:
    for number, page in enumerate(SEE_ALSO, 1):
        name, _, section = page.partition("(")
        yield number, (name, section)


def _command(name: str, parent: click.Context) -> Iterator[str]:
    group = parent.command
    assert isinstance(group, click.Group)
    command = group.get_command(parent, name)
    assert command is not None
    context = _context(command, name, parent)
    path = context.command_path.partition(" ")[2]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from _command(below, context)
        return
    pieces = command.collect_usage_pieces(context)[1:]  # behind [OPTIONS]
    yield ".TP"
    yield f"\\fB{escaped(path)}\\fR {escaped(' '.join(pieces))}".rstrip()
    first, *others = [" ".join(each.split()) for each in (command.help or "").split("\n\n")]
    yield escaped(first)
    for paragraph in others:
        yield ".IP"
        yield escaped(paragraph)
    own = command.own_params if isinstance(command, Command) else command.params
    options = [param for param in own if isinstance(param, click.Option) and param.name != "json"]
    if options:
        yield ".RS"
        yield from _items(_option(option, context) for option in options)
        yield ".RE"


def _option(option: click.Option, context: click.Context) -> Item:
    record = option.get_help_record(context)
    assert record is not None
    return Item(*record)


def _items(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield ".TP"
        yield f"\\fB{escaped(item.term)}\\fR"
        yield escaped(item.meaning)


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield escaped(text)


def escaped(text: str) -> str:
    """``text`` as lines of roff that show it as it is: a hyphen can be copied, nothing is a request."""
    lines = wrap(text, LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(map(_escaped_line, lines))


def _escaped_line(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti").replace("^", r"\(ha")
    text = text.replace("'", r"\(aq").replace("`", r"\(ga")
    text = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)
    return f"\\&{text}" if text[:1] == "." else text


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, obj=Invocation(), **command.context_settings)
