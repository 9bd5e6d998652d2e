"""What a dry run of Claude shows: exactly what would be run, where, and with what. Nothing is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from aiemp.claude.command_line import claude_words, output_forms
from aiemp.claude.preflight import find_claude, warnings_about
from aiemp.environment import child_environment, vault_environment
from aiemp.errors import Blocked
from aiemp.plan import ClaudeSettings
from aiemp.process.left_over import RUN_MARK

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_NO_SECRET = re.compile(r"(PATH|FILE|DIR|URL)$", re.IGNORECASE)
SHORTEST_SECRET = 6


def rehearsal_text(
    prompt: str,
    vault: Path,
    timeout_minutes: float,
    settings: ClaudeSettings,
    environ: Mapping[str, str],
) -> str:
    """A text for people. Names of environment variables are in it, but no values of secrets."""
    try:
        program, note = str(find_claude(settings, environ)), ""
    except Blocked as blocked:
        program, note = settings.command, f"it would be blocked: {blocked.reason}"
    form = output_forms(settings.args)[0]
    dotenv, problems = vault_environment(vault)
    child = child_environment(environ, dotenv, dry_run=False)
    silence = f", {settings.silent_minutes:g} min without output" if form.streams else ""
    sections = [
        ("command", shlex.join(claude_words(program, settings.args, form, prompt))),
        ("prompt", prompt),
        ("in", str(vault)),
        ("environment", f"{environment_changes(environ, child)}; marked by: {RUN_MARK}"),
        ("limits", f"{timeout_minutes:g} min in all{silence}"),
        # What else decides whether it may start (budget, pause) belongs here, each as a section.
        ("note", note),
        ("warnings", "\n".join((*problems, *warnings_about(prompt, vault)))),
    ]
    width = max(len(name) for name, _ in sections) + 2
    lines = ["Dry run, nothing was run. This would be run:"]
    for name, text in sections:
        first, *rest = text.splitlines() or [""]
        if text:
            lines.append(f"  {name:<{width}}{first}")
            lines += [f"  {'':<{width}}{line}" for line in rest]
    return _without_secrets("\n".join(lines), {**dotenv, **environ})


def environment_changes(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What a child's environment ``after`` has, lacks, or has differently, by name; DRY_RUN with its value."""
    added = sorted(name for name in after if name not in before and name != "DRY_RUN")
    removed = sorted(name for name in before if name not in after)
    changed = sorted(
        name for name in before if name in after and before[name] != after[name] and name != "DRY_RUN"
    )
    parts = [f"DRY_RUN={after.get('DRY_RUN', '')}"]
    for what, names in (("from .env", added), ("removed", removed), ("changed", changed)):
        if names:
            parts.append(f"{what}: {', '.join(names)}")
    return "as it is here, but " + "; ".join(parts)


def _without_secrets(text: str, variables: Mapping[str, str]) -> str:
    """A key may stand in claude.args or in a prompt: its value is replaced by its name."""
    secrets = {
        value: name
        for name, value in variables.items()
        if len(value) >= SHORTEST_SECRET and _SECRET.search(name) and not _NO_SECRET.search(name)
    }
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, f"[{secrets[value]}]")
    return text
