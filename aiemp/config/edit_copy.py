"""``aiemp.toml`` edited as a whole: on a copy, which replaces the file only when it has no mistakes.

The orchestrator takes a changed file up at its next tick, so what an editor saves half-way must not be that file.
The copy lies beside it, where relative paths in it mean the same.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shlex
from collections.abc import Callable
from pathlib import Path

from aiemp.config.document import printable
from aiemp.config.edit import folder_lock
from aiemp.config.source import LARGEST_CONFIG, decoded
from aiemp.durable import PRIVATE_FILE, replace_file, write_all
from aiemp.errors import AiempError, ConfigError
from aiemp.remedy import own_line

BACKUP_SUFFIX = ".bak"


def other_copies(config_file: Path) -> list[Path]:
    """Copies that somebody else has open now, or that a killed editor left; nobody knows which."""
    file = Path(os.path.realpath(config_file))
    return sorted(file.parent.glob(f"{glob.escape(file.stem)}.edit-{'[0-9a-f]' * 6}.toml"))


class ChangedMeanwhile(AiempError):
    """Somebody else has changed the file since it was opened; nothing was overwritten."""


class EditedCopy:
    """A private copy of ``config_file`` for an editor. ``file`` is the real one, behind links.

    AiempError when it cannot be read or its folder cannot be written, before anybody types anything.
    """

    def __init__(self, config_file: Path) -> None:
        try:
            self.file = config_file.resolve()
            self.before = self.file.read_bytes()
            if not os.access(self.file, os.W_OK):
                raise PermissionError(0, "it is not yours to write")
            self.path = self.file.with_name(f"{self.file.stem}.edit-{os.urandom(3).hex()}.toml")
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, in Python before 3.13
            reason = error.strerror if isinstance(error, OSError) else "a loop of links"
            is_refused = isinstance(error, PermissionError)
            step = f"run: {own_line(config_file)}" if is_refused else "see who may write it"
            message = f"{printable(config_file)} cannot be edited ({reason}); {step}"
            raise AiempError(message) from error
        try:
            write_all(descriptor, self.before)
        finally:
            os.close(descriptor)

    @property
    def backup(self) -> Path:
        """Where the file as it was before the last edit is kept."""
        return self.file.with_name(self.file.name + BACKUP_SUFFIX)

    def text(self) -> bytes:
        """What the editor left. AiempError when that is no file any more, or a very large one."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise AiempError(
                f"{printable(self.path)} cannot be read ({error.strerror}); {self.file} is as it was"
            ) from error
        if len(data) > LARGEST_CONFIG:
            raise AiempError(f"that is larger than {LARGEST_CONFIG} bytes; {self.file} is as it was")
        return data

    def mistakes(self, load: Callable[[Path], object]) -> tuple[str, ...]:
        """What is wrong in the copy, told of the real file. ``load`` loads a plan from a configuration.

        What is wrong elsewhere (no vault is named in this shell) is nothing that an edit could mend.
        """
        try:
            decoded(self.path, self.text())
            load(self.path)
        except ConfigError as error:
            place = f"{printable(self.path)}:"
            lines = (mistake for mistake in error.mistakes if mistake.startswith(place))
            return tuple(f"{printable(self.file)}:{line.removeprefix(place)}" for line in lines)
        return ()

    def save(self) -> None:
        """Let the copy be the file, which keeps its mode and owner; the old text becomes the backup.

        ChangedMeanwhile when the file is no longer what was opened: then the copy is kept, for a look at both.
        """
        after = self.text()
        try:
            with folder_lock(self.file.parent):
                if self.file.read_bytes() != self.before:
                    raise ChangedMeanwhile(
                        f"{self.file} was changed by somebody else meanwhile, so nothing was overwritten; yours is "
                        f"kept, compare the two: diff {shlex.quote(str(self.file))} {shlex.quote(str(self.path))}"
                    )
                replace_file(self.backup, self.before)
                replace_file(self.file, after)
        except OSError as error:
            raise AiempError(
                f"{self.file} cannot be written ({error.strerror}), and is as it was; yours is kept in {self.path}"
            ) from error

    def remove(self) -> None:
        """Take the copy away."""
        with contextlib.suppress(OSError):
            self.path.unlink()
