"""``dry-run``: dry run or live, who says so, and who says otherwise. Pure."""

from __future__ import annotations

from aiemp.doctor.findings import Finding, ok, warn
from aiemp.frozen import frozen
from aiemp.plan import DryRun

WORDS = {"true": True, "false": False}
"""The two spellings that every program of these vaults understands the same way (vault-facts)."""


@frozen
class DryRunSeen:
    """``here`` is the decision in this shell, ``units`` that of the installed units, if there are any.
    ``servers``: MCP servers whose DRY_RUN is written into their settings, and what it says."""

    here: DryRun
    units: DryRun | None = None
    servers: tuple[tuple[str, str], ...] = ()


def judge_dry_run(seen: DryRunSeen) -> list[Finding]:
    """The decision that counts, and each contradiction to it."""
    decision = seen.units or seen.here
    findings = []
    if seen.units is not None and seen.units.active != seen.here.active:
        what = f"this shell says {_mode(seen.here)}, but the units run {_mode(seen.units)}"
        remedy = "unset DRY_RUN, or write dry_run = … into aiemp.toml: units see no DRY_RUN of a shell"
        findings.append(warn(what, remedy))
    for name, word in seen.servers:
        wanted = "true" if decision.active else "false"
        if WORDS.get(word) is None:
            what = f"MCP server {name} has DRY_RUN={word}, which programs understand in different ways"
        elif WORDS[word] != decision.active:
            what = (
                f"MCP server {name} has DRY_RUN={word} written into .mcp.json, but this is {_mode(decision)}"
            )
        else:
            continue
        findings.append(warn(what, f'write "DRY_RUN": "{wanted}" there, or remove it'))
    return findings or [ok(_mode(decision))]


def _mode(decision: DryRun) -> str:
    return f"{'a dry run' if decision.active else 'live'} (decided by: {decision.decided_by})"
