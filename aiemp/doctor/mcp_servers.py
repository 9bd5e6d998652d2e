"""``mcp-built``: the files that MCP servers are started from are there. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, counted, fail, ok
from aiemp.frozen import frozen


@frozen
class McpServerSeen:
    """One server with an entry file. ``project``: the folder above it that has a package.json."""

    name: str
    entry: Path
    exists: bool
    project: Path | None = None


def judge_mcp_servers(servers: tuple[McpServerSeen, ...]) -> list[Finding]:
    """A finding for each that cannot start; nothing where no server has an entry file."""
    missing = [_missing(server) for server in servers if not server.exists]
    if missing or not servers:
        return missing
    return [ok(f"{counted(len(servers), 'server')}: {', '.join(server.name for server in servers)}")]


def _missing(server: McpServerSeen) -> Finding:
    if server.project is None:
        remedy = "correct its command in .mcp.json, or remove it there"
    else:
        remedy = f"cd {shlex.quote(str(server.project))} && npm install && npm run build"
    return fail(f"MCP server {server.name} cannot start: {server.entry} is not there", remedy)
