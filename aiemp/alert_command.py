"""The owner's own way to be told: ``[alerts] command``, a program and its arguments; no shell reads them.

What it learns, in three ways, so that nearly any program can be used as it is: placeholders in its arguments
(``{title}``), variables (``AIEMP_ALERT_TITLE``), and the whole text on its standard input. A placeholder stays
within its argument, whatever it stands for.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aiemp.alert_files import Alert
from aiemp.environment import child_environment
from aiemp.errors import VaultError
from aiemp.redaction import in_force

OPENED, AGAIN, RESOLVED = "opened", "again", "resolved"
"""What may be told of an alert: it is new; it still comes, an hour after it was last told; its cause is gone."""

COMMAND_LIMIT_S = 30.0
_PLACEHOLDER = re.compile(r"\{(key|component|title|detail|remedy|state|text)\}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def without_controls(text: str) -> str:
    """``text`` with a space for each control character but line breaks."""
    return _CONTROL.sub(" ", text)


def run_alert_command(command: tuple[str, ...], alert: Alert, state: str, environ: Mapping[str, str]) -> None:
    """Run ``command`` for at most 30 s, in a session of its own, in the root folder.

    Raises when it cannot be started, fails, or takes longer than its limit.
    """
    values = {
        part: without_controls(getattr(alert, part))
        for part in ("key", "component", "title", "detail", "remedy")
    }
    values["state"] = state
    resolved = "Resolved: " if state == RESOLVED else ""
    text = f"{resolved}{alert.title}\n\n{alert.component}: {alert.detail}\n\n{alert.remedy}\n"
    extra = [(f"AIEMP_ALERT_{part.upper()}", value) for part, value in values.items()]
    with contextlib.ExitStack() as files:
        try:
            output = files.enter_context(tempfile.TemporaryFile())
        except OSError:  # a full disk, maybe: then its own words are lost, not the alert
            output = files.enter_context(Path(os.devnull).open("r+b"))
        try:
            process = subprocess.Popen(
                filled_in(command, {**values, "text": text}),
                cwd="/",
                env=child_environment(environ, {}, False, extra),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise VaultError(
                f"{command[0]} cannot be started ({error.strerror}); install it, or write its full path"
            ) from error
        try:
            assert process.stdin is not None  # asked for above
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(text.encode())
            code = process.wait(COMMAND_LIMIT_S)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.returncode is None:
                _kill_all_of(process)
        if code == 0:
            return
        output.seek(0)
        said = " ".join(in_force().text(output.read().decode(errors="replace")).split())[-300:]
    how = f"took longer than {COMMAND_LIMIT_S:.0f} s" if code is None else f"ended with {code}"
    raise VaultError(f"{command[0]} {how}: {said or 'it said nothing'}")


def filled_in(command: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    """``command`` with each placeholder replaced by its value, in one line except for ``{text}``.

    The program itself is never replaced, and other braces (JSON) stay as they are.
    """

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]
        return text if found[1] == "text" else " ".join(text.split())

    return [command[0], *(_PLACEHOLDER.sub(value, word) for word in command[1:])]


def _kill_all_of(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
