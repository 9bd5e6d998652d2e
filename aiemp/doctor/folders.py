"""``folders``: the vault has the folders that the work goes through. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, counted, ok, warn
from aiemp.frozen import frozen


@frozen
class FoldersSeen:
    """Which folders are wanted, as paths, and which of them are not there under any spelling."""

    wanted: tuple[Path, ...]
    missing: tuple[Path, ...] = ()


def judge_folders(seen: FoldersSeen) -> list[Finding]:
    """A warning: what is missing is made by who first writes into it, but nobody can put anything there before."""
    if not seen.missing:
        return [ok(f"{counted(len(seen.wanted), 'folder')} found")]
    line = f"mkdir -p {' '.join(shlex.quote(str(path)) for path in seen.missing)}"
    names = ", ".join(path.name for path in seen.missing)
    verb = "is" if len(seen.missing) == 1 else "are"
    return [warn(f"{names} {verb} not in the vault", line, (line,))]
