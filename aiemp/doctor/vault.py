"""``vault``: it is there, it can be written, and its disk has room. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, fail, ok, warn, with_remedy
from aiemp.frozen import frozen

MEGABYTE = 1000**2
SCARCE_BYTES = 500 * MEGABYTE
TOO_FEW_BYTES = 20 * MEGABYTE
TOO_FEW_INODES = 500
"""A day's work makes some hundred small files; below these it may stop at any moment."""


@frozen
class VaultSeen:
    """The vault's folder. ``missing`` says why it cannot be used at all; ``unwritable`` are the places that
    ``user`` cannot write; a number that the file system does not tell is None."""

    path: Path
    user: str
    missing: str = ""
    unwritable: tuple[Path, ...] = ()
    is_read_only: bool = False
    free_bytes: int | None = None
    free_inodes: int | None = None


def judge_vault(seen: VaultSeen) -> list[Finding]:
    """What is wrong with the vault, or how much room it has."""
    if seen.missing:
        return [fail(*with_remedy(seen.missing))]
    findings = []
    if seen.is_read_only:
        what = f"{seen.path} lies on a disk that is mounted read-only"
        findings.append(fail(what, mount_line(seen.path)))
    elif seen.unwritable:
        # What lies in a folder that is named already would be named twice.
        places = [path for path in seen.unwritable if not set(path.parents) & set(seen.unwritable)]
        names = ", ".join(str(path) for path in places)
        findings.append(fail(f"{seen.user} cannot write {names}", grant_line(seen.user, *places)))
    findings += _room(seen)
    return findings or [ok(f"{seen.path} can be written{_free(seen)}")]


def mount_line(path: Path) -> str:
    """What makes the disk of ``path`` writable again."""
    return f'sudo mount -o remount,rw "$(findmnt -nT {shlex.quote(str(path))} -o TARGET)"'


def grant_line(user: str, *places: Path) -> str:
    """What gives ``user`` the right to ``places`` and all in them."""
    words = " ".join(shlex.quote(str(path)) for path in places)
    return f"sudo chown -R {user} {words} && chmod -R u+rwX {words}"


def _room(seen: VaultSeen) -> list[Finding]:
    remedy = (
        f"free some space; the largest are shown by: du -xh {shlex.quote(str(seen.path))} | sort -h | tail"
    )
    if seen.free_inodes is not None and seen.free_inodes < TOO_FEW_INODES:
        return [fail(f"the vault's disk has room for {seen.free_inodes} more files only", remedy)]
    if seen.free_bytes is None or seen.free_bytes >= SCARCE_BYTES:
        return []
    what = f"the vault's disk has {_size(seen.free_bytes)} left"
    return [(fail if seen.free_bytes < TOO_FEW_BYTES else warn)(what, remedy)]


def _free(seen: VaultSeen) -> str:
    return "" if seen.free_bytes is None else f", {_size(seen.free_bytes)} free"


def _size(number: int) -> str:
    gigabytes = number / 1000**3
    return f"{gigabytes:.0f} GB" if gigabytes >= 1 else f"{number // MEGABYTE} MB"
