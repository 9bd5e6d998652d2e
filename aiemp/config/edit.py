"""Changing ``enabled`` in ``aiemp.toml``, the rest of the file staying as its owner wrote it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tomllib
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, Literal

from aiemp.config.document import printable
from aiemp.config.positions import Positions
from aiemp.config.source import decoded, read_text
from aiemp.durable import make_private_folder, replace_file
from aiemp.errors import AiempError, ConfigError
from aiemp.plan import SCHEDULE_REGISTRY

MOST_TRIES = 20

_ENABLED = re.compile(r"""(\benabled["']?\s*=\s*)(?:true|false)""")


def set_enabled(config_file: Path, section: Literal["tasks", "watchers"], name: str, enabled: bool) -> bool:
    """Write ``enabled`` into ``[section.NAME]``. True when the file was changed.

    Comments, order and layout stay; a missing table or file is made. The new text is read and checked before
    it replaces the old one: ConfigError, and nothing changed, when the file had mistakes or would have one.
    AiempError when it cannot be written. That a watcher of this name exists is for the caller to check:
    only the vault knows.
    """
    path = config_file
    try:
        path = config_file.resolve()  # a link, as dotfile managers make them, stays one
        make_private_folder(path.parent, may_lead_away=True)
        return _set_enabled(path, section, name, enabled)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, in Python before 3.13
        reason = error.strerror if isinstance(error, OSError) else "a loop of links"
        message = f"{printable(path)} cannot be changed ({reason}); see who may write it"
        raise AiempError(message) from error


def _set_enabled(path: Path, section: str, name: str, enabled: bool) -> bool:
    for _ in range(MOST_TRIES):
        with folder_lock(path.parent):
            before = _read(path)
            text = decoded(path, before or b"")
            _check(path, text)
            after = _edited(path, text, section, name, enabled)
            if after is None:
                return False
            _check(path, after)
            # An editor takes no lock. What it saved meanwhile is edited anew instead of being lost.
            if _read(path) == before:
                replace_file(path, after.encode())
                return True
    raise AiempError(f"{printable(path)} is being changed by somebody else all the time; try again later")


def _edited(path: Path, text: str, section: str, name: str, enabled: bool) -> str | None:
    """The text with the key set; None when that is how it is already, by the file or by default."""
    tables = tomllib.loads(text).get(section, {})
    current = tables.get(name, {}).get("enabled")
    if current is None and section == "tasks":
        built_in = next((task for task in SCHEDULE_REGISTRY if task.name == name), None)
        current = built_in.enabled if built_in else name in tables or None
    if current is enabled:
        return None
    wanted = tomllib.loads(text)
    wanted.setdefault(section, {}).setdefault(name, {})["enabled"] = enabled
    for after in _candidates(text, section, name, enabled):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(after) == wanted:
                return after
    raise AiempError(
        f"{printable(path)} is laid out in a way that cannot be edited safely; "
        f"write enabled = {_toml(enabled)} into [{section}.{name}] yourself"
    )


def _candidates(text: str, section: str, name: str, enabled: bool) -> Iterator[str]:
    """Texts that may be the wanted one, the smallest change first. The caller tries what they mean.

    tomlkit comes late: it puts a new key below the comments that follow a table, which belong to the next.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    setting = f"enabled = {_toml(enabled)}{newline}"
    lines = _lines(text)
    positions = Positions(text)
    above = sum(map(len, lines[: positions.line((section, name, "enabled")) - 1]))
    yield text[:above] + _ENABLED.sub(rf"\g<1>{_toml(enabled)}", text[above:], count=1)
    if (section, name) in positions.paths():
        header = positions.line((section, name))
        end = "" if lines[header - 1].endswith("\n") else newline
        yield "".join(lines[:header]) + end + setting + "".join(lines[header:])
    end = "" if not text or text.endswith("\n") else newline
    yield f"{text}{end}{newline if text else ''}[{section}.{name}]{newline}{setting}"
    yield from _by_tomlkit(text, section, name, enabled)


def _by_tomlkit(text: str, section: str, name: str, enabled: bool) -> Iterator[str]:
    import tomlkit  # noqa: PLC0415 - only for inline tables, which are rare
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    with contextlib.suppress(TOMLKitError):
        document: MutableMapping[str, Any] = tomlkit.parse(text)
        tables = document.setdefault(section, tomlkit.table())
        table = tables.setdefault(name, tomlkit.table())
        table["enabled"] = enabled
        yield tomlkit.dumps(document)


def _lines(text: str) -> list[str]:
    """The lines as TOML counts them; str.splitlines would also break at other alphabets' separators."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _toml(enabled: bool) -> str:
    return "true" if enabled else "false"


def _check(path: Path, text: str) -> None:
    mistakes = read_text(path, text, os.environ).document.mistakes()
    if mistakes:
        raise ConfigError(mistakes)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """One writer of aiemp.toml at a time. The folder itself is locked, so that no lock file lies beside the config.

    Some network file systems lock no folders; comparing before replacing is what is left there.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
