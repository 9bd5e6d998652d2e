"""``mcp``: the MCP servers answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aiemp.doctor.findings import Finding, fail, ok, warn
from aiemp.frozen import frozen
from aiemp.mcp.verdict import MCP_TROUBLES, State, Verdict
from aiemp.schedule_words import span_in_words

ADOPT = "look at it; then let it be tried from now on: aiemp init"


@frozen
class McpAnswer:
    """How one server is. ``is_new``: it was tried now, but is not yet when nobody watches."""

    name: str
    verdict: Verdict
    now: datetime
    is_new: bool = False


def judge_mcp_answers(answers: tuple[McpAnswer, ...]) -> list[Finding]:
    """A finding for each server that was tried; ``mcp-built`` tells of those that cannot be."""
    return [finding for answer in answers for finding in _judge(answer)]


def _judge(answer: McpAnswer) -> Iterator[Finding]:
    name, verdict = answer.name, answer.verdict
    if verdict.checked is None:
        return  # judged by its files, which is another check's matter
    ago = answer.now - verdict.checked
    when = f" ({span_in_words(ago)} ago)" if ago.total_seconds() >= 1 else ""
    if verdict.state is State.AVAILABLE:
        yield ok(f"{name} answers{when}{': ' if verdict.more else ''}{verdict.more}")
    elif verdict.state is State.NOT_CONFIGURED:
        yield warn(f"{name} is not configured: {verdict.detail}", "set it in .env, or remove the server")
    elif not verdict.is_well:
        why = f": {verdict.detail}" if verdict.detail else ""
        yield fail(
            f"MCP server {name} {MCP_TROUBLES[verdict.state]}{when}{why}",
            "mend it, then try it again: aiemp doctor mcp",
        )
    if verdict.state is State.NEW or answer.is_new:
        yield warn(f"MCP server {name} is new in the vault, and not tried by itself", ADOPT)
