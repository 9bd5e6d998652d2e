"""Which watchers there are: the built-in ones, those of the vault, and those of ``aiemp.toml``, merged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp.frozen import replace
from aiemp.plan import DryRunPolicy, Origin, Watcher
from aiemp.watchers.discovery import discover, with_interval

if TYPE_CHECKING:
    from aiemp.config.watcher_settings import UnknownWatcher, WatcherSettings

BUILT_IN: tuple[Watcher, ...] = (
    Watcher(
        name="filesystem",
        description="Turns files put into Drop/ into action items",
        origin=Origin.BUILT_IN,
        fresh_within_s=300.0,
        dry_run=DryRunPolicy.REPORT,
    ),
    Watcher(
        name="approval",
        description="Notices decisions in Approved/ and Rejected/, and approvals that wait too long",
        origin=Origin.BUILT_IN,
        fresh_within_s=300.0,
        dry_run=DryRunPolicy.REPORT,
    ),
)

OTHER_NAMES = {
    "file": "filesystem",
    "files": "filesystem",
    "filesystem": "filesystem",
    "drop": "filesystem",
    "approval": "approval",
    "approvals": "approval",
}
"""What existing vaults call a watcher that does the work of a built-in one: two of them would double it."""


def planned_watchers(
    settings: Sequence[WatcherSettings],
    vault: Path,
    fallback_python: str = sys.executable,
    *,
    may_run: Callable[[Watcher], bool] = lambda _watcher: True,
) -> tuple[Watcher, ...]:
    """All watchers of ``vault``. An own one replaces the built-in one of the same name (semantics).

    ``may_run``: whether its owner has adopted one of the vault's own. One that he has not, and does not name in
    aiemp.toml, replaces none: where a built-in one has its name, that goes on.

    A table with a ``command`` replaces any other of its name; one without adjusts the one there is, and
    raises :class:`aiemp.config.watcher_settings.UnknownWatcher` when there is none.
    """
    vault = vault.absolute()
    named = {entry.name for entry in settings}
    watchers = {watcher.name: watcher for watcher in BUILT_IN}
    for watcher in discover(vault, fallback_python):
        if watcher.name not in named and not may_run(watcher):
            watchers.setdefault(watcher.name, replace(watcher, adopted=False))
            continue
        replaced = OTHER_NAMES.get(watcher.name.lower().replace("_", "").replace("-", ""))
        if replaced is not None and replaced not in named:
            watchers.pop(replaced, None)
        watchers[watcher.name] = watcher
    for entry in settings:
        watchers[entry.name] = _merged(watchers.get(entry.name), entry, watchers)
    return tuple(watchers.values())


def _unknown(name: str, known: Iterable[str]) -> UnknownWatcher:
    from aiemp.config.table import did_you_mean  # noqa: PLC0415 - only for the mistake
    from aiemp.config.watcher_settings import UnknownWatcher  # noqa: PLC0415

    hint = did_you_mean(name, known)
    message = f"there is no watcher {name!r} to adjust; give it a command, or correct its name{hint}"
    return UnknownWatcher(name, message)


def _merged(existing: Watcher | None, settings: WatcherSettings, known: Iterable[str]) -> Watcher:
    if settings.command is not None:
        base = Watcher(name=settings.name, command=settings.command)
    elif existing is not None:
        base = existing
    else:
        raise _unknown(settings.name, known)
    if settings.interval_s is not None:
        if base.origin is Origin.DISCOVERED:
            base = with_interval(base, settings.interval_s)
        base = replace(base, interval_s=settings.interval_s)
    return replace(
        base,
        description=base.description if settings.description is None else settings.description,
        cwd=base.cwd if settings.cwd is None else settings.cwd,
        env=base.env if settings.env is None else settings.env,
        enabled=base.enabled if settings.enabled is None else settings.enabled,
        requires_env=base.requires_env if settings.requires_env is None else settings.requires_env,
        stop_signal=base.stop_signal if settings.stop_signal is None else settings.stop_signal,
        stop_timeout_s=base.stop_timeout_s if settings.stop_timeout_s is None else settings.stop_timeout_s,
        fresh_within_s=base.fresh_within_s if settings.fresh_within_s is None else settings.fresh_within_s,
    )
