"""Finding a program on a PATH, without ever finding one in the folder we work in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def find_program(name: str, environ: Mapping[str, str]) -> Path | None:
    """The executable file that ``name`` means under ``environ``'s PATH; None when there is none.

    Relative entries of PATH (``.``, an empty one) are passed over: child processes work in the vault, and a
    file that appeared in the vault must not become the program that is run. A ``name`` with a slash stands
    for itself. A PATH that is not set means the system's default (confstr CS_PATH).
    """
    if os.sep in name:
        path = Path(name)
        return path if _is_executable(path) else None
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if folder and Path(folder).is_absolute() and _is_executable(Path(folder, name)):
            return Path(folder, name)
    return None


def _is_executable(path: Path) -> bool:
    # os.path: a folder that this user may not look into holds nothing for him; pathlib would raise for it.
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113
