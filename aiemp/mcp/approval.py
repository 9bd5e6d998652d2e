"""Which servers of the vault's ``.mcp.json`` may be started by aiemp itself.

The vault is written to by Claude, and so by whoever can talk it into something (semantics, "Where the
configuration lives": nothing in the vault may add a command by itself). Claude Code in print mode starts
whatever ``.mcp.json`` names, so a planted server does run in time; but a health update that started it would
do so within a quarter of an hour, outside of Claude's runs, even while these are paused or used up. So a
server is adopted as a watcher is: when its owner runs ``aiemp init``, ``install-units`` or ``run``, what the
vault names then is noted here. One that came later, or whose command changed since, is shown as new and not
started, until its owner runs one of these again. ``aiemp doctor mcp`` tries all, since its owner asks for it.
Servers that aiemp.toml gives a command need no approval: it lies outside of the vault.

What the named files contain is not looked at, as with watchers. Claude's own approvals
(``enabledMcpjsonServers``) are in ``.claude/settings*.json`` of the vault, so they protect from nothing.

The record is ``mcp-approved.json`` beside aiemp.toml (:mod:`aiemp.adoption`), written only here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from aiemp.adoption import read_record, record_file, write_record
from aiemp.environment import vault_environment
from aiemp.mcp.files import definition
from aiemp.mcp.variables import expand
from aiemp.plan import McpServer, Plan
from aiemp.secret_values import names_a_secret

SERVERS = "mcp-approved.json"


def is_approved(server: McpServer, approved: Mapping[str, str], dotenv: Mapping[str, str]) -> bool:
    """Whether ``server`` may be started: it comes from outside of the vault, or is as it was adopted."""
    return not server.from_vault or approved.get(server.name) == _identity(server, dotenv)


def approved_servers(plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """The servers of this vault that were adopted, each with what it was then."""
    noted = read_record(_note(plan, environ)).get(str(plan.vault), {})
    return {name: str(digest) for name, digest in noted.items()}


def adopt_servers(plan: Plan, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Let the vault's servers, as they are now, be started from now on. Returns those that are new.

    Best effort: what cannot be written is logged, and the servers stay new.
    """
    found = [server for server in plan.mcp_servers if server.from_vault]
    before = approved_servers(plan, environ)
    dotenv = vault_environment(plan.vault)[0] if found else {}
    wanted = {server.name: _identity(server, dotenv) for server in found}
    if before == wanted or not write_record(_note(plan, environ), plan.vault, wanted):
        return ()
    return tuple(name for name, each in wanted.items() if before.get(name) != each)


def _identity(server: McpServer, dotenv: Mapping[str, str]) -> str:
    """What its owner agreed to, with what the vault's ``.env`` puts in place of ``${NAME}``. A secret may
    change, a variable that picks programs may not."""
    values: list[object] = []
    for each in (server, expand(server, dotenv)[0]):
        env = [(name, "" if names_a_secret(name) else value) for name, value in each.env]
        values += [definition(each), sorted(env)]
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which no long-running process needs

    return hashlib.sha256(json.dumps(values, ensure_ascii=True).encode()).hexdigest()


def _note(plan: Plan, environ: Mapping[str, str]) -> Path:
    return record_file(plan.config_file, plan.vault, environ, SERVERS)
