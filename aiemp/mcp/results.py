"""What the last probe found, for all who show it: ``.state/aiemp/mcp.json``.

Written only by :func:`save`, which the health update calls under its run lock; the orchestrator, ``aiemp
status`` and doctor read it, so none of them starts a server. The file lies in the vault: what it says is
shown, and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from aiemp.config.reading import read_regular_file
from aiemp.durable import make_private_folder, replace_file
from aiemp.frozen import replace
from aiemp.ledger_format import moment_text, read_moment
from aiemp.mcp.files import file_verdict, fingerprint
from aiemp.mcp.protocol import LONGEST_DETAIL, LONGEST_NAME, clean
from aiemp.mcp.verdict import State, Verdict
from aiemp.places import Places
from aiemp.plan import McpServer, Plan

LARGEST_RESULTS = 1024 * 1024

FILES_DECIDE = frozenset({State.NOT_BUILT, State.MISSING, State.DISABLED})
"""What has happened to a server's files since the probe is seen without another one."""


def last_verdicts(plan: Plan) -> dict[str, Verdict]:
    """How each server of the plan is, as far as that is known without starting any."""
    kept = _read(plan.vault) if plan.mcp_servers else {}
    return {server.name: _last_verdict(server, kept.get(server.name)) for server in plan.mcp_servers}


def save(plan: Plan, verdicts: Mapping[str, Verdict]) -> None:
    """Keep ``verdicts``; those of servers that were not tried this time stay. Raises OSError."""
    kept = _read(plan.vault)
    servers = {}
    for server in plan.mcp_servers:
        verdict = verdicts.get(server.name)
        if verdict is not None and verdict.checked is not None:
            servers[server.name] = _as_json(verdict, fingerprint(server))
        elif verdict is None and server.name in kept and kept[server.name].get("state") != State.NEW.value:
            # There was no time for it. One that nobody has adopted needs none, so it is new no more.
            servers[server.name] = kept[server.name]
    path = Places(plan.vault).mcp_results
    make_private_folder(path.parent)
    replace_file(path, json.dumps({"servers": servers}, indent=1).encode(), beneath=plan.vault)


def _last_verdict(server: McpServer, kept: Mapping[str, object] | None) -> Verdict:
    by_files = file_verdict(server)
    if kept is None or by_files.state in FILES_DECIDE or kept.get("fingerprint") != fingerprint(server):
        return by_files
    return _from_json(kept) or by_files


def _read(vault: Path) -> dict[str, dict[str, object]]:
    try:
        data, _ = read_regular_file(Places(vault).mcp_results, LARGEST_RESULTS, beneath=vault)
        servers = json.loads(data)["servers"]
        return {name: each for name, each in servers.items() if isinstance(each, dict)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}  # nobody has tried yet, or somebody wrote into it: the next probe writes it anew


def _as_json(verdict: Verdict, print_: str) -> dict[str, object]:
    return {
        "state": verdict.state.value,
        "detail": verdict.detail,
        "server": verdict.server,
        "version": verdict.version,
        "answered_ms": verdict.answered_ms,
        "checked": moment_text(verdict.checked) if verdict.checked else None,
        "fingerprint": print_,
    }


def _from_json(kept: Mapping[str, object]) -> Verdict | None:
    checked, milliseconds = read_moment(kept.get("checked")), kept.get("answered_ms")
    try:
        state = State(kept.get("state"))
    except ValueError:
        return None
    if checked is None:
        return None
    verdict = Verdict(
        state,
        clean(str(kept.get("detail") or ""), LONGEST_DETAIL),
        clean(str(kept.get("server") or ""), LONGEST_NAME),
        clean(str(kept.get("version") or ""), LONGEST_NAME),
        checked=checked,
    )
    if isinstance(milliseconds, int) and not isinstance(milliseconds, bool):
        verdict = replace(verdict, answered_ms=milliseconds)
    return verdict
