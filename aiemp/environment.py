"""The environment of child processes, and what the vault's ``.env`` may add to it.

The vault is written to by Claude, and so by whoever can talk it into something. A variable from there may
hold a token or a path for a watcher, but none that changes which program is executed, or what is loaded
into it (semantics, "Where the configuration lives").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiemp.config.dry_run import is_blank, meaning
from aiemp.config.reading import others_may_write, others_may_write_itself, problem, read_regular_file

LARGEST_DOTENV = 256 * 1024

LOADER_PREFIXES = (
    *("LD_", "DYLD_", "PYTHON", "GIT_", "AIEMP_", "BASH_FUNC_", "XDG_", "UV_", "PIP_", "NPM_CONFIG_"),
    *("npm_config_", "SYSTEMD_", "CLAUDE_CODE_SHELL", "OPENSSL_"),
)
LOADER_VARIABLES = frozenset(
    (
        *("PATH", "HOME", "SHELL", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "IFS", "CDPATH", "PS4"),
        *("PROMPT_COMMAND", "ZDOTDIR", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE"),
        *("BUN_INSTALL", "DENO_DIR", "VIRTUAL_ENV", "PERL5LIB", "PERL5OPT", "PERL5DB", "PERLLIB"),
        *("RUBYLIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"),
        *("GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "EDITOR", "VISUAL", "PAGER", "BROWSER"),
        *("LESSOPEN", "LESSCLOSE", "SSH_ASKPASS", "SUDO_ASKPASS", "CLAUDE_CONFIG_DIR", "CLAUDE_ENV_FILE"),
    )
)
"""What a shell, an interpreter, the dynamic loader, a package runner or Claude's own hooks go by."""

NOT_FOR_CHILDREN = (
    *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"),
    *("NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"),
)
NOT_FOR_CHILDREN_PREFIX = "LISTEN_"
"""systemd speaks to this process alone (sd_notify(3), sd_listen_fds(3)); Claude refuses to run in Claude. So does
PM2: a child that is a Node program (Claude, an MCP server) would look for PM2's channel, and abort."""


def vault_environment(vault: Path) -> tuple[dict[str, str], list[str]]:
    """The variables of the vault's ``.env``, and what is wrong with it, one sentence each.

    Nothing is taken from this process's environment: ``${NAME}`` stands for a variable of the same file. One
    that refers to something else is left out, for a program that reads ``.env`` by itself to resolve.
    """
    path = vault / ".env"
    try:
        data, status = read_regular_file(path, LARGEST_DOTENV, beneath=vault)
        writable = others_may_write(path, status, os.getuid())
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{path} {problem(error)}; its variables are not used"]
    problems = [f"{path} {reason}" for reason in writable]
    variables, complaints = parse_dotenv(data.decode("utf-8", errors="replace"))
    return variables, problems + [f"{path}:{line}: {complaint}" for line, complaint in complaints]


def others_may_write_dotenv(vault: Path, user: int) -> list[str]:
    """Why others can change the vault's ``.env``, a sentence each with its remedy; what is above it is the vault's
    to tell."""
    path = vault / ".env"
    try:
        _, status = read_regular_file(path, LARGEST_DOTENV, beneath=vault)
    except OSError:
        return []  # it is not used then
    return [f"{path} {reason}" for reason in others_may_write_itself(path, status, user)]


def vault_dry_run(vault: Path) -> tuple[str | None, list[str]]:
    """The word that the vault's ``.env`` gives for ``DRY_RUN``, and problems; None when it gives none.

    A file that cannot be read may well say that this is a dry run: then the word is one that nobody
    understands, which counts as dry.
    """
    path = vault / ".env"
    try:
        data, _ = read_regular_file(path, LARGEST_DOTENV, beneath=vault)
    except FileNotFoundError:
        return None, []
    except OSError as error:
        return "(not readable)", [f"{path} {problem(error)}; make it readable, or remove it"]
    if b"\0" in data:  # UTF-16, as some shells write it: what it says about DRY_RUN cannot be told
        return "(not readable)", [f"{path} is not UTF-8 text; save it as UTF-8"]
    if b"DRY_RUN" not in data:
        return None, []  # and dotenv need not be imported
    text = data.decode("utf-8", errors="replace")
    variables, complaints = parse_dotenv(text)
    lines = text.splitlines()
    for line, complaint in complaints:
        if "DRY_RUN" in lines[line - 1] and not lines[line - 1].lstrip().startswith("#"):
            return "(not understood)", [f"{path}:{line}: {complaint}"]
    return variables.get("DRY_RUN"), []


def parse_dotenv(text: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """The usable variables of a ``.env`` text; line and reason for each that is not."""
    from io import StringIO  # noqa: PLC0415 - dotenv, imported only where there is a .env, wants a stream

    from dotenv.parser import parse_stream  # noqa: PLC0415 - 10 ms
    from dotenv.variables import Variable, parse_variables  # noqa: PLC0415

    values: dict[str, str] = {}
    complaints = []
    for binding in parse_stream(StringIO(text)):
        name, value, line = binding.key, binding.value, binding.original.line
        statement = binding.original.string  # begins with the blank lines before it
        line += statement[: len(statement) - len(statement.lstrip())].count("\n")
        if binding.error:
            complaints.append((line, "cannot be understood; write NAME=value"))
            continue
        if name is None:
            continue
        atoms = list(parse_variables(value or ""))
        unknown = [
            atom.name
            for atom in atoms
            if isinstance(atom, Variable) and atom.default is None and atom.name not in values
        ]
        complaint = _complaint(name, value, unknown)
        if complaint is not None:
            complaints.append((line, complaint))
            continue
        values[name] = "".join(atom.resolve(values) for atom in atoms)
    return values, complaints


def _complaint(name: str, value: str | None, unknown: list[str]) -> str | None:
    if not (name.isascii() and name.isidentifier()):
        return f"{name!r} is no name of a variable; it is left out"
    if name in LOADER_VARIABLES or name.startswith(LOADER_PREFIXES):
        return f"{name} could change which programs are run; nothing in the vault may, so it is left out"
    if value is None:
        return f"{name} has no value; write {name}=value"
    if "\0" in value:
        return f"{name} contains a NUL character; it is left out"
    if unknown:
        return f"{name} refers to ${{{unknown[0]}}}, which this file does not set before; it is left out"
    return None


def child_environment(
    environ: Mapping[str, str],
    dotenv: Mapping[str, str],
    dry_run: bool,
    extra: Iterable[tuple[str, str]] = (),
) -> dict[str, str]:
    """The environment for a child: ``environ``, ``dotenv`` where that sets nothing, then ``extra``.

    ``DRY_RUN`` is exactly ``true`` or ``false``, since some vaults take ``1`` for live. ``extra`` can make a
    child of a live run dry, but no child of a dry run live.
    """
    child = {**dotenv, **environ}
    for name in list(child):
        if name in NOT_FOR_CHILDREN or name.startswith(NOT_FOR_CHILDREN_PREFIX):
            del child[name]
    given = dict(extra)
    child.update(given)
    word = given.get("DRY_RUN")
    asked_dry = not is_blank(word) and meaning(word) is not False
    child["DRY_RUN"] = "true" if dry_run or asked_dry else "false"
    return child
