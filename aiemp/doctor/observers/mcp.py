"""Looks at MCP servers: at what the last probe found, or, when it is asked for by name, at themselves."""

from __future__ import annotations

from aiemp.doctor.mcp_answers import McpAnswer
from aiemp.doctor.observers.scene import Scene
from aiemp.frozen import replace
from aiemp.mcp.results import last_verdicts
from aiemp.mcp.verdict import State

CHECK = "mcp"


def observe_mcp_answers(scene: Scene) -> tuple[McpAnswer, ...]:
    """How each server is. What was tried here is not kept: this shell is not the one that tasks run in."""
    plan = scene.plan
    last = last_verdicts(plan)
    if CHECK not in scene.asked or plan.dry_run.active:
        return tuple(McpAnswer(name, verdict, scene.now) for name, verdict in last.items())
    from aiemp.mcp.probe import DEFAULT_LIMITS, probe_servers  # noqa: PLC0415 - only for this

    # Its owner waits and can see which one it is, so there is time for all.
    limits = replace(DEFAULT_LIMITS, total_s=float("inf"))
    tried = probe_servers(
        plan, plan.mcp_servers, scene.environ, scene.now, only_approved=False, limits=limits
    )
    return tuple(
        McpAnswer(name, tried[name], scene.now, is_new=verdict.state is State.NEW)
        for name, verdict in last.items()
    )
