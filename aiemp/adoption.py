"""What of the vault may be run by itself: the record of what its owner has adopted, kept outside of it.

Claude writes into the vault, and so does whoever can talk it into something (semantics, "Where the configuration
lives"). So the vault's own watchers, and its approval watcher's ``--check-stale``, are run only after their owner
has run ``aiemp init``, ``install-units`` or ``run`` while they were there, or has named them in aiemp.toml. One that
came later, or that another Python would run since (a ``.venv`` that appeared), is told of and left alone.

A script whose content has changed since is told of too, but goes on: it is one file of several that it imports, and
its owner edits it.

The records are JSON files beside aiemp.toml: ``scripts-adopted.json`` written here, ``mcp-approved.json`` by
:mod:`aiemp.mcp.approval`. They hold no secrets, and units of the machine run as another user: mode 0644.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from aiemp.config.locate import config_file
from aiemp.config.reading import read_regular_file
from aiemp.durable import make_private_folder, replace_file

log = logging.getLogger("aiemp.adoption")

SCRIPTS = "scripts-adopted.json"
LARGEST_RECORD = 1024 * 1024
LARGEST_SCRIPT = 4 * 1024 * 1024
READABLE = 0o644
OWN_PYTHON = "the vault's"
OUR_PYTHON = "aiemp's"

Record = dict[str, dict[str, object]]
"""What is adopted, by the vault's path, then by name."""


def record_file(config: Path | None, vault: Path, environ: Mapping[str, str], name: str) -> Path:
    """Where a record is: beside the configuration, unless that lies in the vault."""
    beside = config or config_file(None, environ)
    if Path(os.path.realpath(beside)).is_relative_to(os.path.realpath(vault)):
        beside = config_file(None, environ)
    return beside.with_name(name)


def read_record(path: Path) -> Record:
    """All that is noted there; empty when nothing can be made of it."""
    try:
        data, _ = read_regular_file(path, LARGEST_RECORD)
        document = json.loads(data)
        return {str(vault): dict(entries) for vault, entries in document.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_record(path: Path, vault: Path, entries: Mapping[str, object]) -> bool:
    """Note ``entries`` for ``vault``, in place of what was noted for it. False, with a warning, when it cannot be."""
    noted = {**read_record(path), str(vault): dict(entries)}
    try:
        make_private_folder(path.parent, may_lead_away=True)
        replace_file(path, json.dumps(noted, indent=1).encode(), mode=READABLE)
    except OSError as error:
        log.warning("%s cannot be written, so what is new in the vault is not run: %s", path, error)
        return False
    return True


def adopted_scripts(
    config: Path | None, vault: Path, environ: Mapping[str, str]
) -> Mapping[str, object] | None:
    """The watchers of the vault that were adopted, by name; None when nobody has ever run anything that adopts."""
    return read_record(record_file(config, vault, environ, SCRIPTS)).get(str(vault))


def is_adopted(name: str, python: str, adopted: Mapping[str, object] | None) -> bool:
    """Whether the vault's watcher ``name`` may be run by ``python``, :data:`OWN_PYTHON` or :data:`OUR_PYTHON`. As long
    as there is no record nothing runs by itself: whatever would begin that makes one first."""
    if adopted is None:
        return True
    entry = adopted.get(name)
    # Back to ours is no harm: that lies outside of the vault.
    return isinstance(entry, dict) and (python == OUR_PYTHON or entry.get("python") == OWN_PYTHON)


def adopt_scripts(config: Path | None, vault: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Let the vault's watchers, as they are now, be run from now on. Returns those that are new.

    Best effort: what cannot be written is logged, and they stay new.
    """
    from aiemp.watchers.discovery import discover, python_kind  # noqa: PLC0415 - they ask this module

    before = adopted_scripts(config, vault, environ)
    kind = python_kind(vault)
    wanted = {
        watcher.name: {"python": kind, "sha256": _digest(script_of(vault, watcher.name))}
        for watcher in discover(vault)
    }
    if before == wanted:
        return ()
    if not write_record(record_file(config, vault, environ, SCRIPTS), vault, wanted):
        return ()
    return tuple(name for name in wanted if name not in (before or {}))


def changed_scripts(config: Path | None, vault: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The adopted watchers whose script is not what it was then. Loads OpenSSL: for commands, not for the loop."""
    adopted = adopted_scripts(config, vault, environ) or {}
    return tuple(
        name
        for name, entry in adopted.items()
        if isinstance(entry, dict)
        if (digest := _digest(script_of(vault, name))) and digest != entry.get("sha256")
    )


def script_of(vault: Path, name: str) -> Path:
    """The script of the vault's own watcher ``name``."""
    return vault / "scripts" / "watchers" / f"{name}_watcher.py"


def _digest(path: Path) -> str:
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which no long-running process needs

    try:
        data, _ = read_regular_file(path, LARGEST_SCRIPT)
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest()
