"""The home folder as ``~``, so that what doctor prints can be shown to others. Pure."""

from __future__ import annotations

import re


def with_tilde(text: str, home: str) -> str:
    """``text`` with every path below ``home`` written from ``~``.

    Commands in it still work when typed: a shell expands ``~/`` only outside of quotes, so there it stands.
    """
    home = home.rstrip("/")
    if not home.startswith("/"):
        return text
    folder = re.escape(home)
    # Neither in the middle of another path (/mnt/home/me) nor as the beginning of another name (/home/me2).
    text = re.sub(rf"(?<![\w./-])'{folder}/", "~/'", text)
    return re.sub(rf"(?<![\w./-]){folder}(?![\w-]|\.\w)", "~", text)
