"""Messages of ours have what to do behind their last semicolon. Pure."""

from __future__ import annotations

import re

# As shlex.quote writes them; an apostrophe within a word quotes nothing.
_QUOTED = re.compile(r"""(?<!\w)'[^']*'|(?<!\w)"[^"]*\"""")


def split_remedy(message: str) -> tuple[str, str]:
    """``message`` as what it says and what to do; "" for the latter where it has none.

    A semicolon in a quoted path parts nothing: what follows it there is no advice, whoever named the file.
    """
    plain = _QUOTED.sub(lambda quoted: "-" * len(quoted[0]), message)
    at = plain.rfind("; ")
    return (message, "") if at < 0 else (message[:at], message[at + 2 :])
