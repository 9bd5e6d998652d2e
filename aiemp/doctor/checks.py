"""All checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiemp.doctor.bus import judge_bus
from aiemp.doctor.clock import judge_clock, judge_timezone
from aiemp.doctor.config import judge_config, judge_dotenv
from aiemp.doctor.dry_run import judge_dry_run
from aiemp.doctor.findings import Finding, fail, with_remedy
from aiemp.doctor.folders import judge_folders
from aiemp.doctor.linger import judge_journal, judge_linger
from aiemp.doctor.mcp_answers import judge_mcp_answers
from aiemp.doctor.mcp_servers import judge_mcp_servers
from aiemp.doctor.observers import configuration, mcp, programs, supervision, systemd, vault
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.pause import judge_pause
from aiemp.doctor.pings import judge_pings
from aiemp.doctor.programs import judge_claude, judge_programs
from aiemp.doctor.skills import judge_skills
from aiemp.doctor.state import judge_state
from aiemp.doctor.supervisors import judge_orchestrator, judge_second_supervisor
from aiemp.doctor.unit_files import judge_unit_files
from aiemp.doctor.unit_states import UnitSeen, judge_unit_states
from aiemp.doctor.user import judge_user
from aiemp.doctor.vault import judge_vault
from aiemp.doctor.watchers import judge_watchers
from aiemp.frozen import frozen
from aiemp.plan import Plan
from aiemp.systemd.installed import unreadable_folder, unreadable_words


@frozen
class Check:
    """One check. ``name`` is what scripts know it by, and stays.

    ``causes``: checks that, when one of them fails, explain whatever this one would find; so it is not made.
    ``look`` gives no findings where the check does not apply.
    """

    name: str
    about: str
    look: Callable[[Scene], Iterable[Finding]]
    causes: tuple[str, ...] = ("config",)


CHECKS: tuple[Check, ...] = (
    Check(
        "config",
        "aiemp.toml has no mistakes, and others cannot change it",
        lambda scene: judge_config(configuration.observe_config(scene)),
        causes=(),
    ),
    Check(
        "user",
        "you are the one that the units run as",
        lambda scene: judge_user(systemd.observe_user(scene)),
        causes=(),
    ),
    Check(
        "vault",
        "the vault is there, can be written, and its disk has room",
        lambda scene: judge_vault(vault.observe_vault(scene)),
    ),
    Check(
        "folders",
        "the vault has the folders that work goes through",
        lambda scene: judge_folders(vault.observe_folders(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "dotenv",
        "the vault's .env can be used, and others cannot change it",
        lambda scene: judge_dotenv(configuration.observe_dotenv(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "state",
        "what has run can be read, and its history be written",
        lambda scene: judge_state(vault.observe_state(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "clock",
        "no run lies in the future",
        lambda scene: judge_clock(configuration.observe_clock(scene)),
        causes=("config", "vault", "state"),
    ),
    Check(
        "timezone",
        "the time zone is the same for this shell and for the units",
        lambda scene: judge_timezone(configuration.observe_timezone(scene)),
    ),
    Check(
        "dry-run",
        "dry run or live, who decides, and which MCP server is told otherwise",
        lambda scene: judge_dry_run(configuration.observe_dry_run(scene)),
    ),
    Check(
        "claude-path",
        "Claude Code is found where tasks look for it",
        lambda scene: judge_claude(programs.observe_claude(scene)),
    ),
    Check(
        "pause",
        "no run of Claude is held back by a pause",
        lambda scene: judge_pause(configuration.observe_pause(scene), scene.plan.zone),
        causes=("config", "vault"),
    ),
    Check(
        "pings",
        "the addresses of [alerts] that are called answer",
        lambda scene: judge_pings(configuration.observe_pings(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "node-path",
        "Node.js is found where Claude and MCP servers look for it",
        lambda scene: _judge_programs(scene, "node-path"),
    ),
    Check(
        "uv-path",
        "uv is found where it is needed",
        lambda scene: _judge_programs(scene, "uv-path"),
    ),
    Check(
        "commands",
        "the programs of tasks, watchers, MCP servers and alerts are found",
        lambda scene: _judge_programs(scene, "commands"),
        causes=("config", "vault"),
    ),
    Check(
        "skills",
        "the skills that prompts name are in the vault",
        lambda scene: judge_skills(vault.observe_skills(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "mcp-built",
        "the files that MCP servers start from are there",
        lambda scene: judge_mcp_servers(vault.observe_mcp_servers(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "mcp",
        "MCP servers answer: as last tried, or tried now when `mcp` is named",
        lambda scene: judge_mcp_answers(mcp.observe_mcp_answers(scene)),
        causes=("config", "vault"),
    ),
    Check(
        "systemd-bus",
        "the systemd that runs the units can be talked to",
        lambda scene: judge_bus(systemd.observe_bus(scene)),
        causes=(),
    ),
    Check(
        "units-current",
        "the installed units are those that aiemp.toml asks for",
        lambda scene: judge_unit_files(systemd.observe_unit_files(scene)),
        causes=("config", "systemd-bus"),
    ),
    Check(
        "units-failed",
        "no unit has failed",
        lambda scene: _judge_units(scene, systemd.observe_unit_states(scene)),
        causes=("systemd-bus",),
    ),
    Check(
        "linger",
        "your systemd runs without a login",
        lambda scene: judge_linger(systemd.observe_linger(scene)),
        causes=("systemd-bus",),
    ),
    Check(
        "journal",
        "the journal of the units can be read",
        lambda scene: judge_journal(systemd.observe_journal(scene)),
        causes=("systemd-bus",),
    ),
    Check(
        "orchestrator",
        "one runs, under any engine",
        lambda scene: judge_orchestrator(supervision.observe_supervisors(scene)),
        causes=("config", "vault", "systemd-bus"),
    ),
    Check(
        "second-supervisor",
        "nothing else keeps this vault running",
        lambda scene: judge_second_supervisor(supervision.observe_supervisors(scene)),
    ),
    Check(
        "watchers",
        "those that are meant to run do, and none waits to be adopted",
        lambda scene: judge_watchers(supervision.observe_watchers(scene)),
        causes=("config", "vault", "state"),
    ),
)


def _judge_units(scene: Scene, seen: list[UnitSeen]) -> list[Finding]:
    if not scene.scopes:
        folder = unreadable_folder(scene.environ)
        return [fail(*with_remedy(unreadable_words(folder)))] if folder is not None else []
    plan = scene.loaded
    tasks = {task.name for task in plan.tasks} if isinstance(plan, Plan) else None
    return judge_unit_states(scene.scopes[0], seen, tasks=tasks, install_line=scene.install_line or "")


def _judge_programs(scene: Scene, check: str) -> list[Finding]:
    return judge_programs(programs.search_of(scene), programs.observe_programs(scene)[check])
