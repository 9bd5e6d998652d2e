"""What ``render``, ``install-units`` and ``uninstall-units`` share: for whom, with which configuration."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aiemp.errors import AiempError, UsageError
from aiemp.frozen import replace

if TYPE_CHECKING:
    from aiemp.cli.invocation import Invocation
    from aiemp.plan import Plan
    from aiemp.systemd.installation import Installation
    from aiemp.systemd.systemctl import Systemctl

OTHER_WAYS = "`aiemp run` does the same without systemd, alone or kept alive by PM2"


def who_asked_sudo(environ: Mapping[str, str]) -> str | None:
    """The user who became root with sudo; None for root himself."""
    name = environ.get("SUDO_USER")
    return name if os.geteuid() == 0 and name and name != "root" else None


def check_who_asks(*, user: bool, run_as: str | None) -> None:
    """Refuse what cannot be: root's own user units, the machine's units without root or without a user."""
    is_root = os.geteuid() == 0
    if user and run_as:
        raise UsageError("--run-as belongs to --system; your own systemd runs everything as you")
    if user and is_root:
        raise AiempError(
            "--user as root would install for root; run it as the user whose employee it is, without sudo, "
            "or use --system --run-as USER"
        )
    if not user and not is_root:
        raise AiempError(
            f"--system changes the machine's units, so it needs root; {_with_sudo()}, or use --user"
        )
    if not user and not run_as:
        raise UsageError("--system needs --run-as USER: the user whose employee it is")


def _with_sudo() -> str:
    """The same command with sudo, which looks for programs in other places than a user's shell."""
    import shlex
    import sys

    program = [os.path.abspath(sys.argv[0])]  # noqa: PTH100 - links stay
    if program[0].endswith(".py"):  # python -m aiemp
        program = [sys.executable, "-m", "aiemp"]
    return f"run: sudo {shlex.join([*program, *sys.argv[1:]])}"


def environment_of(run_as: str | None) -> dict[str, str]:
    """The environment to read the configuration with: without DRY_RUN, which must not get into units, and
    with the home of ``run_as``."""
    environ = {name: value for name, value in os.environ.items() if name != "DRY_RUN"}
    if run_as is not None:
        from aiemp.systemd.installation import user_entry

        environ["HOME"] = user_entry(run_as).pw_dir
        environ.pop("XDG_CONFIG_HOME", None)
    return environ


def load_installed_plan(
    invocation: Invocation, environ: Mapping[str, str], *, user: bool, run_as: str | None
) -> Plan:
    """The plan to install, with all that is in the vault now: installing adopts it.

    For the machine: /etc/aiemp/aiemp.toml, else the one of the user who runs it all: everything in it runs as
    that user anyway.
    """
    from aiemp.config.load import load_plan
    from aiemp.config.locate import config_file
    from aiemp.redaction import put_in_force, redactor_of
    from aiemp.systemd.installation import user_entry

    config = invocation.config
    if config is None and not user:
        machines = config_file(None, environ, system=True)
        users = config_file(None, environ)
        if not machines.exists() and users.exists():
            config = users
    owner = None if run_as is None else user_entry(run_as).pw_uid
    plan = load_plan(
        config=config,
        vault=invocation.vault,
        environ=environ,
        system=not user,
        owner=owner,
        adopting=True,
    )
    put_in_force(redactor_of(plan, environ))
    return plan


def adoption_hints(plan: Plan, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Which watchers of the vault installing adopts that nobody has adopted before, and what they replace."""
    from aiemp.adoption import adopted_scripts, script_of
    from aiemp.plan import Origin
    from aiemp.watchers.registry import OTHER_NAMES

    known = adopted_scripts(plan.config_file, plan.vault, environ) or {}
    hints = []
    for watcher in plan.watchers:
        if watcher.origin is Origin.DISCOVERED and watcher.name not in known:
            own = OTHER_NAMES.get(watcher.name)
            instead = f", in place of aiemp's own {own} watcher" if own else ""
            script = script_of(plan.vault, watcher.name).relative_to(plan.vault)
            hints.append(f"Adopted from the vault: the watcher {watcher.name} ({script}){instead}.")
    return tuple(hints)


def check_can_read(run_as: str, path: Path) -> None:
    """Refuse a configuration that the user who runs everything cannot read: nothing would start."""
    import subprocess

    from aiemp.systemd.installation import user_entry

    entry = user_entry(run_as)
    groups = os.getgrouplist(run_as, entry.pw_gid)
    done = subprocess.run(
        ["test", "-r", str(path)], user=entry.pw_uid, group=entry.pw_gid, extra_groups=groups, check=False
    )
    if done.returncode != 0:
        file = shlex.quote(str(path))
        raise AiempError(
            f"{run_as} cannot read {path}, so nothing would start and nothing was installed; give that user "
            f"the right to, for example: chgrp {_group_name(entry.pw_gid)} {file} && chmod 640 {file}"
        )


def check_can_run(run_as: str, python: Path) -> None:
    """Refuse a Python, or an aiemp in it, that the user who runs everything cannot start."""
    import subprocess

    from aiemp.systemd.installation import user_entry

    entry = user_entry(run_as)
    groups = os.getgrouplist(run_as, entry.pw_gid)
    argv = [str(python), "-P", "-m", "aiemp", "--version"]
    try:
        done = subprocess.run(
            argv,
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=groups,
            cwd="/",
            env={"HOME": entry.pw_dir},
            capture_output=True,
            text=True,
            check=False,
        )
        reason = (done.stderr.strip().splitlines() or ["it failed"])[-1] if done.returncode else ""
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise AiempError(
            f"{run_as} cannot run this aiemp, with {python} ({reason}), so nothing would start and nothing was "
            f"installed; install aiemp where {run_as} can read it, in /opt or in that user's home, and use that one"
        )


def _group_name(gid: int) -> str:
    """The name of a group, or its number."""
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def find_installation(
    environ: Mapping[str, str], *, user: bool, run_as: str | None, config_file: Path | None, version: int
) -> Installation:
    """Where and for whom."""
    from aiemp.systemd.installation import system_installation, user_installation

    if user:
        found = user_installation(environ, version)
    else:
        assert run_as is not None  # checked above
        found = system_installation(run_as, environ, version)
    return replace(found, config_file=config_file)


def check_only_installation(
    plan: Plan, installation: Installation, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Refuse a second installation for the same vault, under the other manager: the two would fight for it.

    Returns what to tell: that the units which are there keep another vault, which they will no longer.
    """
    from aiemp.systemd.installed import find_installed

    told = []
    for units in find_installed(environ):
        if units.scope is not installation.scope:
            if units.are_for(plan.vault):
                line = "sudo aiemp uninstall-units --system" if units.is_system else "aiemp uninstall-units"
                if installation.run_as is not None:
                    line += f" (as {installation.run_as})"
                whose = "the machine's systemd" if units.is_system else "the user's own systemd"
                raise AiempError(
                    f"{whose} keeps {plan.vault} already (units in {units.folder}), and two would fight for it, "
                    f"so nothing was installed; to change over, first run: {line}"
                )
        elif units.folder == installation.unit_folder and not units.are_for(plan.vault):
            vault = units.vault or "one that cannot be told"
            told.append(f"The units kept another vault until now: {vault}; from now on it is {plan.vault}.")
    return tuple(told)


def check_unit_folder(installation: Installation) -> tuple[str, ...]:
    """Refuse a unit folder of the machine that others can write to; returns warnings for a user's own."""
    from aiemp.config.reading import others_may_write

    folder = installation.unit_folder
    try:
        reasons = others_may_write(folder, folder.stat(), os.getuid())
    except OSError:
        return ()  # there is none yet
    if reasons and installation.is_system:
        raise AiempError(f"{folder} {reasons[0]}; nothing was installed")
    return tuple(f"Warning: {folder} {reason}" for reason in reasons)


def systemctl_of(environ: Mapping[str, str], *, user: bool) -> Systemctl:
    """The manager to talk to."""
    from aiemp.systemd.scope import Scope
    from aiemp.systemd.systemctl import Systemctl

    return Systemctl(Scope.USER if user else Scope.SYSTEM, environ)


def asked_systemd_version(environ: Mapping[str, str]) -> int:
    """The version of this machine's systemd. AiempError, with the other ways, when there is none."""
    from aiemp.systemd.systemctl import NoSystemd
    from aiemp.systemd.verify import systemd_version

    try:
        return systemd_version(environ)
    except NoSystemd as error:
        raise AiempError(f"{error}; {OTHER_WAYS}") from error
