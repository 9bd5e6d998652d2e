"""Opening ``aiemp.toml`` and reading what it says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from aiemp.config.document import Document, printable
from aiemp.config.locate import expand_home
from aiemp.config.reading import others_may_write, problem, read_regular_file
from aiemp.config.settings import Settings, read_settings
from aiemp.config.syntax import parse
from aiemp.errors import ConfigError

LARGEST_CONFIG = 4 * 1024 * 1024


class Source(NamedTuple):
    """One configuration as found. ``document`` holds its mistakes; ``settings`` leaves out what is wrong.

    ``names_vault``: there is a ``vault`` key, be it wrong, or the file could not be understood at all.
    ``others_may_write``: why others can change it, as ends of a sentence, each with a remedy.
    """

    file: Path
    exists: bool
    document: Document
    settings: Settings
    names_vault: bool
    others_may_write: tuple[str, ...] = ()


def read_config(
    file: Path, environ: Mapping[str, str], *, required: bool, owner: int | None = None
) -> Source:
    """Read ``file`` (absolute). A missing one is all defaults, unless it is ``required``.

    ``owner`` is whose file it may be, beside root's; None: this process's user.

    Raises ConfigError when it cannot be opened, or is no text; other mistakes are in the document.
    """
    try:
        data, status = read_regular_file(file, LARGEST_CONFIG)
        others = others_may_write(file, status, os.getuid() if owner is None else owner)
    except FileNotFoundError:
        if file.is_symlink():
            message = f"{printable(file)} is a link to a file that does not exist; mend or remove it"
            raise ConfigError([message]) from None
        if required:
            message = f"{printable(file)} does not exist; name another with --config, or run `aiemp init`"
            raise ConfigError([message]) from None
        return Source(file, False, Document(file, ""), Settings(), names_vault=False)
    except OSError as error:
        raise ConfigError([f"{printable(file)} {problem(error)}; {_make_readable(file, error)}"]) from error
    return read_text(file, decoded(file, data), environ, tuple(others))


def _make_readable(file: Path, error: OSError) -> str:
    """What to do about a configuration that cannot be read."""
    if not isinstance(error, PermissionError):
        return "make it a readable file"
    from aiemp.remedy import own_line  # noqa: PLC0415 - rare

    return f"run: {own_line(file)}"


def read_text(file: Path, text: str, environ: Mapping[str, str], others: tuple[str, ...] = ()) -> Source:
    """What ``text``, the contents of ``file``, says. Mistakes are in the document of the result."""
    parsed = parse(text)
    document = Document(file, parsed.text, lambda path: expand_home(path, environ))
    for line, message in parsed.mistakes:
        document.mistake_in_line(line, message)
    if parsed.values is None:
        return Source(file, True, document, Settings(), names_vault=True, others_may_write=others)
    settings = read_settings(document, parsed.values)
    return Source(file, True, document, settings, "vault" in parsed.values, others)


def decoded(file: Path, data: bytes) -> str:
    """The text of ``file``; a byte order mark, as Windows editors write it, is dropped."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError([f"{printable(file)}:{line}: {message}"]) from error
