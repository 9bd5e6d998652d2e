"""Looks at who keeps the vault running, and at the watchers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from aiemp.adoption import changed_scripts
from aiemp.doctor.observers.pm2 import pm2_processes
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.supervisors import SupervisorsSeen, silence
from aiemp.doctor.watchers import WatcherSeen, WatchersSeen
from aiemp.environment import vault_environment
from aiemp.health import observed_watchers
from aiemp.locks import sign_of_life
from aiemp.plan import Origin, Watcher
from aiemp.predecessors import Predecessor, spellings
from aiemp.predecessors.cron import cron_jobs
from aiemp.systemd.names import watcher_unit
from aiemp.watcher_status import WatcherState, WatcherStatus

OUR_WORK = re.compile(r"aiemp|claude|orchestrator|_watcher", re.IGNORECASE)


@cache
def observe_supervisors(scene: Scene) -> SupervisorsSeen:
    return SupervisorsSeen(
        holder=scene.holder,
        silence=silence(_last_sign(scene), scene.now, scene.holder.interval_s) if scene.holder else "",
        scopes=scene.scopes,
        can_install=scene.booted and os.getuid() != 0,
        pm2=tuple(pm2_processes(scene)),
        jobs=tuple(_jobs_like_ours(scene)),
    )


def _jobs_like_ours(scene: Scene) -> Iterator[Predecessor]:
    """Jobs of cron that do in the vault what aiemp does; not the nightly backup of it. What the vault itself is called
    does not count."""
    names = sorted(spellings(scene.plan.vault, scene.environ), key=len, reverse=True)
    for job in cron_jobs(scene.plan.vault, scene.environ):
        text = job.job
        for name in names:
            text = text.replace(name, "")
        if OUR_WORK.search(text):
            yield job


def _last_sign(scene: Scene) -> datetime | None:
    seconds = sign_of_life(scene.places.orchestrator_lock)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def observe_watchers(scene: Scene) -> WatchersSeen:
    states = {status.name: status for status in observed_watchers(scene.plan)} if scene.holder else {}
    seen = []
    changed = changed_scripts(scene.plan.config_file, scene.plan.vault, scene.environ)
    for watcher in scene.plan.watchers:
        if watcher.enabled and not _is_not_installed(scene, watcher):
            is_new = _is_new(scene, watcher)
            status = _given_up(scene, watcher) or states.get(watcher.name)
            lacks = "" if is_new else _lacks(scene, watcher, status)
            is_changed = watcher.origin is Origin.DISCOVERED and watcher.name in changed
            seen.append(WatcherSeen(watcher.name, status, lacks, is_new, is_changed))
    return WatchersSeen(
        watchers=tuple(seen),
        scope=scene.scopes[0] if scene.scopes else None,
        adopt_line=scene.install_line or "aiemp init, and restart aiemp",
        dotenv=scene.plan.vault / ".env",
        pid=scene.holder.pid if scene.holder else 0,
    )


def _given_up(scene: Scene, watcher: Watcher) -> WatcherStatus | None:
    """What systemd says of a watcher that it gave up: the orchestrator may not have looked since."""
    if scene.units is None or scene.bus_error:
        return None
    shown = scene.shown.get(watcher_unit(watcher.name), {})
    if shown.get("ActiveState") != "failed":
        return None
    return WatcherStatus(
        watcher.name, WatcherState.PAUSED, reason=f"systemd gave it up: {shown.get('Result', '?')}"
    )


def _is_not_installed(scene: Scene, watcher: Watcher) -> bool:
    """Whether it has no unit since aiemp.toml was edited: `units-current` says that."""
    units = scene.units
    return units is not None and watcher_unit(watcher.name) not in units.texts and not units.lack(watcher)


def _is_new(scene: Scene, watcher: Watcher) -> bool:
    if not watcher.adopted:
        return True
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
