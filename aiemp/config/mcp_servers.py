"""The vault's MCP servers: ``.mcp.json``, as ``[mcp.*]`` changes it (semantics, "Health, alerts, stopping").

``.mcp.json`` lies in the vault, so nothing in it is a mistake of the configuration: what cannot be used is
left out and said in a warning.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from aiemp.config.mcp_settings import McpSettings
from aiemp.config.names import check_name
from aiemp.config.reading import problem, read_regular_file
from aiemp.frozen import replace
from aiemp.plan import McpServer

LARGEST_MCP_JSON = 1024 * 1024
MOST_SERVERS = 100
SCRIPT_SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".py")
SOURCE_ENTRY = Path("src") / "index.ts"
"""What stands in for a server's health in a vault without ``.mcp.json`` (seed 3A)."""


def planned_servers(
    settings: Sequence[McpSettings], vault: Path
) -> tuple[tuple[McpServer, ...], tuple[str, ...]]:
    """The servers of the vault, then those that only the configuration names; and warnings."""
    found, warnings = _servers_of_vault(vault)
    servers = {server.name: server for server in found}
    for changes in settings:
        known = servers.get(changes.name)
        if known is None and changes.command is None and changes.url is None and changes.entry is None:
            warnings.append(
                f"[mcp.{changes.name}] in line {changes.line}: there is no such server in "
                f"{vault / '.mcp.json'}; give it a command or a url, or remove it"
            )
            continue
        servers[changes.name] = _changed(known or McpServer(changes.name), changes, vault)
    return tuple(servers.values()), tuple(warnings)


def _changed(server: McpServer, changes: McpSettings, vault: Path) -> McpServer:
    if changes.command is not None:
        server = replace(
            server, command=changes.command, url=None, entry=None, disabled=False, from_vault=False
        )
    if changes.url is not None:
        server = replace(server, url=changes.url, command=(), entry=None, disabled=False, from_vault=False)
    if changes.cwd is not None:
        server = replace(server, cwd=vault / changes.cwd, entry=None if server.command else server.entry)
    if changes.env is not None:
        server = replace(server, env=tuple({**dict(server.env), **dict(changes.env)}.items()))
    if changes.probe is not None:
        server = replace(server, probe=changes.probe)
    entry = server.entry or entry_of(server.command, server.cwd or vault)
    if changes.entry is not None:
        entry = (server.cwd or vault) / changes.entry
    return replace(server, entry=entry)


def entry_of(command: tuple[str, ...], folder: Path) -> Path | None:
    """The script that ``command`` starts in ``folder``: ``node dist/index.js``; None when it names none."""
    for word in command[1:]:
        if not word.startswith("-") and word.endswith(SCRIPT_SUFFIXES) and "$" not in word:
            return folder / word
    program = command[0] if command else ""
    return folder / program if "/" in program and "$" not in program else None


def _servers_of_vault(vault: Path) -> tuple[list[McpServer], list[str]]:
    path = vault / ".mcp.json"
    try:
        data, _ = read_regular_file(path, LARGEST_MCP_JSON, beneath=vault)
    except FileNotFoundError:
        return _server_folders(vault)
    except OSError as error:
        return [], [f"{path} {problem(error)}; its MCP servers are not watched"]
    import json  # noqa: PLC0415 - not every vault has servers

    try:
        value = json.loads(data.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        return [], [f"{path} is no JSON ({error}); its MCP servers are not watched"]
    entries = value.get("mcpServers", {}) if isinstance(value, dict) else None
    if not isinstance(entries, dict):
        return [], [f'{path} has no table "mcpServers"; its MCP servers are not watched']
    servers, warnings = [], []
    if len(entries) > MOST_SERVERS:
        warnings.append(f"{path} names {len(entries)} servers; only the first {MOST_SERVERS} are watched")
    for name, entry in list(entries.items())[:MOST_SERVERS]:
        reason = check_name(name)
        server = None if reason else _server(name, entry, vault)
        if server is not None:
            servers.append(server)
        else:
            reason = reason or "has neither a usable command nor a url"
            warnings.append(f"{path}: the server {name[:100]!r} {reason}; it is not watched")
    disabled = _disabled_names(vault) if servers else frozenset()
    return [replace(server, disabled=server.name in disabled) for server in servers], warnings


def _disabled_names(vault: Path) -> frozenset[str]:
    """The servers that the vault's ``.claude/settings*.json`` switch off: as in Claude Code, that outweighs any
    ``enabledMcpjsonServers``. One that is in neither list is started by a run of Claude (``--print``)."""
    import json  # noqa: PLC0415 - not every vault has servers

    names: set[str] = set()
    for file in ("settings.json", "settings.local.json"):
        try:
            data, _ = read_regular_file(vault / ".claude" / file, LARGEST_MCP_JSON, beneath=vault)
            settings = json.loads(data)
        except (OSError, ValueError, RecursionError):
            continue  # Claude Code tells of it
        listed = settings.get("disabledMcpjsonServers") if isinstance(settings, dict) else None
        names |= {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
    return frozenset(names)


def _server(name: str, entry: object, vault: Path) -> McpServer | None:
    if not isinstance(entry, dict):
        return None
    program, args, env = entry.get("command"), entry.get("args", []), entry.get("env")
    url, folder = entry.get("url"), entry.get("cwd")
    cwd = vault / folder if _is_text(folder) else None
    pairs = tuple(
        (key, value)
        for key, value in (env.items() if isinstance(env, dict) else ())
        if _is_text(key) and "=" not in key and _is_text(value, empty=True)
    )
    if _is_text(program) and isinstance(args, list) and all(_is_text(word, empty=True) for word in args):
        command = (program, *args)
        entry_file = entry_of(command, cwd or vault)
        return McpServer(name, command, cwd=cwd, env=pairs, entry=entry_file, from_vault=True)
    if _is_text(url) and url.startswith(("http://", "https://")):
        return McpServer(name, url=url, cwd=cwd, env=pairs, from_vault=True)
    return None


def _is_text(value: object, *, empty: bool = False) -> TypeGuard[str]:
    """Whether a value can be an argument of a program: text without NUL and without lone surrogates."""
    if not isinstance(value, str) or "\0" in value or not (value or empty):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _server_folders(vault: Path) -> tuple[list[McpServer], list[str]]:
    folder = vault / "mcp-servers"
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError as error:
        return [], [f"{folder} {problem(error)}; the MCP servers in it are not watched"]
    usable = [name for name in names if check_name(name) is None][:MOST_SERVERS]
    return [McpServer(name, entry=folder / name / SOURCE_ENTRY) for name in usable], []
