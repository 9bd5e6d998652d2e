"""Asking another program something: started, waited for at most so long, and all it said kept as text.

For what is short and harmless to end. What works for somebody (Claude, a watcher, an MCP server) has a supervisor of
its own (``aiemp.process``), which leaves nothing of it behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from aiemp.frozen import frozen


class Silence(Enum):
    """Why a program has given no answer."""

    MISSING = "missing"
    LATE = "late"
    REFUSED = "refused"


@frozen
class Answer:
    """What a program said, and ``code``, with which it ended (negative: by that signal).

    ``code`` is None where there is no answer: then ``silence`` is why, and ``problem`` says that about the program,
    as "gave no answer in 20 s".
    """

    code: int | None
    out: str = ""
    err: str = ""
    silence: Silence | None = None
    problem: str = ""


def ask(argv: Sequence[str], *, environ: Mapping[str, str], timeout_s: float) -> Answer:
    """Run ``argv`` to its end, with nothing to read; kill it after ``timeout_s``. Never raises for what it does."""
    import subprocess  # noqa: PLC0415 - many load the modules that ask, few of them ask

    try:
        done = subprocess.run(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        return Answer(None, silence=Silence.MISSING, problem="was not found")
    except OSError as error:
        return Answer(None, silence=Silence.REFUSED, problem=f"cannot be started ({error.strerror or error})")
    except subprocess.TimeoutExpired:
        return Answer(None, silence=Silence.LATE, problem=f"gave no answer in {timeout_s:g} s")
    # Not by the locale, and with the ends of lines as they came: a crontab's are kept by whoever edits it.
    return Answer(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )
