"""Where the configuration and the vault are (cli.md, "Global")."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from aiemp.config.document import printable
from aiemp.config.table import has_control_characters
from aiemp.errors import UsageError

SYSTEM_CONFIG = Path("/etc/aiemp/aiemp.toml")

VAULT_SIGNS = ("Dashboard.md", "Company_Handbook.md", "Business_Goals.md", ".obsidian")
"""Two of these, or a ``Needs_Action`` folder, make a folder look like a vault."""


def config_file(
    explicit: Path | None, environ: Mapping[str, str], *, system: bool = False, cwd: Path | None = None
) -> Path:
    """The absolute path of the configuration, whether it exists or not.

    ``explicit`` wins, then ``/etc/aiemp/aiemp.toml`` for the system, else
    ``$XDG_CONFIG_HOME/aiemp/aiemp.toml`` with ``~/.config`` as the default. A relative XDG_CONFIG_HOME is
    ignored, as the XDG Base Directory Specification asks.
    """
    if explicit is not None:
        return _absolute(expand_home(str(explicit), environ), cwd)
    if system:
        return SYSTEM_CONFIG
    folder = Path(environ.get("XDG_CONFIG_HOME") or "")
    if not folder.is_absolute():
        folder = Path(expand_home("~/.config", environ))
    return folder / "aiemp" / "aiemp.toml"


def config_to_read(
    explicit: Path | None,
    environ: Mapping[str, str],
    *,
    system: bool = False,
    cwd: Path | None = None,
    machines: Path = SYSTEM_CONFIG,
) -> Path:
    """As :func:`config_file`; but who has no configuration of his own reads the machine's, if there is one that
    he can read. So a plain `aiemp status` tells of a system installation what is to be told.
    """
    file = config_file(explicit, environ, system=system, cwd=cwd)
    if explicit is None and not system and not os.path.lexists(file) and os.access(machines, os.R_OK):
        return machines
    return file


def vault_folder(
    explicit: Path | None, environ: Mapping[str, str], config_vault: Path | None, cwd: Path | None
) -> Path:
    """The absolute path of the vault, whether it exists or not: a missing vault blocks tasks, no more.

    ``--vault``, else ``VAULT_PATH``, else the configuration's, else ``cwd`` if it looks like a vault, else
    UsageError. ``cwd`` None: the current folder is gone.
    """
    named = str(explicit) if explicit is not None else environ.get("VAULT_PATH", "").strip()
    if named:
        return _usable(_absolute(expand_home(named, environ), cwd))
    if config_vault is not None:
        return _usable(_absolute(str(config_vault), cwd))
    if cwd is not None and looks_like_vault(cwd):
        return _usable(cwd)
    raise UsageError(
        "no vault is named, and the current folder is none; use --vault PATH, set VAULT_PATH, "
        'write vault = "PATH" into aiemp.toml, or make one with `aiemp init`'
    )


def looks_like_vault(folder: Path) -> bool:
    """Whether ``folder`` is an AI employee's vault, so that it may be used without being named."""
    if (folder / "Needs_Action").is_dir():
        return True
    return sum((folder / sign).exists() for sign in VAULT_SIGNS) > 1


def expand_home(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with a leading ``~`` or ``~user`` replaced. UsageError when there is no such home."""
    if not text.startswith("~"):
        return text
    user, slash, rest = text.partition("/")
    home = environ.get("HOME") if user == "~" else None
    try:
        return f"{home or Path(user).expanduser()}{slash}{rest}"
    except RuntimeError as error:
        raise UsageError(f"{user} has no home folder here; write the whole path") from error


def _absolute(text: str, cwd: Path | None) -> Path:
    path = Path(text)
    if not path.is_absolute():
        try:
            path = (cwd or Path.cwd()) / path
        except FileNotFoundError as error:
            message = f"{printable(path)} cannot be found: the current folder is gone; write the whole path"
            raise UsageError(message) from error
    if ".." not in path.parts:
        return path
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links; whoever opens the path says so
        return path


def _usable(vault: Path) -> Path:
    if has_control_characters(str(vault)):
        message = f"the vault's path {printable(vault)} contains a line break or a control character"
        raise UsageError(f"{message}; no unit file can hold that, so rename the folder")
    return vault
