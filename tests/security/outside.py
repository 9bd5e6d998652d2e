"""What lies outside of a vault, made so that everything that is done through a link would succeed and show."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

MARK = "OUTSIDE-CONTENT-9f31"
"""Stands in every file outside, in a form that whoever reads the file would pass on."""

OLD_S = 1_700_000_000
FOLDERS = (
    *("aiemp/runs", "claude/2023-11-14", "alerts", "archive", "email", "file", "social", "watchers"),
    "skills/email-triage",
)

STATE = json.dumps(
    {
        "schedule_last_run": {MARK: "2026-01-01T00:00:00+00:00"},
        "token": MARK,
        "tick_count": 7,
        "aiemp": {"tasks": {}, "watchers": {MARK: {"state": "paused", "reason": MARK}}},
        "processed_ids": [MARK],
        "servers": {MARK: {"state": "available", "detail": MARK}},
        "mcpServers": {MARK: {"command": "/bin/true", "args": [MARK]}},
        "since": None,
        "until": None,
        "reason": MARK,
    }
)
NOTE = f"---\ntype: {MARK}\nplatform: {MARK}\nsubject: {MARK}\ncreated: 2020-01-01\n---\n{MARK}\n"
RUN = json.dumps(
    {
        "task": "done_archive",
        "slot": "2026-01-01T00:00:00+00:00",
        "attempt": 1,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:00:01+00:00",
        "duration_s": 1,
        "pid": 1,
        "manual": False,
        "result": "failed",
        "error": MARK,
        "summary": MARK,
    }
)

CONTENTS = {".json": STATE, ".md": NOTE, ".jsonl": RUN + "\n", ".lock": STATE, ".env": f"TOKEN={MARK}\n"}


def content_for(name: str) -> str:
    """Text that a file of that name may hold, so that it is not refused for its form."""
    return CONTENTS.get(Path(name).suffix or name, f"{MARK}\n")


def make_outside(folder: Path) -> Path:
    """A folder whose subfolders have the names that aiemp looks for, with old files in each."""
    for name in ("", *FOLDERS):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in ("EMAIL_mine.md", "state.json", "note.txt", "morning_triage-070000.log"):
            add_outside(folder / name, file)
    add_outside(folder, "orchestrator_state.json")
    add_outside(folder, "filesystem_processed.json")
    add_outside(folder / "aiemp", "orchestrator.log")
    add_outside(folder / "aiemp" / "runs", "2026-01.jsonl")
    for name in ("pause.json", "mcp.json", "rollover.json", "run.lock", "task-shout.log"):
        add_outside(folder / "aiemp", name)
    add_outside(folder, "approval_processed.json")
    add_outside(folder / "alerts", "ALERT_task-done_archive.md")
    add_outside(folder / "watchers", "mail_watcher.py")
    return folder


def add_outside(folder: Path, name: str) -> Path:
    """One old file."""
    path = folder / name
    path.write_text(content_for(name), encoding="utf-8")
    path.chmod(0o640)
    os.utime(path, (OLD_S, OLD_S))
    return path


def as_it_is(folder: Path) -> dict[str, tuple[int, int, int, float, bytes]]:
    """Everything below ``folder``: equal before and after means that nothing was written, moved or given away."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(found.st_mode),
            found.st_uid,
            found.st_gid,
            0 if path.is_dir() else found.st_mtime,
            b"" if path.is_dir() else path.read_bytes(),
        )
        for path in (folder, *folder.rglob("*"))
        for found in [path.lstat()]
    }


def told_inside(vault: Path) -> list[str]:
    """The vault's own files that hold what stands outside; what a link leads to is not the vault's."""
    return [
        str(path.relative_to(vault))
        for path in vault.rglob("*")
        if path.is_file() and not _is_through_a_link(path, vault)
        if MARK.encode() in path.read_bytes()
    ]


def _is_through_a_link(path: Path, vault: Path) -> bool:
    return any(each.is_symlink() for each in (path, *path.parents) if each.is_relative_to(vault))
