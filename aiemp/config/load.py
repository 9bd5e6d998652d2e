"""``aiemp.toml``, the environment and a look at the vault, made into a Plan; or every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aiemp.config.document import Document, printable
from aiemp.config.dry_run import UNDECIDED, decide_dry_run, dotenv_complaint
from aiemp.config.locate import config_to_read, vault_folder
from aiemp.config.mcp_servers import planned_servers
from aiemp.config.names import clash_key
from aiemp.config.reading import others_may_write_vault
from aiemp.config.settings import Settings
from aiemp.config.source import Source, read_config
from aiemp.config.watcher_settings import UnknownWatcher, WatcherSettings
from aiemp.config.zones import machine_zone
from aiemp.errors import ConfigError, UsageError
from aiemp.frozen import replace
from aiemp.plan import DryRun, Origin, Plan, Watcher

PlannedWatchers = Callable[[Sequence[WatcherSettings], Path], tuple[Watcher, ...]]


def load_plan(
    *,
    config: Path | None = None,
    vault: Path | None = None,
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    system: bool = False,
    owner: int | None = None,
    planned_watchers: PlannedWatchers | None = None,
    adopting: bool = False,
) -> Plan:
    """The plan that this configuration asks for. The vault need not exist.

    ``config`` and ``vault`` are what ``--config`` and ``--vault`` name, ``dry_run`` is ``--dry-run``.
    ``system``: for the whole machine, from ``/etc/aiemp/aiemp.toml``; a file that others can write, also the
    vault's ``.env``, is refused there, while a user is warned. ``owner``: the user who runs everything, when
    that is not this process's; the file may be his. ``environ`` and ``cwd`` default to the process's.
    ``planned_watchers`` merges what the file says with the built-in and the discovered watchers; None: the
    watchers' registry.
    ``adopting``: what appeared in the vault is taken as adopted, since the caller is about to note that.

    Raises ConfigError with all mistakes, each ``file:line: what; what to do``.
    """
    environ = os.environ if environ is None else environ
    cwd = _current_folder() if cwd is None else cwd
    file = config_to_read(config, environ, system=system, cwd=cwd)
    source = read_config(file, environ, required=config is not None, owner=owner)
    settings = source.settings
    mistakes: list[str] = []
    warnings: list[str] = []
    unsafe = [f"{printable(file)} {reason}" for reason in source.others_may_write]
    (mistakes if system else warnings).extend(unsafe)

    unnamed: list[str] = []
    folder = _vault(vault, environ, source, cwd, unnamed)
    of_vault: list[str] = []
    decision = _dry_run(dry_run, environ, source, folder, mistakes, of_vault)
    watchers: tuple[Watcher, ...] = ()
    if folder is not None:
        if source.exists and lies_in(file, folder):
            inside = f"{printable(file)} lies inside the vault, where Claude can change it; move it out"
            if config is None:
                mistakes.append(f"{inside}, or name it with --config")
            else:
                warnings.append(inside)
        user = os.getuid() if owner is None else owner
        unsafe = [f"the vault {printable(folder)} {why}" for why in others_may_write_vault(folder, user)]
        (mistakes if system else warnings).extend(unsafe)
        if system:
            from aiemp.environment import others_may_write_dotenv  # noqa: PLC0415 - often not needed

            mistakes += others_may_write_dotenv(folder, user)  # a user is warned when it is used
        new: list[Path] = []
        merge = planned_watchers or _registry(file if source.exists else None, folder, environ, new, adopting)
        watchers = _watchers(settings, folder, source.document, warnings, merge)
        warnings += _told_of_new(new, watchers)
    found = source.document.mistakes()
    # That no vault is named follows from how its key is spelt, where that is one of the mistakes.
    is_misspelt = any("did you mean `vault`" in mistake for mistake in found)
    mistakes = [*([] if is_misspelt else unnamed), *mistakes, *found]
    if folder is None or mistakes:
        raise ConfigError(mistakes)

    servers, server_warnings = planned_servers(settings.mcp, folder)
    # Of a vault that is shut nothing can be read, which is told by whoever needs it: as one thing.
    warnings += [*of_vault, *server_warnings] if not folder.is_dir() or os.access(folder, os.X_OK) else []
    zone = settings.zone
    if zone is None:
        zone, zone_warning = machine_zone(environ)
        warnings += [zone_warning] if zone_warning else []
    return Plan(
        vault=folder,
        tasks=settings.tasks,
        watchers=watchers,
        mcp_servers=servers,
        zone=zone,
        zone_name=settings.timezone,
        claude=settings.claude,
        alert_command=settings.alerts.command,
        tell_resolved=settings.alerts.tell_resolved,
        timeline=settings.timeline,
        pings=settings.alerts.pings,
        limits=settings.limits,
        dry_run=decision,
        config_file=file if source.exists else None,
        warnings=tuple(warnings),
    )


def _vault(
    explicit: Path | None, environ: Mapping[str, str], source: Source, cwd: Path | None, mistakes: list[str]
) -> Path | None:
    try:
        return vault_folder(explicit, environ, source.settings.vault, cwd)
    except UsageError as error:
        if not source.names_vault or explicit is not None:
            mistakes.append(str(error))
        return None


def _dry_run(
    flag: bool,
    environ: Mapping[str, str],
    source: Source,
    vault: Path | None,
    mistakes: list[str],
    warnings: list[str],
) -> DryRun:
    """Who decides; the vault's ``.env`` is opened only when nothing stronger does."""
    value, wanted, name = environ.get("DRY_RUN"), source.settings.dry_run, str(source.file)
    try:
        decision = decide_dry_run(flag, value, wanted, None, config_name=name)
    except UsageError as error:
        mistakes.append(str(error))
        return UNDECIDED
    if decision != UNDECIDED or vault is None:
        return decision
    from aiemp.environment import vault_dry_run  # noqa: PLC0415 - often not needed

    word, problems = vault_dry_run(vault)
    complaint = dotenv_complaint(word)
    warnings += [*problems, *([complaint] if complaint else [])]
    return decide_dry_run(flag, value, wanted, word, config_name=name)


def _watchers(
    settings: Settings, vault: Path, document: Document, warnings: list[str], merge: PlannedWatchers
) -> tuple[Watcher, ...]:
    """The merged watchers; a table that adjusts nothing, or takes another's name, goes to ``document``.

    While the vault is missing its own watchers are not to be found, which is no mistake of the file.
    """
    tables = {
        table.name: table if table.cwd is None else replace(table, cwd=vault / table.cwd)
        for table in settings.watchers
    }
    vault_is_there = vault.is_dir()
    while True:
        try:
            watchers = merge(tuple(tables.values()), vault)
            break
        except UnknownWatcher as error:
            table = tables.pop(error.name)
            if vault_is_there:
                document.mistake_in_line(table.line, error.message)
            else:
                warnings.append(f"{printable(vault)} is not there, so {error.message}")
    spellings: dict[str, str] = {}
    for watcher in sorted(watchers, key=lambda watcher: watcher.name in tables):
        other = spellings.setdefault(clash_key(watcher.name), watcher.name)
        if other != watcher.name and watcher.name in tables:
            message = (
                f"the name {watcher.name} differs from the watcher {other} only in capitals or `-` and `_`"
            )
            document.mistake_in_line(tables[watcher.name].line, f"{message}; spell it so, or rename it")
    return watchers


def _registry(
    config: Path | None, vault: Path, environ: Mapping[str, str], new: list[Path], adopting: bool
) -> PlannedWatchers:
    """The registry. The scripts that nobody has adopted go to ``new``."""
    from aiemp.adoption import adopted_scripts, is_adopted, script_of  # noqa: PLC0415 - they import this package
    from aiemp.watchers.discovery import python_kind  # noqa: PLC0415
    from aiemp.watchers.registry import planned_watchers  # noqa: PLC0415

    def may_run(watcher: Watcher) -> bool:
        if adopting or is_adopted(watcher.name, python_kind(vault), adopted_scripts(config, vault, environ)):
            return True
        new.append(script_of(vault, watcher.name))
        return False

    return lambda settings, folder: planned_watchers(settings, folder, may_run=may_run)


def _told_of_new(scripts: Sequence[Path], watchers: Sequence[Watcher]) -> list[str]:
    """What is to be told of new scripts that no watcher of the plan stands for: a built-in one has their name."""
    built_in = {watcher.name for watcher in watchers if watcher.origin is Origin.BUILT_IN}
    return [
        f"{printable(script)} is new in the vault, and nobody has adopted it, so the built-in watcher goes on; "
        "look at it, then run it from now on: aiemp init (or install-units)"
        for script in dict.fromkeys(scripts)
        if script.name.removesuffix("_watcher.py") in built_in
    ]


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def lies_in(file: Path, folder: Path) -> bool:
    """Whether ``file``, which need not exist, lies below ``folder``, all links resolved."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links; whoever opens the vault says so
        return False
