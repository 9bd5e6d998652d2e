"""``aiemp config edit``: the configuration in an editor; what has mistakes never counts."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen, screen_of, visible
from aiemp.cli.unit_update import check_right, outdated_units
from aiemp.errors import AiempError, ConfigError, UsageError
from aiemp.frozen import frozen

if TYPE_CHECKING:
    from aiemp.config.edit_copy import EditedCopy
    from aiemp.plan import Plan

EDITORS = ("editor", "nano", "vi")
"""What is tried when neither VISUAL nor EDITOR says. Debian's sensible-editor would ask a question first."""


@frozen
class Edited:
    """What became of the edit. ``follows`` says what takes it up, and what has to be done for that."""

    config_file: Path
    changed: bool
    backup: Path | None = None
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    tells_commands: bool = True

    @property
    def exit_code(self) -> int:
        return ConfigError.exit_code if self.mistakes else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "config_file": str(self.config_file),
            "changed": self.changed,
            "backup": str(self.backup) if self.backup else None,
            "mistakes": list(self.mistakes),
            "warnings": list(self.warnings),
            "outdated_units": list(self.outdated),
        }

    def as_text(self, screen: Screen) -> str:
        file = visible(str(self.config_file))
        lines = [screen.paint(visible(mistake), "bad") for mistake in self.mistakes]
        lines += [f"warning: {visible(warning)}" for warning in self.warnings]
        if self.changed:
            lines.append(f"{file}: {screen.paint('saved', 'good')}; as it was before: {self.backup}")
        else:
            lines.append(f"{file}: unchanged")
        return "\n".join([*lines, *self.follows])


@command("edit")
def edit(invocation: Invocation) -> Edited:
    """Edit the configuration.

    Opens VISUAL or EDITOR on a copy; it becomes the configuration only when it has no mistakes. On a terminal
    these are shown, and you go on editing or leave the file as it was. The text before is kept beside it, with
    `.bak` at its end.
    """
    from aiemp.config.edit_copy import ChangedMeanwhile, EditedCopy, other_copies
    from aiemp.config.locate import config_to_read
    from aiemp.config.schema_file import write_schema

    file = config_to_read(invocation.config, os.environ)
    if not file.exists():
        raise UsageError(f"{file} does not exist; `aiemp init` makes one, with every key in it as a comment")
    editor = editor_argv(os.environ)
    plan = _plan_or_none(invocation)
    if plan is not None:
        check_right(plan, file, ("config", "edit"))
    write_schema(file, only_renew=True)
    for other in other_copies(file):
        invocation.note(f"{other}: another edit, or one that was broken off; look at it, and remove it")
    copy = EditedCopy(file)
    is_kept = False
    try:
        mistakes = _edited_until_right(invocation, copy, editor)
        if mistakes or copy.text() == copy.before:
            return Edited(file, changed=False, mistakes=mistakes)
        is_kept = True  # what was typed is not lost to a full disk
        copy.save()
        is_kept = False
    except ChangedMeanwhile:
        is_kept = True
        raise
    finally:
        if not is_kept:
            copy.remove()
    try:
        plan = invocation.load_plan(warn=False)
    except ConfigError as error:  # something outside of the file
        return Edited(file, changed=True, backup=copy.backup, warnings=error.mistakes)
    outdated, follows = _what_follows(plan, file)
    return Edited(
        file, changed=True, backup=copy.backup, warnings=plan.warnings, outdated=outdated, follows=follows
    )


def editor_argv(environ: Mapping[str, str]) -> list[str]:
    """The editor's program and arguments, as VISUAL or EDITOR says them; no shell reads these.

    UsageError when it is not to be found.
    """
    from aiemp.process import find_program

    for name in ("VISUAL", "EDITOR"):
        if not environ.get(name, "").strip():
            continue
        try:
            argv = shlex.split(environ[name])
        except ValueError as error:
            raise UsageError(f"{name} is {environ[name]!r}, which cannot be understood: {error}") from error
        program = find_program(argv[0], environ)
        if program is None:
            raise UsageError(f"{name} names {argv[0]!r}, which is not on PATH; set it to an editor you have")
        return [str(program), *argv[1:]]
    for name in EDITORS:
        program = find_program(name, environ)
        if program is not None:
            return [str(program)]
    raise UsageError('no editor was found; name one: EDITOR="nano" aiemp config edit')


def _edited_until_right(invocation: Invocation, copy: EditedCopy, editor: Sequence[str]) -> tuple[str, ...]:
    """Open the editor, again after mistakes if the person wants that. Returns the mistakes that stayed."""
    from aiemp.cli.output import note
    from aiemp.config.load import load_plan
    from aiemp.config.locate import SYSTEM_CONFIG

    def load(config: Path) -> None:
        load_plan(config=config, vault=invocation.vault, system=copy.file == SYSTEM_CONFIG)

    while True:
        _open(editor, copy)
        if copy.text() == copy.before:
            return ()
        mistakes = copy.mistakes(load)
        if not mistakes or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return mistakes
        screen = screen_of(sys.stderr, os.environ)
        told = "\n".join(screen.paint(visible(mistake), "bad") for mistake in mistakes)
        note(told, is_painted=True)
        what = "This mistake keeps" if len(mistakes) == 1 else f"These {len(mistakes)} mistakes keep"
        if not click.confirm(f"{what} it from counting. Edit again?", default=True, err=True):
            note("Abandoned.")
            return mistakes


def _open(editor: Sequence[str], copy: EditedCopy) -> None:
    try:
        process = subprocess.Popen([*editor, str(copy.path)])
    except OSError as error:
        raise AiempError(
            f"{editor[0]} cannot be started ({error.strerror}); set EDITOR to another"
        ) from error
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the editor's, as long as it is there
    try:
        status = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if status != 0:
        raise AiempError(f"{shlex.join(editor)} ended with {status}, so {copy.file} is as it was")


def _plan_or_none(invocation: Invocation) -> Plan | None:
    """The plan as it is; None while the file has mistakes, which is what somebody edits it for."""
    try:
        return invocation.load_plan(warn=False)
    except UsageError:
        return None


def _what_follows(plan: Plan, file: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units that are outdated now, and what to say of what runs."""
    from aiemp.locks import probe
    from aiemp.places import Places

    try:
        found = outdated_units(plan, file)
    except AiempError as error:  # the edit itself was done
        return (), (f"Whether units have to follow cannot be told: {error}",)
    if found is None:
        is_running = probe(Places(plan.vault).orchestrator_lock) is not None
        said = "The aiemp that runs takes it up at its next tick." if is_running else "No aiemp runs now."
        return (), (said,)
    names, line = found
    if not names:
        return (), ("The installed units need no change; what runs takes it up at its next tick.",)
    return names, (f"Units that are not as it says now: {', '.join(names)}", f"Next: {line}")
