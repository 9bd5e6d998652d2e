"""The names by which systemd and aiemp know each other: unit names, and the way back from them. Pure.

All of them come from one function, so that an instance name (several vaults on one machine) can be added in
one place. Imported by long-running processes: nothing heavy here.
"""

from __future__ import annotations

import re
from pathlib import Path

from aiemp.systemd.quoting import unit_name_part

PREFIX = "aiemp"

TARGET = f"{PREFIX}.target"
"""Wants everything else: starting and stopping it starts and stops the employee."""

ORCHESTRATOR = f"{PREFIX}-orchestrator.service"
ALERT_TEMPLATE = f"{PREFIX}-alert@.service"

RUNTIME_FOLDER = Path("/run", PREFIX)
"""The orchestrator's own, in a system installation (RuntimeDirectory=)."""

NOT_STARTED = 170
"""What ``aiemp watch`` ends with, as a unit's main process, when the watcher is not to run now: not
configured, or running elsewhere. Its unit does not start it again after this status, which is meant to be
no program's own: the real watcher takes the place of ``aiemp watch``."""

START_AFRESH = 75
"""What an orchestrator that has waited for its vault ends with (EX_TEMPFAIL, sysexits(3)), so that systemd starts
it again: a sandbox that was made while the vault was missing has it read-only."""

_ESCAPED_BYTE = re.compile(r"\\x([0-9a-f]{2})")


def watcher_unit(name: str) -> str:
    """The service of a watcher."""
    return _unit("watcher", name, "service")


def task_service(name: str) -> str:
    """The service that runs a task once."""
    return _unit("task", name, "service")


def task_timer(name: str) -> str:
    """The timer that wakes a task's service."""
    return _unit("task", name, "timer")


def task_path(name: str) -> str:
    """The path unit that lets the unprivileged orchestrator of a system installation start a task."""
    return _unit("task", name, "path")


def watcher_path(name: str) -> str:
    """The path unit that lets the unprivileged orchestrator of a system installation start a watcher."""
    return _unit("watcher", name, "path")


def start_request(path_unit: str) -> Path:
    """The file that the orchestrator of a system installation touches to have started what this path unit of
    ours is for."""
    return RUNTIME_FOLDER / f"start-{path_unit.removesuffix('.path')}"


def alert_unit(unit: str) -> str:
    """The instance of the alert template that reports ``unit``."""
    return ALERT_TEMPLATE.replace("@", f"@{unit}")


def watcher_of(unit: str) -> str | None:
    """The watcher whose service is called ``unit``; None when it is no such service."""
    return _name_in(unit, "watcher", ("service",))


def task_of(unit: str) -> str | None:
    """The task whose service, timer or path unit is called ``unit``; None when it is none of these."""
    return _name_in(unit, "task", ("service", "timer", "path"))


def is_ours(unit: str) -> bool:
    """Whether ``unit`` is a name that a unit of ours can have. A file of that name may be anybody's."""
    if unit in (TARGET, ORCHESTRATOR, ALERT_TEMPLATE):
        return True
    return bool(task_of(unit) or _name_in(unit, "watcher", ("service", "path")))


def _unit(kind: str, name: str, suffix: str) -> str:
    return f"{PREFIX}-{kind}-{unit_name_part(name)}.{suffix}"


def _name_in(unit: str, kind: str, suffixes: tuple[str, ...]) -> str | None:
    stem, _, suffix = unit.rpartition(".")
    start = f"{PREFIX}-{kind}-"
    if suffix not in suffixes or not stem.startswith(start) or stem == start:
        return None
    part = stem.removeprefix(start)
    raw = _ESCAPED_BYTE.sub(lambda found: chr(int(found[1], 16)), part)
    try:
        name = raw.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
    return name if unit_name_part(name) == part else None
