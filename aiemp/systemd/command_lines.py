"""Command lines for a person to type: the manager's, the journal's, and the one that installs. Pure.

Quoted for a shell. Whoever runs commands himself uses :mod:`aiemp.systemd.systemctl`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from aiemp.systemd.names import ORCHESTRATOR, TARGET, watcher_path, watcher_unit
from aiemp.systemd.scope import Scope

if TYPE_CHECKING:
    from aiemp.systemd.installed import InstalledUnits


def systemctl_line(scope: Scope, verb: str, *units: str) -> str:
    """The manager told to do something; the machine's takes orders from root."""
    manager = "systemctl --user " if scope is Scope.USER else "sudo systemctl "
    return manager + shlex.join([verb, *units])


def start_line(scope: Scope) -> str:
    """Start everything."""
    return systemctl_line(scope, "start", TARGET)


def stop_line(scope: Scope) -> str:
    """Stop everything."""
    return systemctl_line(scope, "stop", TARGET)


def revive_line(scope: Scope, watcher: str) -> str:
    """Start a watcher that systemd gave up. A mere start is refused as long as the limit's interval lasts, and
    the path unit that starts it is given up with it.

    Reloading the user's orchestrator does it too, and for all of them: it is the shorter one to type.
    """
    if scope is Scope.USER:
        return systemctl_line(scope, "reload", ORCHESTRATOR)
    units = (watcher_unit(watcher), watcher_path(watcher))
    return f"{systemctl_line(scope, 'reset-failed', *units)}; {systemctl_line(scope, 'start', *units)}"


def journal_argv(scope: Scope, unit: str, lines: int, *, follow: bool = False) -> list[str]:
    """journalctl(1) for one unit. ``-u`` alone never shows the units of a user (systemd-facts)."""
    argv = ["journalctl", *(["--user"] if scope is Scope.USER else []), "--no-pager", f"--lines={lines}"]
    return [*argv, *(["--follow"] if follow else []), f"--unit={unit}"]


def install_line(units: InstalledUnits, program: str) -> str:
    """The ``aiemp install-units`` that brings ``units`` up to date. ``program`` is aiemp's full path: sudo
    does not look into a home."""
    if not units.is_system:
        return "aiemp install-units"
    config = ["--config", str(units.config_file)] if units.config_file is not None else []
    return "sudo " + shlex.join(
        [program, *config, "install-units", "--system", "--run-as", units.run_as or "root"]
    )
