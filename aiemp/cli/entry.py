"""One call of ``aiemp``, from its arguments to its exit status (cli.md, "Exit")."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from aiemp.cli import cli
from aiemp.cli.invocation import Invocation
from aiemp.cli.output import close_quietly, note, prepare_streams, show
from aiemp.errors import AiempError, ConfigError

if TYPE_CHECKING:
    from aiemp.cli.output import Answer

INTERRUPTED = 130
TRACEBACKS = 2
"""So often -v has to be said before a traceback is shown."""
COMPLETION_VARIABLE = "_AIEMP_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Run one command line; prints its answer, or what went wrong, and returns the exit status."""
    prepare_streams()
    invocation = Invocation()
    status = _run(arguments, invocation)
    if invocation.failure_pause_s and status not in (0, INTERRUPTED):
        time.sleep(invocation.failure_pause_s)  # a signal ends it
    return status


def _run(arguments: Sequence[str], invocation: Invocation) -> int:  # noqa: PLR0911 - one for each way to end
    if COMPLETION_VARIABLE in os.environ:
        return _complete(invocation)
    try:
        with cli.make_context("aiemp", list(arguments), obj=invocation) as context:
            answer: Answer | None = cli.invoke(context)
            if answer is None:
                return 0
            show(answer, as_json=invocation.json, pasted=invocation.pasted)
            return answer.exit_code
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        close_quietly()
        return 0
    except click.ClickException as mistake:
        note(_click_message(mistake))
        return mistake.exit_code
    except AiempError as error:
        note(invocation.pasted(_message(error)))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last one to understand it
        note(_unexpected(error, invocation.verbosity))
        return 1


def _complete(invocation: Invocation) -> int:
    """Answer a shell that completes a line. Whatever goes wrong, nothing is written into that line."""
    try:
        cli.main(prog_name="aiemp", complete_var=COMPLETION_VARIABLE, obj=invocation, standalone_mode=False)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except BaseException:  # noqa: BLE001 - see above
        return 1
    return 0


def _click_message(mistake: click.ClickException) -> str:
    context = getattr(mistake, "ctx", None)
    if isinstance(mistake, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        return mistake.format_message()
    where = context.command_path if context else "aiemp"
    return f"aiemp: {mistake.format_message()}\nRun `{where} --help` to see how it is used."


def _message(error: AiempError) -> str:
    if isinstance(error, ConfigError) and len(error.mistakes) > 1:
        mistakes = "\n".join(f"  {mistake}" for mistake in error.mistakes)
        return (
            f"aiemp: the configuration has {len(error.mistakes)} mistakes, so nothing was done:\n{mistakes}"
        )
    return f"aiemp: {error}"


def _unexpected(error: Exception, verbosity: int) -> str:
    from aiemp.unforeseen import in_words, whole

    said = f"aiemp: {in_words(error)}"
    return f"{said}\n{whole(error)}" if verbosity >= TRACEBACKS else said
