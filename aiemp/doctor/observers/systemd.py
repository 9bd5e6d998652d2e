"""Looks at the installed units, at the manager that runs them, and at what that needs from the machine."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp import __version__
from aiemp.asked import ask
from aiemp.config.reading import others_may_write
from aiemp.doctor.bus import BusSeen
from aiemp.doctor.linger import JournalSeen, LingerSeen
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.unit_files import OtherUnits, UnitFilesSeen
from aiemp.doctor.unit_states import UnitSeen
from aiemp.doctor.user import UserSeen
from aiemp.errors import AiempError
from aiemp.plan import Origin
from aiemp.systemd.command_lines import journal_argv, systemctl_line
from aiemp.systemd.drift import Drift, find_drift
from aiemp.systemd.installed import InstalledUnits
from aiemp.systemd.names import ORCHESTRATOR, TARGET, watcher_of
from aiemp.systemd.verify import systemd_version

LINGER_FOLDER = Path("/var/lib/systemd/linger")
"""logind keeps a file in it for each user who lingers."""

JOURNAL_PATIENCE_S = 20.0
LATE = timedelta(seconds=2)
"""systemctl tells whole seconds; installing writes a file and starts it in the same one."""


def observe_bus(scene: Scene) -> BusSeen | None:
    if scene.units is None:
        return None
    own = Path(f"/run/user/{os.getuid()}")
    return BusSeen(
        user=scene.user,
        is_system=scene.units.is_system,
        is_booted=scene.booted,
        error=scene.bus_error if scene.booted else "",
        runtime_dir=scene.environ.get("XDG_RUNTIME_DIR", ""),
        own_runtime_dir=str(own),
        has_user_manager=own.is_dir(),
        names_bus=bool(scene.environ.get("DBUS_SESSION_BUS_ADDRESS")),
    )


def observe_user(scene: Scene) -> UserSeen | None:
    units = scene.units
    if units is None or units.run_as is None:
        return None
    return UserSeen(scene.user, units.run_as, units.config_file)


def observe_unit_files(scene: Scene) -> UnitFilesSeen | OtherUnits | None:
    units = scene.units
    if units is None:
        own = [other for other in scene.all_units if not other.is_system]
        return OtherUnits(own[0].folder, own[0].vault) if own else None
    drift, error = Drift(), ""
    python = units.python
    is_own = python is not None and python.parent == Path(sys.executable).parent
    if is_own:
        try:
            drift = find_drift(units, scene.environ, systemd_version(scene.environ))
        except AiempError as problem:
            error = str(problem)
    return UnitFilesSeen(
        folder=units.folder,
        install_line=scene.install_line or "",
        python=python,
        has_python=python is not None and os.access(python, os.X_OK),
        is_own_python=is_own,
        version=units.version,
        own_version=__version__,
        changed=drift.names,
        by_version=drift.by_version,
        error=error,
        is_enabled=scene.shown.get(TARGET, {}).get("UnitFileState") in ("enabled", "enabled-runtime"),
        enable_line=systemctl_line(units.scope, "enable", TARGET),
        unsafe=tuple(_unsafe(units)),
        unsafe_files=tuple(_unsafe_files(units)),
        outlived=tuple(_outlived(scene, units)),
    )


def observe_unit_states(scene: Scene) -> list[UnitSeen]:
    return [
        UnitSeen(
            name,
            shown.get("LoadState", "not-found"),
            shown.get("ActiveState", "inactive"),
            shown.get("Result", ""),
            shown.get("NeedDaemonReload") == "yes",
        )
        for name, shown in scene.shown.items()
        if watcher_of(name) is None  # they have a check of their own
    ]


def observe_linger(scene: Scene) -> LingerSeen | None:
    if not scene.has_own_manager:
        return None
    return LingerSeen(scene.user, (LINGER_FOLDER / scene.user).exists())


def observe_journal(scene: Scene) -> JournalSeen | None:
    """Asks journalctl for one line: on a machine that keeps its journal in memory only, a user sees none."""
    if scene.units is None:
        return None
    answer = ask(
        journal_argv(scene.units.scope, ORCHESTRATOR, 1),
        environ={**scene.environ, "LC_ALL": "C.UTF-8"},
        timeout_s=JOURNAL_PATIENCE_S,
    )
    if answer.silence:
        return JournalSeen(scene.user, f"journalctl {answer.problem}")
    complaints = [line for line in answer.err.splitlines() if "No journal files" in line]
    return JournalSeen(scene.user, complaints[0].strip() if complaints else "")


def _outlived(scene: Scene, units: InstalledUnits) -> Iterator[tuple[str, str]]:
    """Units whose process was started before their file was written, where that is a process of aiemp's own code:
    a watcher that is another program is left running when only the line changes that names our version."""
    for name in sorted(units.texts):
        watcher = scene.plan.watcher(watcher_of(name) or "")
        if name != ORCHESTRATOR and (watcher is None or watcher.origin is not Origin.BUILT_IN):
            continue
        shown = scene.shown.get(name, {})
        started = _moment(shown.get("ExecMainStartTimestamp", ""))
        if shown.get("ActiveState") != "active" or started is None:
            continue
        try:
            written = datetime.fromtimestamp((units.folder / name).stat().st_mtime, UTC)
        except OSError:
            continue
        if written - started > LATE:
            yield name, systemctl_line(units.scope, "restart", name)


def _moment(text: str) -> datetime | None:
    """A timestamp as systemctl shows it, which is asked with TZ=UTC: ``Tue 2026-11-24 10:00:00 UTC``."""
    try:
        return datetime.strptime(text.partition(" ")[2], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        return None


def _unsafe(units: InstalledUnits) -> list[str]:
    """Why others can change what is started (semantics, "Where the configuration lives")."""
    try:
        return others_may_write(units.folder, units.folder.stat(), os.getuid())
    except OSError:
        return []


def _unsafe_files(units: InstalledUnits) -> list[Path]:
    """Units, and drop-ins of them, whose own mode lets others change them."""
    found = []
    for name in sorted(units.texts):
        drop_ins = units.folder / f"{name}.d"
        for path in (units.folder / name, drop_ins, *sorted(drop_ins.glob("*.conf"))):
            with contextlib.suppress(OSError):
                if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                    found.append(path)
    return found
