"""What an event of Claude Code means, in a line that its owner understands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

LONGEST_LINE = 300
MOST_AMOUNT = 1e9

_VERBS = {
    "Read": ("Reading", "file_path"),
    "Write": ("Writing", "file_path"),
    "Edit": ("Editing", "file_path"),
    "MultiEdit": ("Editing", "file_path"),
    "NotebookEdit": ("Editing", "notebook_path"),
    "Bash": ("Running", "command"),
    "Glob": ("Looking for", "pattern"),
    "Grep": ("Searching for", "pattern"),
    "LS": ("Looking into", "path"),
    "WebFetch": ("Fetching", "url"),
    "WebSearch": ("Searching the web for", "query"),
    "Skill": ("Using the skill", "skill"),
    "Task": ("Starting an agent:", "description"),
    "Agent": ("Starting an agent:", "description"),
}


def describe(event: Mapping[str, Any], vault: str = "") -> tuple[str, ...]:
    """The lines for one event; none for one that a reader misses nothing of. ``vault`` is cut off paths."""
    teller = _TELLERS.get(str(event.get("type")))
    if teller is None:
        return ()
    prefix = vault.rstrip("/") + "/" if vault else ""
    return tuple(teller(event, prefix))


def amount(value: object) -> float | None:
    """A cost or a number of turns; None for what is none, or cannot be meant."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < MOST_AMOUNT else None  # not for what is not a number either


def _system(event: Mapping[str, Any], _prefix: str) -> Iterator[str]:
    subtype = event.get("subtype")
    if subtype == "init":
        version, model = event.get("claude_code_version"), event.get("model")
        yield _cut(f"Claude Code {version or '(version not told)'}, model {model or 'not told'}")
        servers = event.get("mcp_servers")
        for server in servers if isinstance(servers, list) else ():
            if isinstance(server, dict) and server.get("status") not in ("connected", "pending"):
                yield _cut(f"MCP server {server.get('name')}: {server.get('status')}")
    elif subtype == "api_retry":
        what = f"{event.get('error_status') or ''} {event.get('error') or ''}".strip() or "no connection"
        tries = f"try {event.get('attempt')} of {event.get('max_retries')}"
        yield _cut(f"The API refused ({what}); trying again, {tries}")
    elif subtype == "compact_boundary":
        yield "Summing up the conversation so far"


def _assistant(event: Mapping[str, Any], prefix: str) -> Iterator[str]:
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            yield from (line for line in block["text"].splitlines() if line.strip())
        elif block.get("type") == "tool_use":
            yield _cut(_tool(str(block.get("name")), block.get("input"), prefix))


def _tool(name: str, given: object, prefix: str) -> str:
    arguments = given if isinstance(given, dict) else {}
    if name in _VERBS:
        verb, key = _VERBS[name]
        value = arguments.get(key)
        return f"{verb} {value.removeprefix(prefix)}" if isinstance(value, str) else f"{verb} ..."
    if name.startswith("mcp__"):
        server, _, tool = name.removeprefix("mcp__").partition("__")
        return f"Calling {tool} of MCP server {server}"
    return f"Using {name}"


def _user(event: Mapping[str, Any], _prefix: str) -> Iterator[str]:
    """Only what went wrong: what a tool read or wrote is seen from its call."""
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result" and block.get("is_error"):
            said = block.get("content")
            if isinstance(said, list):
                said = next((each.get("text") for each in said if isinstance(each, dict)), "")
            text = str(said).replace("<tool_use_error>", "").replace("</tool_use_error>", "")
            yield _cut(f"... which failed: {text.strip()}")


def _result(event: Mapping[str, Any], _prefix: str) -> Iterator[str]:
    if event.get("is_error") is True:
        return  # the verdict says why
    cost, turns = amount(event.get("total_cost_usd")), amount(event.get("num_turns"))
    facts = [] if turns is None else [f"{turns:.0f} turns" if turns != 1 else "1 turn"]
    if cost is not None:
        facts.append(f"{cost:.2f} US dollars")
    yield "Answered" + (f" ({', '.join(facts)})" if facts else "")


def _limit(event: Mapping[str, Any], _prefix: str) -> Iterator[str]:
    info = event.get("rate_limit_info")
    status = info.get("status") if isinstance(info, dict) else None
    if isinstance(status, str) and status != "allowed":
        yield _cut(f"Usage limit: {status.replace('_', ' ')}")


_TELLERS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[str]]] = {
    "system": _system,
    "assistant": _assistant,
    "user": _user,
    "result": _result,
    "rate_limit_event": _limit,
}


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
