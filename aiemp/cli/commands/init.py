"""``aiemp init``: a vault, and a configuration that names it. Never overwrites anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiemp.cli.command import PathType, command
from aiemp.cli.init_answers import (
    Answers,
    ask_name,
    ask_settings,
    check_as_configured,
    check_places,
    check_watchers,
    checked_time,
    checked_zone,
    may_ask,
    owner_name,
    with_defaults,
)
from aiemp.cli.init_result import Initialised
from aiemp.cli.invocation import Invocation
from aiemp.cli.names import completing, watcher_names
from aiemp.frozen import replace
from aiemp.plan import Origin

if TYPE_CHECKING:
    from aiemp.plan import Plan, Watcher
    from aiemp.predecessors import Predecessor
    from aiemp.vault.survey import Survey

NEW_VAULT = Path("vault")
PRIVATE_FILE = 0o600


@command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=PathType())
@click.option("--name", metavar="NAME", help="Your name, for the handbook of a new vault.")
@click.option("--timezone", metavar="ZONE", help="The zone of all times, like Europe/Berlin.")
@click.option("--morning", metavar="HH:MM", help="When the morning triage runs.")
@click.option(
    "--watcher",
    "only",
    metavar="NAME",
    multiple=True,
    shell_complete=completing(watcher_names),
    help="Run only this watcher; again for more.",
)
@click.option(
    "--no-watcher",
    "without",
    metavar="NAME",
    multiple=True,
    shell_complete=completing(watcher_names),
    help="Do not run this watcher.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask; what is not said has its default.")
def init(
    invocation: Invocation,
    folder: Path | None,
    name: str | None,
    timezone: str | None,
    morning: str | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    yes: bool,
) -> Initialised:
    """Make a vault and its configuration.

    DIR gets the folders, Dashboard.md and the other first files; a commented aiemp.toml is written. A vault
    that is there keeps all it has; only what is missing is added. Without DIR it is the vault that --vault
    or VAULT_PATH names, else the current folder if it is a vault, else the configured vault, else ./vault.

    On a terminal it asks for what the options do not say. It tells what of the vault is adopted, and what has
    run it until now (cron, PM2, APScheduler), with the command that switches that off.
    """
    from aiemp.adoption import adopt_scripts
    from aiemp.config.load import load_plan
    from aiemp.config.locate import config_file
    from aiemp.config.schema_file import write_schema
    from aiemp.config.source import read_config
    from aiemp.locks import probe
    from aiemp.mcp.approval import adopt_servers
    from aiemp.places import Places
    from aiemp.redaction import put_in_force, redactor_of
    from aiemp.vault.scaffold import scaffold
    from aiemp.vault.survey import survey

    answers = Answers(
        name=None if name is None else owner_name(name),
        timezone=None if timezone is None else checked_zone(timezone),
        morning=None if morning is None else checked_time(morning),
        only=only,
        without=without,
    )
    file = config_file(invocation.config, os.environ)
    source = read_config(file, os.environ, required=False)
    vault = _vault_to_make(folder, invocation, source.settings.vault)
    watchers = _watchers(vault)
    if source.exists:
        # Its mistakes are told before anything is made.
        plan = load_plan(config=invocation.config, vault=vault)
        watchers = plan.watchers
        check_watchers(answers, watchers)
        check_as_configured(answers, source.settings, plan, file)
    check_watchers(answers, watchers)
    check_places(vault, file, is_new_config=not source.exists, is_named=invocation.config is not None)
    seen = survey(vault)
    if may_ask(yes=yes, as_json=invocation.json) and (seen.lacks_handbook or not source.exists):
        _tell(invocation, vault, file, seen, watchers, is_new_config=not source.exists)
        answers = ask_name(answers) if seen.lacks_handbook else answers
        answers = answers if source.exists else ask_settings(answers, watchers)
    answers = with_defaults(answers)
    made = scaffold(vault, answers.name or "")
    created = not source.exists and _write_config(file, vault, answers, watchers)
    write_schema(file, only_renew=not created)
    adopt_scripts(file, vault, os.environ)
    plan = load_plan(config=invocation.config, vault=vault)
    put_in_force(redactor_of(plan, os.environ))
    adopt_servers(plan, os.environ)
    return Initialised(
        vault=vault,
        created=made.created,
        kept=made.kept,
        config_file=file,
        config_created=created,
        other_vault=None if created else _other_vault(source.settings.vault, vault),
        watchers=_adopted(tuple(watcher for watcher in plan.watchers if watcher.enabled)),
        last_runs=_last_runs(plan),
        warnings=(*_around(vault), *plan.warnings),
        layout=seen.layout,
        mcp_servers=tuple(server.name for server in plan.mcp_servers if server.from_vault),
        disabled=tuple(watcher.name for watcher in plan.watchers if not watcher.enabled),
        predecessors=_predecessors(invocation, vault) if seen.is_vault else (),
        can_install=_can_install(),
        is_running=probe(Places(vault).orchestrator_lock) is not None,
        call=replace(invocation.call, vault=None),  # the configuration names it, or the advice does
    )


def _tell(
    invocation: Invocation,
    vault: Path,
    file: Path,
    seen: Survey,
    watchers: tuple[Watcher, ...],
    *,
    is_new_config: bool,
) -> None:
    """What is about to happen, above the questions."""
    if seen.is_vault:
        invocation.note(f"{vault} is a vault already; all it has stays as it is.")
        if seen.layout:
            invocation.note(f"  layout: {'; '.join(seen.layout)}")
        if _adopted(watchers):
            invocation.note(f"  its own watchers will be adopted: {', '.join(_adopted(watchers))}")
        if (vault / ".mcp.json").exists():
            invocation.note("  the MCP servers of its .mcp.json will be adopted")
    else:
        invocation.note(f"A new vault in {vault}.")
    for warning in _around(vault):
        invocation.note(f"  warning: {warning}")
    if is_new_config:
        invocation.note(f"Its configuration will be {file}; Enter takes what stands in brackets.")


def _vault_to_make(folder: Path | None, invocation: Invocation, configured: Path | None) -> Path:
    """The absolute path of the vault that is meant. Who stands in a vault means that one, even when the
    configuration names another."""
    from aiemp.config.locate import looks_like_vault, vault_folder
    from aiemp.errors import UsageError

    if folder is not None and invocation.vault is not None:
        raise UsageError("DIR and --vault name the vault twice; give one of them")
    try:
        cwd = Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder is gone; change into another one first") from None
    unnamed = cwd if looks_like_vault(cwd) else configured or NEW_VAULT
    return vault_folder(folder or invocation.vault, os.environ, unnamed, cwd)


def _write_config(file: Path, vault: Path, answers: Answers, watchers: tuple[Watcher, ...]) -> bool:
    """Write a new configuration. False when somebody else made one meanwhile."""
    from aiemp.config.template import commented_config
    from aiemp.durable import PRIVATE_FOLDER, make_folders
    from aiemp.errors import AiempError
    from aiemp.vault.moves import make_exclusively

    text = commented_config(vault, answers.timezone, answers.choices(watchers))
    try:
        make_folders(file.parent, mode=PRIVATE_FOLDER)
        make_exclusively(file, text.encode())
    except FileExistsError:
        return False
    except OSError as error:
        raise AiempError(
            f"{file} cannot be made ({error.strerror}); name another place with --config"
        ) from error
    return True


def _around(vault: Path) -> tuple[str, ...]:
    """A warning where the vault lies in another one: who works there would take its files for his own."""
    from aiemp.config.locate import looks_like_vault

    outer = next((parent for parent in vault.parents if looks_like_vault(parent)), None)
    return (
        () if outer is None else (f"{vault} lies inside another vault, {outer}; make it a folder of its own",)
    )


def _watchers(vault: Path) -> tuple[Watcher, ...]:
    """Those there will be, without a configuration."""
    from aiemp.watchers.registry import planned_watchers

    return planned_watchers((), vault)


def _last_runs(plan: Plan) -> tuple[tuple[str, str, bool], ...]:
    """What the vault's state file knows, with which the ledger goes on: name, moment, whether it is a task."""
    from aiemp.cli.words import moment_in_words
    from aiemp.clock import utc_now
    from aiemp.ledger import Ledger

    now = utc_now()
    return tuple(
        (name, moment_in_words(record.last_run, now, plan.zone), plan.task(name) is not None)
        for name, record in Ledger(plan.vault).read().records.items()
        if record.last_run
    )


def _predecessors(invocation: Invocation, vault: Path) -> tuple[Predecessor, ...]:
    from aiemp.cli.progress_line import progress_line
    from aiemp.predecessors import find_predecessors

    with progress_line(quiet=invocation.verbosity < 0) as line:
        count = line.counter("looking for what has run this vault until now")
        return find_predecessors(vault, os.environ, lambda files: count(files, None))


def _can_install() -> bool:
    from aiemp.systemd.installed import is_booted

    return is_booted() and os.getuid() != 0


def _other_vault(configured: Path | None, vault: Path) -> str | None:
    if configured is None:
        return ""
    return None if configured.resolve() == vault.resolve() else str(configured)


def _adopted(watchers: tuple[Watcher, ...]) -> tuple[str, ...]:
    return tuple(watcher.name for watcher in watchers if watcher.origin is Origin.DISCOVERED)
