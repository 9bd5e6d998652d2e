"""``user``: doctor is asked by the one whose employee it is. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, ok, warn
from aiemp.frozen import frozen


@frozen
class UserSeen:
    """Who asks, and whom the machine's systemd runs the units as, with which configuration."""

    user: str
    run_as: str
    config_file: Path | None = None


def judge_user(seen: UserSeen | None) -> list[Finding]:
    """Nothing where it can only be the same one."""
    if seen is None:
        return []
    if seen.user == seen.run_as:
        return [ok(f"the units run as {seen.run_as}")]
    what = f"the units run as {seen.run_as}; what {seen.user} can find, read and write is not what he can"
    config = f"--config {shlex.quote(str(seen.config_file))} " if seen.config_file is not None else ""
    return [warn(what, f"sudo -u {seen.run_as} -i aiemp {config}doctor")]
