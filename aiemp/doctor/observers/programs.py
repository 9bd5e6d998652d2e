"""Looks for the programs that will be started, on the PATH of who starts them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from aiemp.claude.preflight import claude_version, find_claude
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.programs import ClaudeSeen, ProgramSeen, Search
from aiemp.errors import Blocked
from aiemp.process import find_program
from aiemp.systemd.names import task_service
from aiemp.systemd.unquoting import environment_words

NODE = frozenset({"node", "npx", "npm"})
UV = frozenset({"uv", "uvx"})


def search_of(scene: Scene) -> Search:
    return Search(scene.install_line)


def observe_claude(scene: Scene) -> ClaudeSeen | None:
    if not any(task.enabled and task.requires_claude for task in scene.plan.tasks):
        return None
    settings = scene.plan.claude
    here = find_program(settings.command, scene.environ)
    try:
        found = find_claude(settings, _environ(scene))
        return ClaudeSeen(search_of(scene), found, here=here, version=claude_version(found, _environ(scene)))
    except Blocked as blocked:
        return ClaudeSeen(search_of(scene), None, blocked.reason, here)


def observe_programs(scene: Scene) -> dict[str, list[ProgramSeen]]:
    """The programs for ``node-path``, ``uv-path`` and ``commands``."""
    environ = _environ(scene)
    found: dict[str, list[ProgramSeen]] = {"node-path": [], "uv-path": [], "commands": []}
    for name, wanted_by in _wanted(scene).items():
        check = "node-path" if name in NODE else "uv-path" if name in UV else "commands"
        path = find_program(name, environ)
        found[check].append(ProgramSeen(name, tuple(wanted_by), path, find_program(name, scene.environ)))
    return found


def _wanted(scene: Scene) -> dict[str, list[str]]:
    """Who starts which program, by its name, or by its path from the vault."""
    plan = scene.plan
    wanted: dict[str, list[str]] = {}

    def want(name: str, by: str, folder: Path | None = None) -> None:
        if "$" not in name:  # Claude replaces variables in .mcp.json
            path = str((folder or plan.vault) / name) if os.sep in name else name
            wanted.setdefault(path, []).append(by)

    claude = find_program(plan.claude.command, _environ(scene))
    needs_claude = any(task.enabled and task.requires_claude for task in plan.tasks)
    if needs_claude and claude is not None and _interpreter(claude) == "node":
        want("node", "Claude Code")
    for server in plan.mcp_servers:
        if server.command:
            want(server.command[0], f"MCP server {server.name}", server.cwd)
    for task in plan.tasks:
        if task.enabled and task.command:
            want(task.command[0], f"task {task.name}")
    for watcher in plan.watchers:
        if watcher.enabled and watcher.command:
            want(watcher.command[0], f"watcher {watcher.name}", watcher.cwd)
    if plan.alert_command:
        want(plan.alert_command[0], "alerts")
    return wanted


def _environ(scene: Scene) -> Mapping[str, str]:
    """The environment that programs are looked for in: of the units where there are units, with what drop-ins
    say, as far as systemd can be asked."""
    if scene.units is None:
        return scene.environ
    path = scene.units.path_variable
    if not scene.bus_error:
        path = _path_shown(scene) or path
    return scene.environ if path is None else {**scene.environ, "PATH": path}


def _path_shown(scene: Scene) -> str | None:
    """The PATH that systemd gives a task that needs Claude, else the first that it gives anything."""
    needing = [task_service(task.name) for task in scene.plan.tasks if task.enabled and task.requires_claude]
    for unit in (*needing, *scene.shown):
        path = environment_words(scene.shown.get(unit, {}).get("Environment", "")).get("PATH")
        if path:
            return path
    return None


def _interpreter(program: Path) -> str:
    """The name of what runs a script (``#!/usr/bin/env node``); empty for what is none."""
    try:
        with program.open("rb") as file:
            line = file.readline(200)
    except OSError:
        return ""
    if not line.startswith(b"#!"):
        return ""
    words = [word for word in line[2:].decode("utf-8", "replace").split() if not word.startswith("-")]
    return Path(words[-1]).name if words else ""
