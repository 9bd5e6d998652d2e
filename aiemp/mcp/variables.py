"""``${NAME}`` and ``${NAME:-default}`` in an MCP server's settings, as Claude Code fills them in. Pure.

Claude Code's documentation ("Environment variable expansion in .mcp.json"): in command, args, env and url;
the default stands for a variable that is not set, an empty one counts as set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiemp.frozen import replace
from aiemp.plan import McpServer

_REFERENCE = re.compile(r"\$\{([^}]+)\}")


def expand(server: McpServer, variables: Mapping[str, str]) -> tuple[McpServer, tuple[str, ...]]:
    """``server`` with its references filled in, and the names of the variables that are not set."""
    missing: dict[str, None] = {}

    def value(reference: re.Match[str]) -> str:
        name, has_default, default = reference[1].partition(":-")
        if name in variables:
            return variables[name]
        if not has_default:
            missing[name] = None
        return default

    def filled(text: str) -> str:
        return _REFERENCE.sub(value, text)

    expanded = replace(
        server,
        command=tuple(map(filled, server.command)),
        env=tuple((name, filled(text)) for name, text in server.env),
        url=None if server.url is None else filled(server.url),
    )
    return expanded, tuple(missing)
