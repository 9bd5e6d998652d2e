"""The folder of unit files: what of ours is there, and its only writer."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from aiemp.durable import make_folders, replace_file
from aiemp.errors import AiempError
from aiemp.systemd.names import is_ours
from aiemp.systemd.units import UnitFile

log = logging.getLogger("aiemp.install")

UNIT_MODE = 0o644


def present_units(folder: Path) -> dict[str, str]:
    """The files in the unit folder whose names are ours. Drop-ins are folders, and not looked into."""
    found = {}
    try:
        for path in folder.iterdir():
            if is_ours(path.name) and (path.is_file() or path.is_symlink()):
                found[path.name] = _text(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AiempError(f"the unit folder {folder} cannot be read: {error.strerror}") from error
    return found


def _text(path: Path) -> str:
    if path.is_symlink():  # `systemctl mask` makes such a link; whoever made it, it is not our file
        return ""
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def write_units(folder: Path, units: Sequence[UnitFile], kept: Collection[str] = ()) -> None:
    """Write files, all or, as far as the disk lets us, none. Those of ``kept`` keep their times, by which the next
    installation tells that what runs need not be restarted."""
    before = present_units(folder)
    times = {unit.name: _modified(folder / unit.name) for unit in units}
    done: list[str] = []
    try:
        if units:
            make_folders(folder)
        for unit in units:
            done.append(unit.name)
            replace_file(folder / unit.name, _data(unit.content), mode=UNIT_MODE)
            if unit.name in kept:
                _set_modified(folder / unit.name, times[unit.name])
    except OSError as error:
        for name in done:
            _put_back(folder / name, before.get(name), times[name])
        raise AiempError(
            f"the unit folder {folder} cannot be written: {error.strerror}; nothing was installed"
        ) from error


def remove_units(folder: Path, names: Sequence[str]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise AiempError(
            f"the unit folder {folder} cannot be written: {error.strerror}; mend that, and type this again"
        ) from error


def _put_back(path: Path, content: str | None, modified_ns: int | None) -> None:
    try:
        if content is None:
            path.unlink(missing_ok=True)
        elif _text(path) != content:
            replace_file(path, _data(content), mode=UNIT_MODE)
            _set_modified(path, modified_ns)
    except OSError as error:
        log.error("%s could not be put back as it was: %s; install again", path, error)


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _set_modified(path: Path, modified_ns: int | None) -> None:
    if modified_ns is not None:
        os.utime(path, ns=(modified_ns, modified_ns))


def _data(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
