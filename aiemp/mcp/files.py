"""What a server's files say about it, where it is not started (semantics: dry run, no command)."""

from __future__ import annotations

import json
from pathlib import Path

from aiemp.mcp.verdict import State, Verdict
from aiemp.plan import McpServer

BUILT_FOLDERS = ("dist", "build", "out")
DEEPEST_ENTRY = 3


def file_verdict(server: McpServer) -> Verdict:
    """Whether the server's entry file is there. One without (a program on PATH) is taken on trust."""
    if server.disabled:
        return Verdict(State.DISABLED)
    entry = server.entry
    if entry is None:
        return Verdict(State.CONFIGURED)
    if not entry.exists():
        return Verdict(State.NOT_BUILT if _has_source(entry) else State.MISSING)
    # A vault without .mcp.json names servers by their folders; what Claude would start there is the build.
    if not server.command and entry.parent.name == "src":
        project = entry.parent.parent
        if not any((project / name).is_dir() for name in BUILT_FOLDERS):
            return Verdict(State.NOT_BUILT)
    return Verdict(State.AVAILABLE)


def fingerprint(server: McpServer) -> str:
    """What a verdict holds for: how the server is started, and its entry file as it is now."""
    import zlib  # noqa: PLC0415 - most vaults have no servers

    stamp = None
    if server.entry is not None:
        try:
            status = server.entry.stat()
            stamp = [status.st_mtime_ns, status.st_size]
        except OSError:
            stamp = []
    text = json.dumps([*definition(server), server.env, stamp], ensure_ascii=True)
    # Not hashlib, which loads OpenSSL for good: nobody gains by a change that goes unnoticed here.
    return f"{zlib.crc32(text.encode()):08x}"


def definition(server: McpServer) -> list[object]:
    """How the server is started, but for its environment."""
    return [list(server.command), server.url, str(server.cwd) if server.cwd else None]


def _has_source(entry: Path) -> bool:
    """Whether the entry would be in a folder that a build makes, beside the source it is made from."""
    folders = list(entry.parents)[:DEEPEST_ENTRY]
    return any(folder.name in BUILT_FOLDERS and (folder.parent / "src").is_dir() for folder in folders)
