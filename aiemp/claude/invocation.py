"""One supervised run of Claude Code (seed 2E; semantics, "Claude Code")."""

from __future__ import annotations

import logging
import os
import shlex
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from aiemp.claude.refusals import find_refusal
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from aiemp.process import Ending, Finished, find_program, run_supervised

log = logging.getLogger("aiemp.claude")

DEFAULT_SETTINGS = ClaudeSettings()
LONGEST_REASON = 500


def find_claude(settings: ClaudeSettings, environ: Mapping[str, str]) -> Path:
    """The program that ``settings.command`` means. Raises Blocked, with the remedy, when there is none."""
    command = settings.command
    found = find_program(command, environ)
    if found is not None:
        return found
    if os.sep in command:
        problem = "is not executable" if Path(command).exists() else "does not exist"
        raise Blocked(f"Claude Code cannot be run: {command} {problem}; mend claude.command in aiemp.toml")
    log.debug("PATH is %s", environ.get("PATH", "not set"))
    raise Blocked(
        f"Claude Code is not installed: `{command}` is not on the PATH of aiemp; "
        "install it (https://claude.com/claude-code), or set claude.command in aiemp.toml to its full path"
    )


def claude_argv(program: str, prompt: str, settings: ClaudeSettings) -> list[str]:
    """``[program, *args, "--print", prompt]``; with ``--`` before a prompt that looks like an option."""
    end_of_options = ["--"] if prompt.startswith("-") else []
    return [program, *settings.args, "--print", *end_of_options, prompt]


def invoke_claude(
    prompt: str,
    vault_path: Path,
    timeout_minutes: float = 10,
    dry_run: bool = False,
    *,
    settings: ClaudeSettings = DEFAULT_SETTINGS,
    environ: Mapping[str, str] | None = None,
    log_file: Path | None = None,
    on_output: Callable[[bytes], None] | None = None,
) -> dict[str, object]:
    """Run Claude Code once on ``prompt`` in the vault, and wait until nothing of it is left.

    The result has the seed's ``success``, ``output`` (text, shortened in the middle when long),
    ``duration_seconds`` and ``error`` (None, or what happened), and ``timed_out`` and ``exit_code`` (None
    when it has none). A dry run runs nothing and says in ``output`` what would be run.

    ``environ`` stands for this process's environment. Raises Blocked when Claude Code is not there, or
    refuses because of a usage limit or a missing login.
    """
    environ = os.environ if environ is None else environ
    if dry_run:
        return _rehearsed(prompt, vault_path, settings, environ)
    program = find_claude(settings, environ)
    if "\0" in prompt:
        return _result(error="the prompt holds a NUL character, which no program can be given")
    try:
        finished = run_supervised(
            claude_argv(str(program), prompt, settings),
            cwd=vault_path,
            env=_environment(vault_path, environ),
            timeout_s=timeout_minutes * 60,
            log_file=log_file,
            on_output=on_output,
        )
    except OSError as error:
        return _result(error=f"Claude Code ({program}) cannot be started in {vault_path}: {error}")
    return _judge(finished, timeout_minutes)


def _environment(vault_path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    from aiemp.environment import child_environment, vault_environment  # noqa: PLC0415 - loads dotenv

    dotenv, problems = vault_environment(vault_path)
    for problem in problems:
        log.warning("%s", problem)
    return child_environment(environ, dotenv, dry_run=False)


def _rehearsed(
    prompt: str, vault_path: Path, settings: ClaudeSettings, environ: Mapping[str, str]
) -> dict[str, object]:
    try:
        program, note = str(find_claude(settings, environ)), ""
    except Blocked as blocked:
        program, note = settings.command, f"\nIt would be blocked: {blocked.reason}"
    command = shlex.join(claude_argv(program, prompt, settings))
    return _result(success=True, output=f"Dry run, nothing was run. In {vault_path}:\n{command}{note}")


def _judge(finished: Finished, timeout_minutes: float) -> dict[str, object]:
    output = finished.output.decode("utf-8", "replace").strip()
    stderr = finished.stderr.decode("utf-8", "replace").strip()
    error: str | None = None
    if finished.ended is not Ending.EXITED:
        printed = "" if finished.output_bytes else ", and had printed nothing"
        error = f"Claude Code was still at work after {timeout_minutes:g} min and was ended{printed}"
    elif finished.exit_code != 0:
        refusal = find_refusal(output, stderr)
        if refusal is not None:
            raise Blocked(refusal.reason)
        error = f"Claude Code {_how(finished)}: {_last_line(stderr) or _last_line(output) or 'no message'}"
    elif not output:
        said = f"; on stderr: {_last_line(stderr)}" if stderr else ""
        error = f"Claude Code ended without error, but printed no answer{said}"
    return _result(
        success=error is None,
        output=output,
        duration_seconds=round(finished.duration_s, 3),
        error=error,
        timed_out=finished.ended is Ending.TIMED_OUT,
        exit_code=finished.exit_code,
    )


def _result(
    *,
    success: bool = False,
    output: str = "",
    duration_seconds: float = 0.0,
    error: str | None = None,
    timed_out: bool = False,
    exit_code: int | None = None,
) -> dict[str, object]:
    return {
        "success": success,
        "output": output,
        "duration_seconds": duration_seconds,
        "error": error,
        "timed_out": timed_out,
        "exit_code": exit_code,
    }


def _how(finished: Finished) -> str:
    if finished.signal is None:
        return f"ended with exit code {finished.exit_code}"
    if finished.signal == signal.SIGKILL:
        return "was killed by SIGKILL (is the machine out of memory?)"
    return f"was killed by signal {finished.signal} ({signal.strsignal(finished.signal)})"


def _last_line(text: str) -> str:
    lines = text.splitlines()
    return lines[-1].strip()[:LONGEST_REASON] if lines else ""
