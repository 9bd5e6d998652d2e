"""The log files under ``Logs/aiemp``: bounded, private, and never the reason why something does not run."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from aiemp.escaping import escaped_lines
from aiemp.inside import open_file, open_folder, open_in
from aiemp.redaction import Redactor, in_force

log = logging.getLogger("aiemp.logs")

LINE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
JOURNAL_FORMAT = "%(levelname)s %(name)s: %(message)s"
LONGEST_LINE_BYTES = 4096
COPIED_AT_ONCE = 256 * 1024
ORCHESTRATOR_LIMIT_BYTES = 4 * 1024 * 1024


def prepare_log_file(path: Path, limit_bytes: int) -> Path | None:
    """Make ``path`` ready to be appended to (0600), and keep it below ``limit_bytes``: a full one becomes
    ``NAME.1``. None, with a warning, when it cannot be written."""
    try:
        os.close(open_log(path, limit_bytes))
    except OSError as error:
        log.warning("%s cannot be written, its output goes nowhere: %s", path, error)
        return None
    return path


def open_log(path: Path, limit_bytes: int | None = None) -> int:
    """A descriptor that appends to ``VAULT/Logs/aiemp/NAME``, made if missing (0600, its folders 0700).

    One that has reached ``limit_bytes`` becomes ``NAME.1``, in place of an older one; so does one that has a
    second name (a hard link), which may lie outside of the vault. OSError where a link leads out of the vault.
    """
    folder = open_folder(path.parent, path.parents[2], make=2)
    try:
        _rotate(folder, path.name, limit_bytes)
        return open_in(folder, path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    finally:
        os.close(folder)


def _rotate(folder: int, name: str, limit_bytes: int | None) -> None:
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_full = limit_bytes is not None and status.st_size >= limit_bytes
        if is_full or (stat.S_ISREG(status.st_mode) and status.st_nlink > 1):
            os.replace(name, f"{name}.1", src_dir_fd=folder, dst_dir_fd=folder)


def last_line(path: Path, *, since: float = 0.0) -> str:
    """The last line of ``VAULT/Logs/aiemp/NAME``; empty when there is none to be read, or nothing was written
    ``since``."""
    try:
        with os.fdopen(open_file(path, os.O_RDONLY, path.parents[2]), "rb") as file:
            if os.fstat(file.fileno()).st_mtime < since:
                return ""
            file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_LINE_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def redact_again(path: Path, boundary: Path, redactor: Redactor) -> None:
    """Take out of a log what ``redactor`` knows only now. Best effort: what cannot be done is logged."""
    try:
        folder = open_folder(path.parent, boundary)
        try:
            _redact_in(folder, path, redactor)
        finally:
            os.close(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("%s may hold a new secret of .env, which cannot be taken out: %s", path, error)


def _redact_in(folder: int, path: Path, redactor: Redactor) -> None:
    with os.fdopen(open_in(folder, path, os.O_RDONLY), "rb") as source:
        if all(kept == chunk for chunk, kept in _redacted(source, redactor)):
            return
        temporary = path.with_name(f".{path.name[:100]}.{os.urandom(6).hex()}.tmp")
        source.seek(0)
        with os.fdopen(open_in(folder, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as target:
            for _, kept in _redacted(source, redactor):
                target.write(kept)
    os.replace(temporary.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _redacted(source: IO[bytes], redactor: Redactor) -> Iterator[tuple[bytes, bytes]]:
    """The parts of ``source``, as they are and without secrets; no secret lies across two of them."""
    rest = b""
    while chunk := source.read(COPIED_AT_ONCE):
        data = rest + chunk
        end = redactor.held_from(data)
        rest = data[end:]
        yield data[:end], redactor.data(data[:end])
    yield rest, redactor.data(rest)


class _Redacting(logging.Formatter):
    """Formats a record without the secrets that are known by then. Names and words of strangers are in it: what is
    more than a line is indented, so that it cannot look like a record of its own. ``tracebacks``: with them; without,
    a record that has one says what kind of error it was, since a person who reads it has no use for more."""

    def __init__(self, form: str, *, tracebacks: bool = True) -> None:
        super().__init__(form)
        self.tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        return escaped_lines(in_force().text(self._said(record)), "    ")

    def _said(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or self.tracebacks:
            return super().format(record)
        from aiemp.unforeseen import in_words  # noqa: PLC0415 - errors are rare

        said = super().format(logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None}))
        return said if str(error) and said.endswith(str(error)) else f"{said}: {in_words(error)}"


class _RotatingFile(logging.Handler):
    """Appends lines to a file and rotates it. logging.handlers would load sockets and queues for good."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        super().__init__()
        self.path = path
        self.limit_bytes = limit_bytes
        self.complained = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            descriptor = open_log(self.path, self.limit_bytes)
            try:
                os.write(descriptor, (self.format(record) + "\n").encode("utf-8", "backslashreplace"))
            finally:
                os.close(descriptor)
            self.complained = False
        except OSError as error:
            # Standard error has the line already; say once that the file lacks it.
            if not self.complained:
                self.complained = True
                sys.stderr.write(f"aiemp: {self.path} cannot be written: {error}\n")


def log_to(path: Path | None, *, level: int = logging.INFO, tracebacks: bool = True) -> None:
    """Log to standard error, and to ``path`` as well, unless the journal keeps what we say.

    systemd sets JOURNAL_STREAM then (systemd.exec(5)); the journal adds the time itself. ``tracebacks``: on standard
    error, too, where a person reads it; a log and the journal have them in any case.
    """
    journal = bool(os.environ.get("JOURNAL_STREAM"))
    root = logging.getLogger("aiemp")
    root.setLevel(level)
    root.propagate = False
    for old in list(root.handlers):
        root.removeHandler(old)
    stream = logging.StreamHandler(sys.stderr)
    form = JOURNAL_FORMAT if journal else LINE_FORMAT
    stream.setFormatter(_Redacting(form, tracebacks=tracebacks or journal))
    root.addHandler(stream)
    if path is None or journal:
        return
    try:
        os.close(open_log(path))
    except OSError as error:
        log.warning("%s cannot be written, so there is no log file: %s", path, error)
        return
    file = _RotatingFile(path, ORCHESTRATOR_LIMIT_BYTES)
    file.setFormatter(_Redacting(LINE_FORMAT))
    root.addHandler(file)
