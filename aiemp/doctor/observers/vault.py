"""Looks at what lies in the vault: folders, disk, state file, skills, MCP servers."""

from __future__ import annotations

import json
import os
from pathlib import Path

from aiemp.claude.preflight import is_there, skills_named
from aiemp.config.reading import UnsuitableFile, read_regular_file
from aiemp.doctor.folders import FoldersSeen
from aiemp.doctor.mcp_servers import McpServerSeen
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.skills import SkillSeen, SkillsSeen
from aiemp.doctor.state import StateSeen
from aiemp.doctor.vault import VaultSeen
from aiemp.errors import Blocked
from aiemp.frozen import replace
from aiemp.plan import ScheduledTask
from aiemp.run_history import History
from aiemp.state_file import LARGEST_STATE_BYTES
from aiemp.vault.layout import (
    APPROVED,
    DONE,
    DROP,
    LOGS,
    NEEDS_ACTION,
    PENDING_APPROVAL,
    REJECTED,
    find_entry,
    find_folder,
    require_vault,
)

MOST_SET_ASIDE = 20


def observe_vault(scene: Scene) -> VaultSeen:
    vault = scene.plan.vault
    try:
        require_vault(vault)
    except Blocked as blocked:
        return VaultSeen(vault, scene.user, missing=blocked.reason)
    try:
        disk = os.statvfs(vault)
    except OSError:
        return VaultSeen(vault, scene.user, unwritable=_unwritable(scene))
    return VaultSeen(
        path=vault,
        user=scene.user,
        unwritable=_unwritable(scene),
        is_read_only=bool(disk.f_flag & os.ST_RDONLY),
        free_bytes=disk.f_frsize * disk.f_bavail,
        # File systems that make inodes as they need them (btrfs) say that there are none at all.
        free_inodes=disk.f_favail if disk.f_files else None,
    )


def observe_folders(scene: Scene) -> FoldersSeen:
    """Those that every vault has, and those that the enabled built-in watchers look into."""
    vault = scene.plan.vault
    names = [NEEDS_ACTION, PENDING_APPROVAL, DONE, LOGS]
    enabled = {watcher.name for watcher in scene.plan.watchers if watcher.enabled}
    names += [DROP] if "filesystem" in enabled else []
    names += [APPROVED, REJECTED] if "approval" in enabled else []
    missing = [vault / name for name in names if find_entry(vault, name) is None]
    return FoldersSeen(tuple(vault / name for name in names), tuple(missing))


def observe_state(scene: Scene) -> StateSeen:
    """Reads the state file without the ledger, which would set a torn one aside."""
    file = scene.places.ledger
    aside = tuple(sorted(file.parent.glob(f"{file.name}.corrupt-*"))[:MOST_SET_ASIDE])
    try:
        data, _ = read_regular_file(file, LARGEST_STATE_BYTES, beneath=scene.plan.vault)
    except FileNotFoundError:
        seen = StateSeen(file, False)
    except UnsuitableFile:
        seen = StateSeen(file, True, is_corrupt=True)
    except OSError as error:
        seen = StateSeen(file, True, error.strerror or str(error))
    else:
        seen = StateSeen(file, True, is_corrupt=not _is_table(data))
    obstacle = History(scene.places.runs).obstacle(scene.now) or ""
    return replace(seen, set_aside=aside, obstacle=obstacle)


def observe_skills(scene: Scene) -> SkillsSeen:
    from aiemp.vault.scaffold import SKILLS  # noqa: PLC0415 - no other check needs it

    vault = scene.plan.vault
    tasks: dict[str, list[str]] = {}
    for task in scene.plan.tasks:
        for name in skills_named(_prompt_of(task)) if task.enabled else ():
            tasks.setdefault(name, []).append(task.name)
    return SkillsSeen(
        vault,
        tuple(
            SkillSeen(vault / name, tuple(names), is_there(vault / name), Path(name).parent.name in SKILLS)
            for name, names in tasks.items()
        ),
    )


def observe_mcp_servers(scene: Scene) -> tuple[McpServerSeen, ...]:
    return tuple(
        McpServerSeen(server.name, server.entry, is_there(server.entry), _project_of(server.entry))
        for server in scene.plan.mcp_servers
        if server.entry is not None and not server.disabled
    )


def _unwritable(scene: Scene) -> tuple[Path, ...]:
    """The first places that a run would write to and cannot; what is not there yet is made in the vault."""
    vault, places = scene.plan.vault, scene.places
    folders = [vault, places.state, places.locks, places.logs]
    folders += [folder for name in (NEEDS_ACTION, DONE, LOGS) if (folder := find_folder(vault, name))]
    wanted = {**dict.fromkeys(folders, os.W_OK | os.X_OK), places.dashboard: os.W_OK}
    return tuple(path for path, right in wanted.items() if is_there(path) and not os.access(path, right))


def _is_table(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _prompt_of(task: ScheduledTask) -> str:
    """The prompt that Claude is given, with its skills; empty for a task without."""
    if task.prompt:
        from aiemp.triggers.own_prompt import full_prompt  # noqa: PLC0415 - not every plan has one

        return full_prompt(task)
    if task.trigger_fn == "trigger_morning_triage":
        from aiemp.triggers.morning_triage import PROMPT  # noqa: PLC0415 - the one that is asked for

        return PROMPT
    if task.trigger_fn == "trigger_linkedin_post":
        from aiemp.triggers.linkedin_post import PROMPT as LINKEDIN_PROMPT  # noqa: PLC0415

        return LINKEDIN_PROMPT
    return ""


def _project_of(entry: Path) -> Path | None:
    """The nearest folder above ``entry``, two at most, with a package.json: there it is built."""
    return next((folder for folder in list(entry.parents)[:2] if is_there(folder / "package.json")), None)
