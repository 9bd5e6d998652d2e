"""An error that no code of ours foresaw, as one paragraph for people: what, where, and what to do next."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

_HINTS = {
    errno.EACCES: 'give yourself the right, for example: sudo chown "$(id -u)" {file}',
    errno.EPERM: "see whose it is: ls -ld {file}",
    errno.ENOSPC: "free some space; what is full is shown by: df -h {file}",
    errno.EDQUOT: "free some space: your quota there is used up",
    errno.EROFS: 'mount it writable: sudo mount -o remount,rw "$(findmnt -nT {file} -o TARGET)"',
    errno.ENOENT: "put it there, or name another",
    errno.EMFILE: "raise the limit of open files: ulimit -n 4096",
    errno.ENOMEM: "free some memory; who uses it is shown by: ps aux --sort -rss | head",
}
PACKAGE = Path(__file__).parent
LIBRARY = Path(traceback.__file__).parent
SEE_MORE = "-vv shows where in aiemp"


def in_words(error: BaseException) -> str:
    """``/x: Permission denied; give yourself the right, for example: …``. A mistake of ours says where it was made."""
    if isinstance(error, OSError) and error.strerror:
        file = _file(error)
        what = f"{file}: {error.strerror}" if file else error.strerror
        hint = _HINTS.get(error.errno or 0, "")
        if "{file}" in hint and not file:
            hint = ""
        import shlex  # noqa: PLC0415 - errors are rare

        advice = hint.format(file=shlex.quote(file)) if hint else "the system refused that"
        return f"{what}; {advice} ({SEE_MORE})"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place, is_ours = _place(error)
    if not is_ours:
        return f"{text}{place} (-vv shows the way there)"
    return f"{text}{place}; this is a mistake in aiemp. {SEE_MORE}; `aiemp bugreport` gathers what to report"


def _file(error: OSError) -> str:
    name = error.filename2 if error.filename is None else error.filename
    return "" if name is None or isinstance(name, int) else os.fsdecode(name)


def _place(error: BaseException) -> tuple[str, bool]:
    """The innermost line that is none of Python's or of a library, as `` (aiemp/ledger.py:12)``, and whether that is
    ours: a task may be a function of its owner's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(PACKAGE):
            return f" ({path.relative_to(PACKAGE.parent)}:{frame.lineno})", True
        if not path.is_relative_to(LIBRARY) and "site-packages" not in path.parts and path.is_absolute():
            return f" ({path}:{frame.lineno})", False
    return "", True


def whole(error: BaseException) -> str:
    """The traceback."""
    return "".join(traceback.format_exception(error)).rstrip()
