"""Packs the parts of a bug report into one file that only its owner can read."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from aiemp.cli.bugreport.contents import Part
from aiemp.durable import PRIVATE_FILE
from aiemp.errors import AiempError

FOLDER = "aiemp-bugreport"

README = """This is a report of aiemp for those who are to find out what is wrong.

Taken out: the values of secrets (of the environment, .env and aiemp.toml), the places of the vault (VAULT) and of the
home (~), the names of the user and the machine (NAME), the words of prompts, what programs printed, and what tasks
said of their work. Nothing of what lies in the vault's notes is in it; an error may end with the last line that its
program printed. A redaction by rules can miss what it does not know: look through it before you give it away.

"""


def default_name(now: datetime) -> str:
    return f"{FOLDER}-{now:%Y-%m-%dT%H%M%SZ}.tar.gz"


def pack(parts: Iterable[Part], now: datetime) -> bytes:
    """The archive. Owners, modes and times tell nothing of the machine."""
    parts = list(parts)
    listed = "".join(f"{part.name}: {part.problem or f'{len(part.text)} characters'}\n" for part in parts)
    files = [Part("README.txt", README + listed), *(part for part in parts if not part.problem)]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for part in files:
            data = part.text.encode("utf-8", "backslashreplace")
            info = tarfile.TarInfo(f"{FOLDER}/{part.name}")
            info.size, info.mode, info.mtime = len(data), PRIVATE_FILE, int(now.timestamp())
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def write_new(path: Path, data: bytes) -> None:
    """Write the file (0600), which must not be there yet. Raises AiempError, and leaves nothing half-written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    except FileExistsError:
        raise AiempError(f"{path} is there already, and stays; name another file with --output") from None
    except OSError as error:
        raise AiempError(
            f"{path} cannot be written: {error.strerror}; name a file elsewhere with --output"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise AiempError(
            f"{path} cannot be written: {error.strerror}; name a file elsewhere with --output"
        ) from error
