"""PM2's processes that do a vault's work: those that run, and those saved for the next boot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiemp.asked import ask
from aiemp.frozen import frozen
from aiemp.process import find_program
from aiemp.watchers.holders import is_alive

PATIENCE_S = 20.0
OUR_NAME = "aiemp-orchestrator"
BEFORE_AIEMP = ("scripts/orchestrator.py", "scripts/watchers/", "scripts.watchers.")
"""What vaults of this family had PM2 run (seed section 4)."""


@frozen
class Pm2Process:
    """One of PM2's processes that does what aiemp does. ``is_aiemp``: it is aiemp, not what the vault had
    before. One that is not online is saved, so that PM2 brings it back at boot."""

    name: str
    is_online: bool
    is_aiemp: bool = True

    @property
    def what(self) -> str:
        return f"PM2's {self.name}" + ("" if self.is_online else " (not running, but saved for a boot)")


def processes_for(vault: Path, environ: Mapping[str, str], *, every: bool = False) -> Iterator[Pm2Process]:
    """Those of ``vault`` that run now, or are saved for the next boot; aiemp's own by its usual name first.

    ``every``: also what does not look like an orchestrator or a watcher.

    Of what PM2 tells, which has whole environments in it, only names and command lines are looked at.
    """
    home = Path(environ.get("PM2_HOME") or Path(environ.get("HOME", "/")) / ".pm2")
    saved = {_name(entry): entry for entry in _entries(_read(home / "dump.pm2"))}
    running = {_name(entry): entry for entry in _running(environ, home)}
    for name, entry in sorted({**saved, **running}.items(), key=lambda item: (item[0] != OUR_NAME, item[0])):
        is_aiemp = name == OUR_NAME or any(Path(word).name == "aiemp" for word in _argv(entry))
        if name == OUR_NAME or _is_for(vault, entry, every=every or is_aiemp):
            yield Pm2Process(name, name in running, is_aiemp)


def _is_for(vault: Path, entry: Mapping[str, Any], *, every: bool) -> bool:
    line = " ".join(_argv(entry))
    is_here = str(vault) in line or _settings(entry).get("pm_cwd") == str(vault)
    return is_here and (every or any(sign in line for sign in BEFORE_AIEMP))


def _running(environ: Mapping[str, str], home: Path) -> list[Mapping[str, Any]]:
    """What ``pm2 jlist`` says. Only asked while its daemon lives: the question would start one."""
    pid = _read(home / "pm2.pid").strip()
    program = find_program("pm2", environ)
    if program is None or not pid.isdigit() or not is_alive(int(pid)):
        return []
    answer = ask([str(program), "jlist"], environ=environ, timeout_s=PATIENCE_S)
    # PM2 may say something about updates first.
    lists = [line for line in answer.out.splitlines() if line.startswith("[")]
    entries = _entries(lists[-1] if lists else "")
    return [entry for entry in entries if _settings(entry).get("status") not in ("stopped", "errored")]


def _entries(text: str) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _settings(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """``jlist`` keeps them below ``pm2_env``, the saved list does not."""
    below = entry.get("pm2_env")
    return below if isinstance(below, dict) else entry


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or _settings(entry).get("name") or "?")


def _argv(entry: Mapping[str, Any]) -> list[str]:
    settings = _settings(entry)
    arguments = settings.get("args")
    words = [settings.get("pm_exec_path"), *(arguments if isinstance(arguments, list) else [arguments])]
    return [word for word in words if isinstance(word, str)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
