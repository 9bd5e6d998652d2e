"""``[mcp.NAME]``: MCP servers that ``.mcp.json`` does not name, or names differently. Pure."""

from __future__ import annotations

from pathlib import Path

from aiemp.config.document import shown
from aiemp.config.named_tables import NamedTable, named_tables
from aiemp.config.table import Table
from aiemp.frozen import frozen


@frozen
class McpSettings:
    """One ``[mcp.NAME]`` table. None: the key is not there. Relative paths start at the vault."""

    name: str
    line: int = 1
    command: tuple[str, ...] | None = None
    url: str | None = None
    cwd: Path | None = None
    env: tuple[tuple[str, str], ...] | None = None
    entry: Path | None = None
    probe: bool | None = None


def read_mcp(root: Table) -> tuple[McpSettings, ...]:
    """The ``[mcp.*]`` tables in the order of the file; mistakes go to the table's document."""
    tables = [(named, _read_server(named)) for named in named_tables(root, "mcp")]
    return tuple(settings for named, settings in tables if named.usable)


def _read_server(named: NamedTable) -> McpSettings:
    table = named.table
    settings = McpSettings(
        name=named.name,
        line=table.line(),
        command=table.argv("command"),
        url=_url(table),
        cwd=table.folder("cwd"),
        env=table.variables("env"),
        entry=table.folder("entry"),
        probe=table.flag("probe"),
    )
    if "command" in table and "url" in table:
        table.mistake("and `command` exclude each other; keep one of them", "url")
    table.refuse_unknown_keys()
    return settings


def _url(table: Table) -> str | None:
    url = table.one_line("url")
    if url is None or url.startswith(("http://", "https://")):
        return url
    table.mistake(f"is {shown(url)}; write an address that begins with https:// or http://", "url")
    return None
