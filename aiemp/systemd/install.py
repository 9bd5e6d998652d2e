"""Installing units: the only writer of unit files, and the steps around it in an order that can be cut off.

render → compare → verify → write → daemon-reload → enable → restart what changed. Nothing is written unless
systemd-analyze has nothing to say; when writing fails half-way, what was there before is put back; an
installation that was killed half-way is made whole by the next one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiemp.durable import replace_file
from aiemp.errors import AiempError
from aiemp.plan import Plan
from aiemp.systemd.changes import Changes, changes
from aiemp.systemd.command_lines import journal_argv
from aiemp.systemd.installation import Installation
from aiemp.systemd.names import ORCHESTRATOR, TARGET, is_ours, watcher_of
from aiemp.systemd.systemctl import Systemctl, SystemctlFailed
from aiemp.systemd.units import UnitFile, render
from aiemp.systemd.verify import verify

log = logging.getLogger("aiemp.install")

UNIT_MODE = 0o644
PLAIN_PATH = re.compile(r"[\w./@+-]+", re.ASCII)
"""A path that systemctl prints as it is."""


def is_long_running(unit: str) -> bool:
    """Whether what runs in ``unit`` goes on with what it was started with, until it is restarted."""
    return unit == ORCHESTRATOR or watcher_of(unit) is not None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an installation would do, before anything is done. ``enabled`` and ``active``: the target now.

    ``wanted``: whether there is to be a target at all, or everything of ours goes. ``stale``: units whose
    files are as they should be and that systemd has not read since, as after an installation that was killed.
    """

    installation: Installation
    changes: Changes
    wanted: bool
    enabled: bool
    active: bool
    stale: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether there is nothing to write, remove or enable."""
        return not (self.changes.reload or self.stale) and (self.enabled or not self.wanted)


def prepare_install(
    plan: Plan, installation: Installation, systemctl: Systemctl, environ: Mapping[str, str]
) -> Prepared:
    """Find out what is to be done. Raises AiempError, and then nothing has been done: for files of our names
    that are not ours, and for what systemd-analyze says."""
    return _prepare(render(plan, installation), installation, systemctl, environ)


def prepare_uninstall(
    installation: Installation, systemctl: Systemctl, environ: Mapping[str, str]
) -> Prepared:
    """Find out what there is to take away: everything of ours."""
    return _prepare((), installation, systemctl, environ)


def carry_out(prepared: Prepared, systemctl: Systemctl, *, start: bool = False) -> None:
    """Do it. ``start``: start the target at the end (``--now``). Raises AiempError; see the module."""
    wanted = prepared.changes
    folder = prepared.installation.unit_folder
    stoppable = [unit for unit in wanted.stop if "@." not in unit]  # a template itself never runs
    systemctl.stop(*stoppable)
    if TARGET in wanted.stop and prepared.enabled:
        systemctl.disable(TARGET)
    for timer in wanted.clean:
        # A stamp that stays would make the timer fire at once when it is installed again one day.
        _clean(systemctl, "state", timer)
    if ORCHESTRATOR in wanted.stop and prepared.installation.is_system:
        _clean(systemctl, "runtime,cache", ORCHESTRATOR)  # /run/aiemp and /var/cache/aiemp, for all of them
    _write(folder, wanted.write, wanted.remove)
    if wanted.reload or prepared.stale:
        systemctl.daemon_reload()
    if wanted.remove:
        with contextlib.suppress(SystemctlFailed):
            systemctl.reset_failed(*wanted.remove)
    if not prepared.wanted:
        return
    if not prepared.enabled:
        systemctl.enable(TARGET)
    systemctl.try_restart(*wanted.restart, *filter(is_long_running, prepared.stale))
    if start:
        _start(systemctl)
    elif prepared.active:
        systemctl.start(*wanted.start)


def _start(systemctl: Systemctl) -> None:
    try:
        systemctl.start(TARGET, ORCHESTRATOR)  # naming both tells whether the orchestrator really came up
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
) -> Prepared:
    wanted = changes(units, _present(installation.unit_folder))
    if wanted.foreign:
        files = ", ".join(str(installation.unit_folder / name) for name in wanted.foreign)
        raise AiempError(
            f"not made by aiemp, so it stays and nothing was installed: {files}; move it away first"
        )
    if wanted.reload:
        _check_writable(installation.unit_folder)
    if wanted.write:
        problems = verify(units, installation.scope, environ)
        if problems:
            raise AiempError(
                "systemd does not accept the units, so nothing was installed: " + "; ".join(problems)
            )
        _check_is_looked_at(installation.unit_folder, systemctl)
    looked_at = [TARGET, *(unit.name for unit in units if unit.name != TARGET and "@." not in unit.name)]
    shown = systemctl.show(looked_at, ("UnitFileState", "ActiveState", "NeedDaemonReload"))
    return Prepared(
        installation,
        wanted,
        wanted=bool(units),
        enabled=shown[TARGET].get("UnitFileState") == "enabled",
        active=shown[TARGET].get("ActiveState") == "active",
        stale=tuple(
            name for name in wanted.unchanged if shown.get(name, {}).get("NeedDaemonReload") == "yes"
        ),
    )


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
            f"your systemd does not look for units in {folder}, so nothing was installed; XDG_CONFIG_HOME is "
            "set in this shell alone: unset it, or set it for systemd too (environment.d(5))"
        )


def _present(folder: Path) -> dict[str, str]:
    """The files in the unit folder whose names are ours. Drop-ins are folders, and not looked into."""
    found = {}
    try:
        for path in folder.iterdir():
            if is_ours(path.name) and (path.is_file() or path.is_symlink()):
                found[path.name] = _text(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AiempError(f"the unit folder {folder} cannot be read: {error.strerror}") from error
    return found


def _text(path: Path) -> str:
    if path.is_symlink():  # `systemctl mask` makes such a link; whoever made it, it is not our file
        return ""
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _write(folder: Path, units: Sequence[UnitFile], removed: Sequence[str]) -> None:
    """Write and remove files, all or, as far as the disk lets us, nothing."""
    before = _present(folder)
    done: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for unit in units:
            replace_file(folder / unit.name, _data(unit.content), mode=UNIT_MODE)
            done.append(unit.name)
        for name in removed:
            (folder / name).unlink(missing_ok=True)
            done.append(name)
    except OSError as error:
        for name in done:
            _put_back(folder / name, before.get(name))
        raise AiempError(
            f"the unit folder {folder} cannot be written: {error.strerror}; nothing was installed"
        ) from error


def _put_back(path: Path, content: str | None) -> None:
    try:
        if content is None:
            path.unlink(missing_ok=True)
        else:
            replace_file(path, _data(content), mode=UNIT_MODE)
    except OSError as error:
        log.error("%s could not be put back as it was: %s; install again", path, error)


def _data(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
