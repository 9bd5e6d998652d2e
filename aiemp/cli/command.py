"""The kinds of Click objects that every command is made of: lazy group, command, shared options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.invocation import Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP_NAMES = ["-h", "--help"]


def global_options() -> list[click.Option]:
    """The options of every command and of ``aiemp`` itself; what is given last wins."""
    return [
        _remembered(["--config"], "config", PathType(), "Read FILE as the configuration.", metavar="FILE"),
        _remembered(["--vault"], "vault", PathType(), "Use the vault at PATH.", metavar="PATH"),
        _counted(["-v", "--verbose"], 1, "Say more on standard error; -vv for everything."),
        _counted(["-q", "--quiet"], -1, "Say only what went wrong."),
    ]


def json_option() -> click.Option:
    """``--json``, for commands that show a result."""
    return _remembered(["--json"], "json", None, "Print the result as JSON (docs/json.md).", is_flag=True)


class Command(click.Command):
    """A command that takes the global options too, and ``--json`` when it ``answers``."""

    def __init__(self, *args: Any, answers: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own_params = [*self.params, *([json_option()] if answers else [])]
        self.params = [*self.own_params, *global_options()]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as mistake:  # of an option without its value click does not say whose it is
            mistake.ctx = mistake.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, those of every command below."""
        shared = [param for param in self.params if param not in self.own_params]
        for title, params in (
            ("Options", [*self.own_params, *_help_option(self, ctx)]),
            ("Options of every command", shared),
        ):
            records = [param.get_help_record(ctx) for param in params if isinstance(param, click.Option)]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record])

    def invoke(self, ctx: click.Context) -> Any:
        invocation = ctx.find_object(Invocation)
        assert invocation is not None
        invocation.start_logging()
        return super().invoke(ctx)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used, or help lists it.

    ``members`` maps each name to ``module:attribute``.
    """

    def __init__(self, *args: Any, members: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = members

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self.members.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, and the options, that begin with what was typed. No command is imported for that: a
        person waits for it at each press of the tab key."""
        from click.shell_completion import CompletionItem

        from aiemp.cli.summaries import COMMANDS

        path = " ".join(ctx.command_path.split()[1:])
        return [
            *(
                CompletionItem(name, help=COMMANDS.get(f"{path} {name}".strip()))
                for name in self.members
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.members and not name.startswith("-") and not ctx.resilient_parsing:
            from aiemp.cli.names import suggestion

            raise click.UsageError(f"there is no command {name!r}{suggestion(name, self.members)}", ctx)
        return super().resolve_command(ctx, args)


def _help_option(command: click.Command, ctx: click.Context) -> list[click.Parameter]:
    option = command.get_help_option(ctx)
    return [option] if option else []


class PathType(click.Path):
    """A path that says something: ``--vault "$UNSET"`` must not mean the current folder."""

    def __init__(self) -> None:
        # Whether it can be read, our loader says better; `aiemp alert` has to hear of it from there.
        super().__init__(readable=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip() or "\0" in str(value):
            self.fail("it is empty; name a path", param, ctx)
        return super().convert(value, param, ctx)


def _remembered(
    names: list[str], attribute: str, kind: click.ParamType[Any] | None, text: str, **attributes: Any
) -> click.Option:
    """An option whose value, if one is given, goes into the Invocation."""

    def remember(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        if value:
            setattr(ctx.ensure_object(Invocation), attribute, value)

    return click.Option(names, expose_value=False, callback=remember, type=kind, help=text, **attributes)


def _counted(names: list[str], step: int, text: str) -> click.Option:
    def count(ctx: click.Context, _param: click.Parameter, value: int) -> None:
        ctx.ensure_object(Invocation).verbosity += step * value

    return click.Option(names, count=True, expose_value=False, callback=count, help=text)


def command(name: str, *, answers: bool = True, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """``@command("list")``: click.command for a :class:`Command` that is handed its Invocation."""

    def decorate(function: Callable[..., Any]) -> Command:
        made = click.command(name, cls=Command, answers=answers, **attributes)(click.pass_obj(function))
        assert isinstance(made, Command)
        return made

    return decorate
