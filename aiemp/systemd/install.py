"""Installing units: the steps around writing unit files, in an order that can be cut off.

render → compare → verify → write → stop and remove what goes → daemon-reload → enable → restart what changed →
start what is new. Nothing is written unless systemd-analyze has nothing to say; when writing fails half-way, what
was there before is put back, and nothing has been stopped yet. An installation that was killed or failed half-way
is made whole by the next one, which asks systemd what still runs by an older file and what does not run at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from aiemp.errors import AiempError
from aiemp.frozen import field, frozen
from aiemp.plan import Plan
from aiemp.systemd.changes import Changes, changes, is_startable
from aiemp.systemd.command_lines import journal_argv, systemctl_line
from aiemp.systemd.installation import Installation
from aiemp.systemd.names import NOT_STARTED, ORCHESTRATOR, TARGET, watcher_of
from aiemp.systemd.systemctl import JOB_PATIENCE_S, Systemctl, SystemctlFailed, exact_time
from aiemp.systemd.unit_folder import present_units, remove_units, write_units
from aiemp.systemd.units import UnitFile, render
from aiemp.systemd.verify import verify

SHOWN = (
    "UnitFileState",
    "ActiveState",
    "SubState",
    "NeedDaemonReload",
    "MainPID",
    "ExecMainStartTimestamp",
    "ExecMainStatus",
)
PLAIN_PATH = re.compile(r"[\w./@+-]+", re.ASCII)
"""A path that systemctl prints as it is."""


Say = Callable[[str], None]
"""Is told each step that may take long."""


def in_silence(_step: str) -> None:
    """Nobody looks."""


def is_long_running(unit: str) -> bool:
    """Whether what runs in ``unit`` goes on with what it was started with, until it is restarted."""
    return unit == ORCHESTRATOR or watcher_of(unit) is not None


@frozen
class Prepared:
    """What an installation would do, before anything is done. ``enabled`` and ``active``: the target now.

    ``wanted``: whether there is to be a target at all, or everything of ours goes. ``stale``: units whose
    files are as they should be and that systemd has not read since, as after an installation that was killed.
    ``restart`` and ``start``: what is to be restarted if it runs, and started if the target is active, for the
    changes and for what an earlier installation left undone. ``down``: what fails at each start.
    ``present``: the texts of the files that are there.
    """

    installation: Installation
    changes: Changes
    wanted: bool
    enabled: bool
    active: bool
    stale: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    present: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_unchanged(self) -> bool:
        """Whether there is nothing to write, remove, enable, restart or start."""
        left_undone = self.stale or self.restart or (self.active and self.start)
        return not (self.changes.reload or left_undone) and (self.enabled or not self.wanted)


def prepare_install(
    plan: Plan,
    installation: Installation,
    systemctl: Systemctl,
    environ: Mapping[str, str],
    say: Say = in_silence,
) -> Prepared:
    """Find out what is to be done. Raises AiempError, and then nothing has been done: for files of our names
    that are not ours, and for what systemd-analyze says."""
    return _prepare(render(plan, installation), installation, systemctl, environ, say)


def prepare_uninstall(
    installation: Installation, systemctl: Systemctl, environ: Mapping[str, str]
) -> Prepared:
    """Find out what there is to take away: everything of ours."""
    return _prepare((), installation, systemctl, environ)


def carry_out(
    prepared: Prepared, systemctl: Systemctl, *, start: bool = False, say: Say = in_silence
) -> None:
    """Do it. ``start``: start the target at the end (``--now``). Raises AiempError; see the module."""
    wanted = prepared.changes
    folder = prepared.installation.unit_folder
    stoppable = [unit for unit in wanted.stop if "@." not in unit]  # a template itself never runs
    say("writing the units, and stopping what goes")
    write_units(folder, wanted.write, kept=_left_running(wanted))
    systemctl.stop(*stoppable)
    if TARGET in wanted.stop and prepared.enabled:
        systemctl.disable(TARGET)
    for timer in wanted.clean:
        # A stamp that stays would make the timer fire at once when it is installed again one day.
        _clean(systemctl, "state", timer)
    if ORCHESTRATOR in wanted.stop and prepared.installation.is_system:
        _clean(systemctl, "runtime,cache", ORCHESTRATOR)  # /run/aiemp and /var/cache/aiemp, for all of them
    remove_units(folder, wanted.remove)
    if wanted.reload or prepared.stale:
        say("systemd reads its units")
        systemctl.daemon_reload()
    if wanted.remove:
        with contextlib.suppress(SystemctlFailed):
            systemctl.reset_failed(*wanted.remove)
    if not prepared.wanted:
        return
    if not prepared.enabled:
        systemctl.enable(TARGET)
    failures: list[SystemctlFailed] = []
    say("restarting what changed, and starting what is new")
    with _collected(failures):
        systemctl.try_restart(*prepared.restart)
    if start and not failures:
        _start(systemctl)
    elif start or prepared.active:
        with _collected(failures):
            systemctl.start(*([TARGET] if start else prepared.start), patience_s=JOB_PATIENCE_S)
    if failures:
        raise _not_running(failures, (*prepared.restart, *prepared.start), systemctl) from failures[0]


@contextlib.contextmanager
def _collected(failures: list[SystemctlFailed]) -> Iterator[None]:
    """One unit that does not come up must not keep the others down."""
    try:
        yield
    except SystemctlFailed as error:
        failures.append(error)


def _not_running(
    failures: Sequence[SystemctlFailed], units: Sequence[str], systemctl: Systemctl
) -> AiempError:
    """What to say when some of ``units`` did not come up. systemctl itself names only the first, without why."""
    shown = systemctl.show(units, ("ActiveState", "SubState", "Result"))
    down = {unit: state for unit, state in shown.items() if _is_down(state)}
    if not down:
        return AiempError(
            f"everything is installed, but not all was started: {'; '.join(map(str, failures))}"
        )
    named = ", ".join(f"{unit} ({state.get('Result', 'failed')})" for unit, state in down.items())
    lines = "; ".join(shlex.join(journal_argv(systemctl.scope, unit, 20)) for unit in down)
    # The commonest reason, and the journal has it too.
    hint = " (is `aiemp run` keeping this vault?)" if ORCHESTRATOR in down else ""
    return AiempError(f"everything is installed, but this does not start: {named}{hint}; see why: {lines}")


def _start(systemctl: Systemctl) -> None:
    try:
        # Naming both tells whether the orchestrator really came up.
        systemctl.start(TARGET, ORCHESTRATOR, patience_s=JOB_PATIENCE_S)
    except SystemctlFailed as error:
        journal = shlex.join(journal_argv(systemctl.scope, ORCHESTRATOR, 20))
        raise AiempError(
            f"everything is installed, but the orchestrator did not start; see why: {journal}"
        ) from error


def _prepare(
    units: Sequence[UnitFile],
    installation: Installation,
    systemctl: Systemctl,
    environ: Mapping[str, str],
    say: Say = in_silence,
) -> Prepared:
    present = present_units(installation.unit_folder)
    wanted = changes(units, present)
    if wanted.foreign:
        _check_unmasked(wanted.foreign, installation)
        files = ", ".join(str(installation.unit_folder / name) for name in wanted.foreign)
        raise AiempError(
            f"not made by aiemp, so it stays and nothing was installed: {files}; move it away first"
        )
    if wanted.reload:
        _check_writable(installation.unit_folder)
    if wanted.write:
        say(f"systemd-analyze checks {len(units)} units")
        problems = verify(units, installation.scope, environ)
        if problems:
            raise AiempError(
                "systemd does not accept the units, so nothing was installed: " + "; ".join(problems)
            )
    if wanted.write or not units:
        _check_is_looked_at(installation.unit_folder, systemctl)
    looked_at = [TARGET, *(unit.name for unit in units if unit.name != TARGET and "@." not in unit.name)]
    shown = systemctl.show(looked_at, SHOWN, exact_times=True)
    stale = tuple(name for name in wanted.unchanged if shown.get(name, {}).get("NeedDaemonReload") == "yes")
    outdated = (
        name
        for name in wanted.unchanged
        if is_long_running(name)
        and (name in stale or _is_older(shown.get(name, {}), installation.unit_folder / name))
    )
    ended = (name for name in wanted.unchanged if _is_to_be_started(name, shown.get(name, {})))
    return Prepared(
        installation,
        wanted,
        wanted=bool(units),
        enabled=shown[TARGET].get("UnitFileState") == "enabled",
        active=shown[TARGET].get("ActiveState") == "active",
        stale=stale,
        restart=(*wanted.restart, *outdated),
        start=(*wanted.start, *ended),
        down=tuple(name for name in wanted.unchanged if _is_down(shown.get(name, {}))),
        present=present,
    )


def _is_older(state: Mapping[str, str], file: Path) -> bool:
    """Whether what runs was started before its unit file was written: the restart is still to come."""
    started = exact_time(state.get("ExecMainStartTimestamp", ""))
    if started is None or state.get("MainPID", "0") == "0":
        return False
    try:
        return started.timestamp() < file.stat().st_mtime
    except OSError:
        return False


def _is_to_be_started(unit: str, state: Mapping[str, str]) -> bool:
    """Whether ``unit`` should run while the target does and was never started, or stopped and not started again.

    Not what systemd gave up ("failed"), nor a watcher that says itself that it is not to run, nor the
    orchestrator: somebody stopped it, as for `aiemp run`.
    """
    if unit == ORCHESTRATOR or not is_startable(unit) or state.get("ActiveState") != "inactive":
        return False
    return state.get("ExecMainStatus", "0") != str(NOT_STARTED)


def _is_down(state: Mapping[str, str]) -> bool:
    """Whether systemd has given a unit up, or is about to try once more."""
    return state.get("ActiveState") == "failed" or state.get("SubState") == "auto-restart"


def _left_running(wanted: Changes) -> frozenset[str]:
    """What goes on although its file is written anew: the first line alone differs, after an upgrade."""
    return frozenset(
        unit.name for unit in wanted.write if is_long_running(unit.name) and unit.name not in wanted.restart
    )


def _check_unmasked(units: Sequence[str], installation: Installation) -> None:
    """Raise AiempError for what the user has masked, which is a link to /dev/null in our file's place."""
    masked = [unit for unit in units if _is_mask(installation.unit_folder / unit)]
    if masked:
        line = systemctl_line(installation.scope, "unmask", *masked)
        raise AiempError(
            f"masked, so nothing was installed: {', '.join(masked)}; run: {line}; to have it never run, disable "
            "it in aiemp.toml (enabled = false)"
        )


def _is_mask(path: Path) -> bool:
    return path.is_symlink() and os.path.realpath(path) == os.devnull


def _clean(systemctl: Systemctl, what: str, unit: str) -> None:
    with contextlib.suppress(SystemctlFailed):  # there is none of that, if it never ran
        systemctl.clean(what, unit)


def _check_writable(folder: Path) -> None:
    """Raise AiempError where nothing can be written, before anything is stopped for it."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise AiempError(
            f"{folder}: no unit can be written there, so nothing was changed; mend the access to {nearest}"
        )


def _check_is_looked_at(folder: Path, systemctl: Systemctl) -> None:
    """Raise AiempError where systemd would not find the units: this shell's XDG_CONFIG_HOME is not its own."""
    if PLAIN_PATH.fullmatch(str(folder)) and str(folder) not in systemctl.unit_path().split():
        raise AiempError(
            f"your systemd does not look for units in {folder}, so nothing was changed; XDG_CONFIG_HOME is "
            "set in this shell alone: unset it, or set it for systemd too (environment.d(5))"
        )
