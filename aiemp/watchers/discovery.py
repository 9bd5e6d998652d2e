"""Watchers that an existing vault brings along: ``scripts/watchers/NAME_watcher.py``, started as their
authors meant (vault-facts, "Existing components"), never modified, never imported here.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path

from aiemp import adoption
from aiemp.frozen import replace
from aiemp.plan import DryRunPolicy, Origin, Watcher

log = logging.getLogger("aiemp.watchers")

FOLDER = Path("scripts", "watchers")
OWN_PYTHON = Path(".venv", "bin", "python")
SUFFIX = "_watcher"
NAME_RULE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
NO_PROGRAMS = frozenset({"base", "abstract"})
"""``base_watcher.py`` holds the class that the others extend; started, it would only end at once."""

DEFAULT_INTERVALS_S = {"gmail": 120, "whatsapp": 60, "filesystem": 30, "approval": 30}
OTHER_INTERVAL_S = 60
REQUIRED_ENV = {"gmail": ("GMAIL_CREDENTIALS_PATH",), "whatsapp": ("WHATSAPP_SESSION_PATH",)}
DRY_RUN_WRITES = frozenset({"gmail", "approval"})
"""Their own dry runs write into the vault: fake mails, approved files moved to Done."""


def discover(vault: Path, fallback_python: str = sys.executable) -> list[Watcher]:
    """The watchers under ``scripts/watchers`` of ``vault``, by name. ``fallback_python`` runs them where the
    vault has no ``.venv`` of its own. What is left out (no file, a link out of the vault) is logged."""
    folder = vault / FOLDER
    try:
        paths = sorted(folder.glob(f"*{SUFFIX}.py"))
        boundary = vault.resolve()
    except OSError as error:
        if os.access(vault, os.X_OK):  # else nothing of the vault can be read, which others tell
            log.warning("%s cannot be searched for watchers: %s", folder, error)
        return []
    python = python_of(vault, fallback_python)
    return [
        _watcher(path.stem.removesuffix(SUFFIX), vault, python)
        for path in paths
        if _is_usable(path, boundary)
    ]


def python_of(vault: Path, fallback: str) -> str:
    """The vault's own Python. Not resolved: the link in ``.venv`` is what makes it the environment's."""
    return str(vault / OWN_PYTHON) if python_kind(vault) == adoption.OWN_PYTHON else fallback


def python_kind(vault: Path) -> str:
    """Whose Python runs the vault's watchers, as the record of adoption notes it."""
    own = vault / OWN_PYTHON
    is_own = own.is_file() and os.access(own, os.X_OK)
    return adoption.OWN_PYTHON if is_own else adoption.OUR_PYTHON


def with_interval(watcher: Watcher, interval_s: int) -> Watcher:
    """A discovered watcher that looks every ``interval_s`` seconds instead."""
    return replace(watcher, interval_s=interval_s, command=(*watcher.command[:-1], str(interval_s)))


def _is_usable(path: Path, boundary: Path) -> bool:
    name = path.stem.removesuffix(SUFFIX)
    if name in NO_PROGRAMS or not re.fullmatch(NAME_RULE, name):
        return False
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        log.warning("%s is left out: %s", path, error)
        return False
    if not target.is_relative_to(boundary):
        log.warning("%s is left out: it leads out of the vault, to %s", path, target)
        return False
    return target.is_file()


def _watcher(name: str, vault: Path, python: str) -> Watcher:
    interval_s = DEFAULT_INTERVALS_S.get(name, OTHER_INTERVAL_S)
    module = f"scripts.watchers.{name}{SUFFIX}"
    return Watcher(
        name=name,
        description=f"{FOLDER / name}{SUFFIX}.py of this vault",
        origin=Origin.DISCOVERED,
        command=(python, "-m", module, "--vault", str(vault), "--interval", str(interval_s)),
        cwd=vault,
        interval_s=interval_s,
        requires_env=REQUIRED_ENV.get(name, ()),
        stop_signal="SIGINT",
        dry_run=DryRunPolicy.SKIP if name in DRY_RUN_WRITES else DryRunPolicy.ENVIRONMENT,
    )
