"""How tightly each unit is closed in, and which folders that concerns. Pure.

The directives stand in ``units/_sandbox.j2``, with the reasons for what is left out.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from aiemp.errors import AiempError
from aiemp.plan import Plan, ScheduledTask
from aiemp.systemd.installation import HOMES, Installation
from aiemp.systemd.quoting import bind_path_value

OFFLINE_TRIGGERS = frozenset(
    ("trigger_daily_rollover", "trigger_done_archive", "trigger_stale_check", "trigger_weekly_audit_prep")
)
"""Trigger functions that need no network. The health update probes MCP servers, which may need it."""

TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108
"""What ``PrivateTmp=`` hides."""

SECRETS = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".config/gcloud", ".kube", ".docker", ".netrc", ".pgpass"),
    *(".password-store", ".local/share/keyrings"),
)
"""Keys that no part of this needs; whoever does need one names it in a drop-in."""

CLAUDE_SETTINGS = ("settings.json", "CLAUDE.md", "agents", "commands", "hooks", "plugins", "skills")
VAULT_SETTINGS = (
    *(".env", ".mcp.json", ".claude/settings.json", ".claude/settings.local.json"),
    "scripts/watchers",
)
"""Files of the vault that say which programs run, or are programs that run by themselves."""


class Level(Enum):
    """What a unit runs, and so what it may do. See ``units/_sandbox.j2``."""

    OFFLINE = "offline"
    NETWORK = "network"
    CLAUDE = "claude"


def task_level(task: ScheduledTask, plan: Plan) -> Level:
    """The level of a task's service. The user's alert command and the pings of a run need the network there."""
    if task.requires_claude or task.prompt:
        return Level.CLAUDE
    calls_out = bool(plan.alert_command or plan.pings.run_url)
    is_offline = task.trigger_fn in OFFLINE_TRIGGERS and not task.command and not calls_out
    return Level.OFFLINE if is_offline else Level.NETWORK


def sandbox_values(
    level: Level, vault: Path, installation: Installation, writable: tuple[Path, ...] = ()
) -> dict[str, object]:
    """What ``_sandbox.j2`` asks for. ``writable``: folders beside the vault, of this unit alone.

    Raises AiempError for a system installation that does not say for whom.
    """
    if not installation.is_system:
        return {"level": level.value}
    if not installation.run_as:
        raise AiempError("a system installation has to know whose it is; name the user with --run-as USER")
    home, config = installation.home, installation.config_file
    claude = home / ".claude"
    # A watcher that works in the home or above it does not get all of that.
    extra = [path for path in writable if not home.is_relative_to(path)]
    ours = _outermost([vault, *extra, *([claude] if level is Level.CLAUDE else [])])
    read_only = [claude / name for name in CLAUDE_SETTINGS] if level is Level.CLAUDE else []
    read_only += [vault / name for name in VAULT_SETTINGS] if level is Level.CLAUDE else []
    if config is not None and any(config.is_relative_to(path) for path in ours):
        read_only.append(config)
    readable = [home, *installation.program_folders, *([config.parent] if config else [])]
    hides_homes, private_tmp = (
        all(_can_be_bound(path) for path in (*readable, *ours) if _lies_in(path, folders))
        for folders in (HOMES, TEMPORARY)
    )
    hidden = (*(HOMES if hides_homes else ()), *(TEMPORARY if private_tmp else ()))
    visible = _outermost([path for path in readable if _lies_in(path, hidden)])
    bound = [path for path in ours if _lies_in(path, hidden) and not _lies_in(path, (home,))]
    return {
        "level": level.value,
        "run_as": installation.run_as,
        "hides_homes": hides_homes,
        "private_tmp": private_tmp,
        "visible": visible,
        "bound_writable": bound,
        "writable": [path for path in ours if path not in bound],
        "read_only": read_only,
        "secret": [home / name for name in SECRETS],
    }


def _lies_in(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _can_be_bound(path: Path) -> bool:
    try:
        bind_path_value(path)
    except ValueError:
        return False
    return True


def _outermost(paths: list[Path]) -> list[Path]:
    """``paths`` without those that lie in another of them."""
    distinct = list(dict.fromkeys(paths))
    return [
        path
        for path in distinct
        if not any(path != other and path.is_relative_to(other) for other in distinct)
    ]
