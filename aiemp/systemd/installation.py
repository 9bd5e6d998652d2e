"""Where and for whom units are installed: what :mod:`aiemp.systemd.units` cannot know from the plan."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp import __version__
from aiemp.errors import AiempError
from aiemp.frozen import frozen
from aiemp.systemd.scope import Scope

if TYPE_CHECKING:
    import pwd

OLDEST_SYSTEMD = 249
"""The oldest that the units are written for (Ubuntu 22.04)."""

SYSTEM_UNITS = Path("/etc/systemd/system")
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

HOMES_OF_PROGRAMS = (".local/bin", ".npm-global/bin", ".volta/bin", ".bun/bin", ".claude/local")
"""Where installers put ``claude`` and ``node`` inside a home, and ``sudo`` does not look."""

HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What belongs to single users (systemd.exec(5), "ProtectHome=")."""

GONE_AFTER_LOGOUT = "/run/"
"""Here some version managers of Node keep links that live as long as a shell (fnm)."""


@frozen
class Installation:
    """One installation of units. All paths are absolute.

    ``python`` is what runs aiemp; not resolved, since a venv is known by its link. ``path_variable`` is the
    PATH on which ``claude`` was found. ``config_file`` None: the programs find it themselves. ``run_as`` and
    ``uid`` are whose employee it is; a user manager needs no ``run_as``. ``program_folders`` are what else
    ``python`` needs to read, where that lies in a home (the Python behind a venv, an editable install).
    """

    scope: Scope
    python: Path
    path_variable: str
    home: Path
    unit_folder: Path
    systemd_version: int
    config_file: Path | None = None
    run_as: str | None = None
    uid: int = 0
    program_folders: tuple[Path, ...] = ()
    aiemp_version: str = __version__

    @property
    def is_system(self) -> bool:
        return self.scope is Scope.SYSTEM

    @property
    def has_notify_reload(self) -> bool:
        """Type=notify-reload: systemd sends SIGHUP and waits for the answer (systemd.service(5), 253)."""
        return self.systemd_version >= 253

    @property
    def has_restart_steps(self) -> bool:
        """RestartSteps= and RestartMaxDelaySec=: a growing pause (systemd.service(5), 254)."""
        return self.systemd_version >= 254

    @property
    def has_restart_mode(self) -> bool:
        """RestartMode=direct: no OnFailure= at each restart, as there was none before 254 (issue 33710)."""
        return self.systemd_version >= 254


def user_installation(environ: Mapping[str, str], systemd_version: int) -> Installation:
    """For the user who asks, under his own manager. AiempError without a home or a Python."""
    home = Path(environ.get("HOME") or "~").expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or "")
    folder = config if config.is_absolute() else home / ".config"
    return Installation(
        scope=Scope.USER,
        python=_python(),
        path_variable=_path_variable(environ, home),
        home=home,
        unit_folder=folder / "systemd" / "user",
        systemd_version=systemd_version,
        uid=os.getuid(),
    )


def system_installation(run_as: str, environ: Mapping[str, str], systemd_version: int) -> Installation:
    """For the user ``run_as``, under the machine's manager. AiempError when there is no such user."""
    entry = user_entry(run_as)
    home = Path(entry.pw_dir)
    return Installation(
        scope=Scope.SYSTEM,
        python=_python(),
        path_variable=_path_variable(_without_others(environ, home), home),
        home=home,
        unit_folder=SYSTEM_UNITS,
        systemd_version=systemd_version,
        run_as=run_as,
        uid=entry.pw_uid,
        program_folders=_program_folders(),
    )


def user_entry(name: str) -> pwd.struct_passwd:
    """The user ``name``. AiempError when there is none."""
    import pwd  # noqa: PLC0415 - not on every platform that Python runs on

    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise AiempError(f"there is no user {name!r} on this machine; name one with --run-as") from None


def _python() -> Path:
    python = Path(sys.executable or "")
    if not python.is_absolute():
        raise AiempError(
            f"this Python does not know where it is ({sys.executable!r}); start it by its full path"
        )
    return python


def _program_folders() -> tuple[Path, ...]:
    """The venv, the Python behind it, and the folder that aiemp is imported from."""
    source = Path(__file__).resolve().parents[2]
    return tuple(dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), source)))


def _path_variable(environ: Mapping[str, str], home: Path) -> str:
    """PATH without what cannot be meant for a service, and with the home's own folders of programs."""
    given = [_lasting(entry) for entry in environ.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    own = [str(home / folder) for folder in HOMES_OF_PROGRAMS if (home / folder).is_dir()]
    node = sorted((home / ".nvm/versions/node").glob("*/bin/node"), key=lambda path: path.stat().st_mtime)
    own += [str(node[-1].parent)] if node else []
    entries = dict.fromkeys((*given, *own, *SYSTEM_PATH))
    return os.pathsep.join(entry for entry in entries if entry.isprintable())


def _without_others(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Without the folders of PATH in homes of others, the administrator's own for one: nothing there is for the
    user who runs everything, who may not even look into them."""
    entries = [
        entry
        for entry in environ.get("PATH", "").split(os.pathsep)
        if Path(entry).is_relative_to(home) or not any(Path(entry).is_relative_to(each) for each in HOMES)
    ]
    return {**environ, "PATH": os.pathsep.join(entries)}


def _lasting(entry: str) -> str:
    """``entry``, or what it is a link to when the link goes away with the session."""
    real = os.path.realpath(entry) if entry.startswith(GONE_AFTER_LOGOUT) else entry
    return entry if real.startswith(GONE_AFTER_LOGOUT) else real
