"""What can be known about a Claude run before it costs anything. doctor and the dry run look here too."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from aiemp.process import find_program

log = logging.getLogger("aiemp.claude")

SKILL = r"@(\.claude/skills/[^\s@]+?/SKILL\.md)"
"""A skill in a prompt, in the form that the seed's own prompts have (2D)."""

LARGEST_MCP_JSON = 1024 * 1024
VERSION_PATIENCE_S = 10.0
_VERSION = r"\d+\.\d+\.\d+[\w.+-]*"


def find_claude(settings: ClaudeSettings, environ: Mapping[str, str]) -> Path:
    """The program that ``settings.command`` means. Raises Blocked, with the remedy, when there is none."""
    command = settings.command
    found = find_program(command, environ)
    if found is not None:
        return found
    if os.sep in command:
        problem = "is not executable" if Path(command).exists() else "does not exist"
        raise Blocked(f"Claude Code cannot be run: {command} {problem}; mend claude.command in aiemp.toml")
    if there := _not_executable(command, environ):
        raise Blocked(
            f"Claude Code cannot be run: {there} is not executable; "
            "make it so (chmod +x), or set claude.command in aiemp.toml"
        )
    log.debug("PATH is %s", environ.get("PATH", "not set"))
    raise Blocked(
        f"Claude Code is not installed: `{command}` is not on the PATH of aiemp; "
        "install it (https://claude.com/claude-code), for example: npm install -g @anthropic-ai/claude-code, or set "
        "claude.command in aiemp.toml to its full path"
    )


def _not_executable(name: str, environ: Mapping[str, str]) -> Path | None:
    """The first file called ``name`` on the PATH, of which none can be executed."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    paths = (Path(folder, name) for folder in folders if Path(folder).is_absolute())
    return next((path for path in paths if os.path.isfile(path)), None)  # noqa: PTH113 - may raise in pathlib


def warnings_about(prompt: str, vault: Path) -> tuple[str, ...]:
    """What keeps Claude from working as it is meant, though it will run: one sentence each."""
    missing = [name for name in skills_named(prompt) if not is_there(vault / name)]
    problem = mcp_json_problem(vault)
    return (*(f"{name} is not in the vault" for name in missing), *((problem,) if problem else ()))


def skills_named(prompt: str) -> tuple[str, ...]:
    """The ``SKILL.md`` files that ``prompt`` names, each once, by their paths in the vault."""
    return tuple(dict.fromkeys(re.findall(SKILL, prompt)))


def is_there(path: Path) -> bool:
    """Path.exists() raises where a folder above may not be entered, or a name from a prompt is too long."""
    return os.access(path, os.F_OK)


def mcp_json_problem(vault: Path) -> str | None:
    """Why Claude Code cannot use the vault's ``.mcp.json``; None when it can, or there is none."""
    path = vault / ".mcp.json"
    if not os.path.lexists(path):
        return None
    import json  # noqa: PLC0415 - few vaults have one

    from aiemp.config.reading import problem, read_regular_file  # noqa: PLC0415

    try:
        data, _ = read_regular_file(path, LARGEST_MCP_JSON)
        value = json.loads(data)
    except OSError as error:
        return f".mcp.json {problem(error)}"
    except RecursionError:
        return ".mcp.json is nested too deeply"
    except UnicodeDecodeError:
        return ".mcp.json is not UTF-8 text"
    except ValueError as error:
        return f".mcp.json is not JSON ({error})"
    return None if isinstance(value, dict) else ".mcp.json holds no object"


def claude_version(program: Path, environ: Mapping[str, str]) -> str | None:
    """What ``claude --version`` says: ``2.1.197``; None when it says nothing of the kind, or too late.

    It costs the start of the program, 75 ms to 1 s, so only people who ask have to wait for it. Asked once
    for each state of the file.
    """
    try:
        status = program.stat()
    except OSError:
        return None
    return _asked_version(str(program), status.st_mtime_ns, tuple(sorted(environ.items())))


@lru_cache(maxsize=8)
def _asked_version(program: str, _changed_ns: int, environ: tuple[tuple[str, str], ...]) -> str | None:
    from aiemp.asked import ask  # noqa: PLC0415 - see above
    from aiemp.environment import child_environment  # noqa: PLC0415

    given = child_environment(dict(environ), {}, dry_run=True)
    answer = ask([program, "--version"], environ=given, timeout_s=VERSION_PATIENCE_S)
    found = re.search(_VERSION, answer.out[:1000])
    return found[0] if found and answer.code == 0 else None
