"""The one place that writes to standard output: what a command found, as text or as JSON."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from aiemp.cli.screen import Screen, screen_of
from aiemp.errors import AiempError
from aiemp.escaping import escaped_lines

IN_ASCII = "aiemp-in-ascii"


class Answer(Protocol):
    """What a command returns. ``as_json`` gives plain values, ``as_text`` lines for people, both pure."""

    @property
    def exit_code(self) -> int: ...

    def as_json(self) -> Mapping[str, Any]: ...

    def as_text(self, screen: Screen) -> str: ...


def show(answer: Answer, *, as_json: bool, pasted: Callable[[str], str] = str) -> None:
    """Print ``answer``. A reader that went away (``| head``) has what it wanted, so that is no error.

    ``pasted`` completes the command lines in the words of an answer that ``tells_commands``.
    """
    from aiemp.redaction import in_force

    text = json_text(answer.as_json()) if as_json else answer.as_text(screen())
    if not as_json and getattr(answer, "tells_commands", False):
        text = pasted(text)
    if not getattr(answer, "is_file", False):  # a unit must come out as it is written
        text = in_force().text(text)
    if not text:
        return
    try:
        write(text + "\n")
    except BrokenPipeError:
        close_quietly()
    except OSError as error:
        close_quietly()
        raise AiempError(f"standard output cannot be written: {error.strerror}; see where it goes") from error


def json_text(value: Mapping[str, Any]) -> str:
    """``value`` as JSON. ASCII only, so that it is valid in every locale, and for names that are no text."""
    try:
        return json.dumps(value, indent=2, default=str, allow_nan=False)
    except ValueError:  # a number that JSON does not have, from a file or from a task of the user's own
        return json.dumps(_finite(value), indent=2, default=str)


def _finite(value: object) -> object:
    """``value`` with null for infinities and what is not a number."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(below) for below in value]
    return value


def screen() -> Screen:
    """Standard output's screen."""
    return screen_of(sys.stdout, os.environ)


def write(text: str) -> None:
    """Write ``text`` at once. Raises BrokenPipeError when the reader is gone."""
    sys.stdout.write(text)
    sys.stdout.flush()


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """For :func:`redraw`: the terminal's other screen, without a cursor. What was on the terminal is back
    afterwards, however that comes about, SIGTERM included."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    write("\x1b[?1049h\x1b[?25l\x1b[2J")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            write("\x1b[?25h\x1b[?1049l")
        signal.signal(signal.SIGTERM, before)


def redraw(text: str) -> None:
    """Draw ``text`` over what was drawn before, without a flicker; what does not fit is left out."""
    from aiemp.redaction import in_force

    lines = _fitting(in_force().text(text).split("\n"), screen())
    # Home; each line to its end; then everything below (ECMA-48: CUP, EL, ED).
    write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")


def _fitting(lines: list[str], screen: Screen) -> list[str]:
    """As many of ``lines`` as fit; a long one takes several rows."""
    if screen.height is None:
        return lines
    import re

    from aiemp.cli.table import cells_of

    ends, row = [], 0
    for line in lines:
        cells = cells_of(re.sub(r"\x1b\[[0-9;]*m", "", line))
        row += max(-(-cells // (screen.width or cells or 1)), 1)
        ends.append(row)
    if row < screen.height:
        return lines
    return [*(line for line, end in zip(lines, ends, strict=True) if end <= screen.height - 2), "..."]


def note(text: str, *, is_painted: bool = False) -> None:
    """Tell the person in front of it something that is no result.

    ``is_painted``: the caller has painted it, having made visible what is not his own.
    """
    from aiemp.redaction import in_force

    text = in_force().text(text)
    try:
        sys.stderr.write(f"{text if is_painted else escaped_lines(text)}\n")
        sys.stderr.flush()
    except OSError:
        return  # nobody can be told that nobody can be told


def page(text: str) -> None:
    """Show ``text``, which is painted, to the person in front of it: on standard error, or through PAGER where it is
    longer than the screen. A pager writes to standard output, so not where that goes elsewhere."""
    from aiemp.redaction import in_force

    height = screen_of(sys.stderr, os.environ).height
    if height is None or text.count("\n") + 2 < height or not sys.stdout.isatty():
        note(text, is_painted=True)
        return
    import click

    click.echo_via_pager(in_force().text(text))


def prepare_streams() -> None:
    """Let no character stop the program: a locale or a file name may hold what the other cannot show.

    A stream that was closed by the caller (``>&-``) is None, and becomes one that swallows.
    """
    codecs.register_error(IN_ASCII, _in_ascii)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=IN_ASCII)


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    """An error handler of codecs: our own sentences hold an ellipsis, which ASCII has as three dots."""
    if isinstance(error, UnicodeEncodeError) and error.object[error.start] == "…":
        return "...", error.start + 1
    if isinstance(error, UnicodeEncodeError):  # one by one, or an ellipsis behind others is not seen
        error.end = error.start + 1
    return codecs.backslashreplace_errors(error)


def close_quietly() -> None:
    """Point standard output to nowhere, so that what is left in its buffer cannot fail at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
