"""What to do about something: as a command line, and as messages of ours have it. Pure."""

from __future__ import annotations

import re
from pathlib import Path

# As shlex.quote writes them; an apostrophe within a word quotes nothing.
_QUOTED = re.compile(r"""(?<!\w)'[^']*'|(?<!\w)"[^"]*\"""")


def split_remedy(message: str) -> tuple[str, str]:
    """``message`` as what it says and what to do; "" for the latter where it has none.

    A semicolon in a quoted path parts nothing: what follows it there is no advice, whoever named the file.
    """
    plain = _QUOTED.sub(lambda quoted: "-" * len(quoted[0]), message)
    at = plain.rfind("; ")
    return (message, "") if at < 0 else (message[:at], message[at + 2 :])


def own_line(path: Path | str, rights: str = "rw") -> str:
    """The command line that makes ``path`` belong to whoever pastes it, with ``rights`` as chmod(1) writes them."""
    import shlex  # noqa: PLC0415 - for once; no long-running process needs it

    quoted = shlex.quote(str(path))
    return f'sudo chown "$(id -u)" {quoted} && chmod u+{rights} {quoted}'
