"""Looks at who keeps the vault running, and at the watchers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.supervisors import Pm2Process, SupervisorsSeen
from aiemp.doctor.watchers import WatcherSeen, WatchersSeen
from aiemp.environment import vault_environment
from aiemp.health import observed_watchers
from aiemp.plan import Origin, Watcher
from aiemp.process import find_program
from aiemp.systemd.names import watcher_unit
from aiemp.watcher_status import WatcherState, WatcherStatus
from aiemp.watchers.holders import is_alive

PM2_PATIENCE_S = 20.0
PM2_NAME = "aiemp-orchestrator"
SIGNS = ("aiemp", "scripts/orchestrator.py", "scripts/watchers/", "scripts.watchers.")
"""In a process's command line: aiemp, or what a vault of this family ran before (seed section 4)."""


def observe_supervisors(scene: Scene) -> SupervisorsSeen:
    return SupervisorsSeen(
        holder=scene.holder,
        scopes=scene.scopes,
        can_install=scene.booted and os.getuid() != 0,
        pm2=tuple(_pm2_processes(scene)),
    )


def observe_watchers(scene: Scene) -> WatchersSeen:
    states = {status.name: status for status in observed_watchers(scene.plan)} if scene.holder else {}
    seen = []
    for watcher in scene.plan.watchers:
        if watcher.enabled and not _is_not_installed(scene, watcher):
            is_new = _is_new(scene, watcher)
            status = states.get(watcher.name)
            lacks = "" if is_new else _lacks(scene, watcher, status)
            seen.append(WatcherSeen(watcher.name, status, lacks, is_new))
    return WatchersSeen(
        watchers=tuple(seen),
        scope=scene.scopes[0] if scene.scopes else None,
        adopt_line=scene.install_line or "restart aiemp",
        dotenv=scene.plan.vault / ".env",
    )


def _is_not_installed(scene: Scene, watcher: Watcher) -> bool:
    """Whether it has no unit since aiemp.toml was edited: `units-current` says that."""
    units = scene.units
    return units is not None and watcher_unit(watcher.name) not in units.texts and not units.lack(watcher)


def _is_new(scene: Scene, watcher: Watcher) -> bool:
    if scene.units is not None:
        return scene.units.lack(watcher)
    if scene.holder is None or watcher.origin is not Origin.DISCOVERED:
        return False  # `aiemp run` adopts it when it starts
    return bool(scene.ledger.watchers) and watcher.name not in scene.ledger.watchers


def _lacks(scene: Scene, watcher: Watcher, status: WatcherStatus | None) -> str:
    """Which variables are not set for a watcher that needs them. The orchestrator knows best; units see no
    variable of this shell."""
    if status is not None:
        return status.reason if status.state is WatcherState.NOT_CONFIGURED else ""
    if not watcher.requires_env:
        return ""
    dotenv, _ = vault_environment(scene.plan.vault)
    shell = scene.environ if scene.units is None else {}
    given = {**dotenv, **shell, **dict(watcher.env)}
    missing = [name for name in watcher.requires_env if not given.get(name)]
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set" if missing else ""


def _pm2_processes(scene: Scene) -> Iterator[Pm2Process]:
    """Those of PM2 that do aiemp's work in this vault: running now, or saved for the next boot."""
    home = Path(scene.environ.get("PM2_HOME") or Path(scene.environ.get("HOME", "/")) / ".pm2")
    saved = {_name(entry) for entry in _entries(_read(home / "dump.pm2")) if _is_supervisor(scene, entry)}
    running = {_name(entry) for entry in _running(scene, home) if _is_supervisor(scene, entry)}
    for name in sorted(running | saved):
        yield Pm2Process(name, name in running, name in saved)


def _running(scene: Scene, home: Path) -> list[Mapping[str, Any]]:
    """What ``pm2 jlist`` says. Only asked while its daemon lives: the question would start one."""
    import subprocess  # noqa: PLC0415 - few machines have PM2

    pid = _read(home / "pm2.pid").strip()
    program = find_program("pm2", scene.environ)
    if program is None or not pid.isdigit() or not is_alive(int(pid)):
        return []
    try:
        done = subprocess.run(
            [str(program), "jlist"],
            env=dict(scene.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PM2_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    # PM2 may say something about updates first.
    lists = [line for line in done.stdout.splitlines() if line.startswith("[")]
    entries = _entries(lists[-1] if lists else "")
    return [entry for entry in entries if _settings(entry).get("status") not in ("stopped", "errored")]


def _entries(text: str) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _is_supervisor(scene: Scene, entry: Mapping[str, Any]) -> bool:
    """Whether an entry keeps this vault. One that names no vault is told by its working directory; aiemp's
    own, which may get the vault from aiemp.toml, counts whatever that is."""
    settings = _settings(entry)
    arguments = settings.get("args")
    words = [settings.get("pm_exec_path"), *(arguments if isinstance(arguments, list) else [arguments])]
    line = " ".join(word for word in words if isinstance(word, str))
    if _name(entry) == PM2_NAME:
        return True
    folder = settings.get("pm_cwd")
    is_here = str(scene.plan.vault) in line or folder == str(scene.plan.vault)
    return is_here and any(sign in line for sign in SIGNS)


def _settings(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """``jlist`` keeps them below ``pm2_env``, the saved list does not."""
    below = entry.get("pm2_env")
    return below if isinstance(below, dict) else entry


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or _settings(entry).get("name") or "?")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
