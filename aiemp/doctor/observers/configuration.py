"""Looks at ``aiemp.toml``, the vault's ``.env``, what they decide, and the clock."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

from aiemp.claude.pause import Pause, read_pause
from aiemp.config.dry_run import is_blank
from aiemp.config.locate import config_to_read
from aiemp.config.zones import machine_zone
from aiemp.doctor.clock import ClockSeen, TimezoneSeen
from aiemp.doctor.config import ConfigSeen, DotenvSeen
from aiemp.doctor.dry_run import DryRunSeen
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.pings import PingsSeen
from aiemp.environment import vault_environment
from aiemp.errors import AiempError, UsageError
from aiemp.ping_trouble import ping_troubles
from aiemp.plan import DryRun, Plan
from aiemp.systemd.drift import installed_plan

AHEAD = timedelta(minutes=1)
"""A clock that is being corrected may make a run look a moment late."""


def observe_pings(scene: Scene) -> PingsSeen:
    called = scene.plan.pings.settings
    return PingsSeen(called, ping_troubles(scene.plan.vault, called), scene.now)


def observe_pause(scene: Scene) -> Pause | None:
    return read_pause(scene.plan.vault, scene.now)


def observe_config(scene: Scene) -> ConfigSeen:
    try:
        file = config_to_read(scene.config, scene.environ)
    except UsageError as error:
        return ConfigSeen(scene.config or Path("aiemp.toml"), False, (str(error),))
    if not isinstance(scene.loaded, Plan):
        return ConfigSeen(file, os.path.lexists(file), scene.loaded)
    # What is wrong with .env is told by its own check.
    dotenv = (str(scene.plan.vault / ".env"), "DRY_RUN in the vault's .env")
    warnings = tuple(each for each in scene.plan.warnings if not each.startswith(dotenv))
    return ConfigSeen(file, os.path.lexists(file), warnings=warnings)


def observe_dotenv(scene: Scene) -> DotenvSeen:
    file = scene.plan.vault / ".env"
    exists = os.path.lexists(file)
    if not exists:
        return DotenvSeen(file, False)
    _, problems = vault_environment(scene.plan.vault)
    own = tuple(each for each in scene.plan.warnings if each.startswith("DRY_RUN in the vault's .env"))
    return DotenvSeen(file, True, (*problems, *own))


def observe_dry_run(scene: Scene) -> DryRunSeen:
    servers = [(server.name, dict(server.env).get("DRY_RUN")) for server in scene.plan.mcp_servers]
    written = tuple(
        (name, word.strip())
        for name, word in servers
        if word is not None and not is_blank(word) and "$" not in word  # ${DRY_RUN}: as the caller says
    )
    return DryRunSeen(scene.plan.dry_run, _decision_of_units(scene), written)


def observe_clock(scene: Scene) -> ClockSeen:
    runs = [(name, record.last_run) for name, record in scene.ledger.records.items()]
    future = [(name, moment) for name, moment in runs if moment is not None and moment > scene.now + AHEAD]
    has_timedatectl = scene.booted and shutil.which("timedatectl") is not None
    return ClockSeen(scene.now, any(moment for _, moment in runs), tuple(future), has_timedatectl)


def observe_timezone(scene: Scene) -> TimezoneSeen | None:
    plan = scene.plan
    if any(each.startswith("the machine's time zone is not known") for each in plan.warnings):
        return None  # told by the config check
    without = {name: value for name, value in scene.environ.items() if name != "TZ"}
    return TimezoneSeen(
        name=plan.zone_name or str(plan.zone),
        is_configured=plan.zone_name is not None,
        machine=str(machine_zone(without)[0]),
        has_units=scene.units is not None,
    )


def _decision_of_units(scene: Scene) -> DryRun | None:
    if scene.units is None:
        return None
    try:
        return installed_plan(scene.units, scene.environ).dry_run
    except AiempError:
        return None  # their own check says why
