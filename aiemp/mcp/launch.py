"""How a server is started, or what can be said of it without."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from aiemp.config.mcp_servers import entry_of
from aiemp.environment import child_environment, vault_environment
from aiemp.frozen import frozen, replace
from aiemp.mcp.approval import approved_servers, is_approved
from aiemp.mcp.files import file_verdict
from aiemp.mcp.variables import expand
from aiemp.mcp.verdict import State, Verdict
from aiemp.plan import McpServer, Plan
from aiemp.process import find_program

CONNECT_S = 1.0
"""How long a server on this machine may take to accept a connection."""


@frozen
class Launch:
    """All that starting one needs."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]


class Launcher:
    """Prepares the servers of one plan. What all of them need is read once: ``.env`` and the approvals.

    ``only_approved``: leave those alone that nobody has adopted yet (:mod:`aiemp.mcp.approval`).
    """

    def __init__(
        self, plan: Plan, environ: Mapping[str, str], now: datetime, *, only_approved: bool = True
    ) -> None:
        self._plan = plan
        self._now = now
        self._environ = environ
        self._dotenv = {} if plan.dry_run.active else vault_environment(plan.vault)[0]
        self._approved = approved_servers(plan, environ) if only_approved else None

    def prepare(self, server: McpServer) -> Launch | Verdict:
        """How ``server`` is started; or a verdict, ``checked`` where it really was."""
        if self._plan.dry_run.active or server.disabled:
            return file_verdict(server)
        approved = self._approved is None or is_approved(server, self._approved, self._dotenv)
        expanded, missing = expand(server, child_environment(self._environ, self._dotenv, False))
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            return self._checked(State.NOT_CONFIGURED, f"{' and '.join(missing)} {verb} not set")
        if expanded.url is not None:
            return self._reach(expanded.url)
        return self._of_program(expanded, approved)

    def _of_program(self, server: McpServer, approved: bool) -> Launch | Verdict:
        folder = self._plan.vault if server.cwd is None else self._plan.vault / server.cwd
        server = replace(server, entry=server.entry or entry_of(server.command, folder))
        by_files = file_verdict(server)
        if by_files.state in (State.NOT_BUILT, State.MISSING):
            return replace(by_files, checked=self._now)
        if not server.command:
            return by_files
        if not approved:
            return self._checked(State.NEW)
        return self._launch(server, folder) if server.probe else by_files

    def _launch(self, server: McpServer, folder: Path) -> Launch | Verdict:
        env = child_environment(self._environ, self._dotenv, False, server.env)
        program = server.command[0]
        found = find_program(str(folder / program) if os.sep in program else program, env)
        if found is None:
            where = "is not there" if os.sep in program else "is not on PATH"
            return self._checked(State.MISSING, f"{program} {where}")
        return Launch((str(found), *server.command[1:]), folder, env)

    def _reach(self, url: str) -> Verdict:
        """Whether somebody listens at a loopback address. Others are not asked: that is their owners' wire."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return self._checked(State.UNREACHABLE, "its address makes no sense")
        if not _is_loopback(host):
            return Verdict(State.CONFIGURED)
        try:
            with socket.create_connection((host, port), timeout=CONNECT_S):
                return self._checked(State.AVAILABLE)
        except OSError as error:
            return self._checked(State.UNREACHABLE, f"port {port}: {error.strerror or error}")

    def _checked(self, state: State, detail: str = "") -> Verdict:
        return Verdict(state, detail, checked=self._now)


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
