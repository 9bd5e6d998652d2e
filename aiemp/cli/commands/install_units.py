"""``aiemp install-units`` and ``aiemp uninstall-units``: the plan handed over to systemd, and taken back."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.installing import (
    OTHER_WAYS,
    adoption_hints,
    asked_systemd_version,
    check_can_read,
    check_can_run,
    check_only_installation,
    check_unit_folder,
    check_who_asks,
    environment_of,
    find_installation,
    load_installed_plan,
    systemctl_of,
    who_asked_sudo,
)
from aiemp.cli.invocation import Invocation
from aiemp.cli.progress_line import progress_line
from aiemp.cli.screen import screen_of
from aiemp.cli.unit_changes import UnitsChanged, diff_lines
from aiemp.errors import AiempError
from aiemp.frozen import replace

if TYPE_CHECKING:
    from aiemp.plan import Plan
    from aiemp.systemd.changes import Changes
    from aiemp.systemd.install import Prepared

SCOPE = click.option(
    "--user/--system", "user", default=True, help="Your own systemd (default), or the machine's."
)
YES = click.option("--yes", "-y", is_flag=True, help="Do not ask before changing anything.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Only show what would change.")
DIFF = click.option("--diff", "in_full", is_flag=True, help="Show every line that changes.")


@command("install-units")
@SCOPE
@click.option(
    "--run-as", metavar="USER", help="With --system: whose employee it is (default: who uses sudo)."
)
@click.option("--now", is_flag=True, help="Start everything at once.")
@click.option("--linger", is_flag=True, help="With --user: run without a login, from boot on (loginctl).")
@DRY_RUN
@DIFF
@YES
def install_units(
    invocation: Invocation,
    user: bool,
    run_as: str | None,
    now: bool,
    linger: bool,
    dry_run: bool,
    in_full: bool,
    yes: bool,
) -> UnitsChanged:
    """Install the plan as systemd units.

    Writes only what changed, after systemd itself has checked it, and restarts only what changed. Run it
    again after every edit of aiemp.toml; it says "unchanged" when there is nothing to do. On a terminal it
    shows how the files change, and asks.
    """
    from aiemp.adoption import adopt_scripts
    from aiemp.mcp.approval import adopt_servers
    from aiemp.systemd.install import carry_out, prepare_install

    run_as = run_as if user or run_as else who_asked_sudo(os.environ)
    check_who_asks(user=user, run_as=run_as)
    environ = environment_of(run_as)
    version = asked_systemd_version(environ)
    plan = load_installed_plan(invocation, environ, user=user, run_as=run_as)
    found = find_installation(
        environ, user=user, run_as=run_as, config_file=plan.config_file, version=version
    )
    before = check_only_installation(plan, found, environ)
    unsafe = check_unit_folder(found)
    adopted = adoption_hints(plan, environ)
    systemctl = systemctl_of(environ, user=user)
    quiet = invocation.verbosity < 0
    with progress_line(quiet=quiet) as line:
        prepared = _reaching_systemd(
            lambda: prepare_install(plan, found, systemctl, environ, line.say), user=user
        )
    if run_as is not None and not prepared.is_unchanged:
        check_can_run(run_as, found.python)
        if plan.config_file is not None:
            check_can_read(run_as, plan.config_file)
    shown = _result(prepared, done=False, hints=(*unsafe, *before, *adopted), in_full=in_full)
    if dry_run or not _agreed(prepared, shown, yes=yes):
        return replace(shown, shows_diff=True, declined=not dry_run)
    if (
        run_as is None or plan.config_file is not None
    ):  # a folder that root makes in a home is of no use there
        adopt_scripts(plan.config_file, plan.vault, environ)
        adopt_servers(plan, environ)
    with _two_would_be_told(plan), progress_line(quiet=quiet) as line:
        carry_out(prepared, systemctl, start=now, say=line.say)
    if linger and user:
        _enable_linger(environ)
    hints = (*shown.hints, *_hints(prepared, user=user, now=now, environ=environ))
    return replace(shown, done=True, hints=hints)


@command("uninstall-units")
@SCOPE
@DRY_RUN
@DIFF
@YES
def uninstall_units(
    invocation: Invocation, user: bool, dry_run: bool, in_full: bool, yes: bool
) -> UnitsChanged:
    """Stop everything and remove the units.

    Removes what aiemp made, and nothing else: your own drop-ins, aiemp.toml and the vault stay. On a terminal
    it shows what goes and what stays, and asks.
    """
    from aiemp.systemd.install import carry_out, prepare_uninstall

    check_who_asks(user=user, run_as=None if user else "root")
    environ = environment_of(None)
    version = asked_systemd_version(environ)
    found = find_installation(
        environ, user=user, run_as=None if user else "root", config_file=None, version=version
    )
    systemctl = systemctl_of(environ, user=user)
    stays = _what_stays(found.unit_folder, environ)
    prepared = _reaching_systemd(lambda: prepare_uninstall(found, systemctl, environ), user=user)
    shown = replace(_result(prepared, done=False, in_full=in_full), stays=stays)
    if dry_run or not _agreed(prepared, shown, yes=yes):
        return replace(shown, shows_diff=True, declined=not dry_run)
    with progress_line(quiet=invocation.verbosity < 0) as line:
        carry_out(prepared, systemctl, say=line.say)
    if prepared.is_unchanged and user and not shown.hints:
        shown = replace(shown, hints=_elsewhere(environ))
    return replace(shown, done=True)


@contextlib.contextmanager
def _two_would_be_told(plan: Plan) -> Iterator[None]:
    """An orchestrator that does not start because an `aiemp run` has the vault: that is said, with how to end it."""
    from aiemp.locks import probe
    from aiemp.places import Places

    try:
        yield
    except AiempError as error:
        holder = probe(Places(plan.vault).orchestrator_lock)
        if holder is None or not holder.owner.startswith("local "):
            raise
        raise AiempError(
            f"everything is installed, but `aiemp run` (pid {holder.pid}) has the vault, and one is enough, so the "
            "orchestrator of systemd did not start; how to end the other: aiemp doctor second-supervisor"
        ) from error


def _elsewhere(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Where units are that this manager has not: who asked may have meant those."""
    from aiemp.process import find_program
    from aiemp.systemd.installed import find_installed

    program = find_program("aiemp", environ) or "aiemp"
    return tuple(
        f"The machine's systemd has units, in {units.folder}: sudo {program} uninstall-units --system"
        for units in find_installed(environ)
        if units.is_system
    )


def _what_stays(folder: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What an uninstallation leaves: drop-ins, the configuration, the vault."""
    from aiemp.systemd.installed import find_installed
    from aiemp.systemd.names import is_ours

    try:
        drop_ins = sorted(
            str(path) for path in folder.iterdir() if path.suffix == ".d" and is_ours(path.stem)
        )
    except OSError:
        drop_ins = []
    units = next((units for units in find_installed(environ) if units.folder == folder), None)
    if units is None:
        return tuple(drop_ins)
    kept = (units.config_file, units.vault)
    return (*drop_ins, *(str(path) for path in kept if path is not None))


def _reaching_systemd(prepare: Any, *, user: bool) -> Prepared:
    from aiemp.systemd.installed import is_booted
    from aiemp.systemd.systemctl import NoSystemd

    try:
        prepared: Prepared = prepare()
    except NoSystemd as error:
        remedy = ""
        if user and is_booted():
            remedy = (
                "Your own systemd runs while you are logged in, and always after "
                f"`sudo loginctl enable-linger {_user_name()}`. "
            )
        raise AiempError(f"{error}. Nothing was installed. {remedy}{OTHER_WAYS}") from error
    return prepared


def _agreed(prepared: Prepared, shown: UnitsChanged, *, yes: bool) -> bool:
    """Whether to go on: shows it and asks on a terminal, unless told not to or there is nothing to do."""
    if yes or prepared.is_unchanged or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    from aiemp.cli.output import note, page

    screen = screen_of(sys.stderr, os.environ)
    if shown.in_full:
        page("\n".join(diff_lines(shown.diffs, screen, in_full=True)))
        shown = replace(shown, diffs=())
    note(replace(shown, shows_diff=True).as_text(screen), is_painted=True)
    return click.confirm("Change this?", default=True, err=True)


def _result(
    prepared: Prepared, *, done: bool, hints: tuple[str, ...] = (), in_full: bool = False
) -> UnitsChanged:
    from aiemp.systemd.unit_diff import unit_diffs

    found: Changes = prepared.changes
    return UnitsChanged(
        scope=prepared.installation.scope.value,
        folder=str(prepared.installation.unit_folder),
        written=tuple(unit.name for unit in found.write),
        removed=found.remove,
        unchanged=found.unchanged,
        restarted=prepared.restart if prepared.active else (),
        started=prepared.start if prepared.active and prepared.wanted else (),
        rescheduled=found.rescheduled,
        done=done,
        hints=hints,
        diffs=unit_diffs(found, prepared.present, prepared.installation.unit_folder),
        in_full=in_full,
    )


def _hints(prepared: Prepared, *, user: bool, now: bool, environ: Mapping[str, str]) -> tuple[str, ...]:
    hints = []
    option = "--user " if user else ""
    down = [unit for unit in prepared.down if not unit.startswith("aiemp-task-")]
    if down and prepared.active:
        hints.append(f"Not running: {', '.join(down)}; `aiemp doctor` says what to do")
    if not now and not prepared.active:
        hints.append(f"Next: systemctl {option}start aiemp.target")
    if user and not _lingers(environ):
        hints.append("It stops when you log out; `aiemp install-units --linger` keeps it running.")
    return tuple(hints)


def _user_name() -> str:
    import getpass

    return getpass.getuser()


def _lingers(environ: Mapping[str, str]) -> bool:
    """Whether the user's manager runs without a login: logind keeps a file for it (loginctl(1))."""
    del environ
    return Path("/var/lib/systemd/linger", _user_name()).exists()


def _enable_linger(environ: Mapping[str, str]) -> None:
    import subprocess

    if _lingers(environ):
        return
    done = subprocess.run(
        ["loginctl", "enable-linger", _user_name()],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AiempError(
            f"the units are installed, but lingering could not be enabled: {done.stderr.strip()}; "
            f"run: sudo loginctl enable-linger {_user_name()}"
        )
