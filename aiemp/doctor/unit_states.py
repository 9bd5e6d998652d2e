"""``units-failed``: no unit has failed, no timer is off. Watchers have a check of their own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aiemp.doctor.findings import Finding, counted, fail, ok, warn
from aiemp.frozen import frozen, replace
from aiemp.systemd.command_lines import systemctl_line
from aiemp.systemd.names import ORCHESTRATOR, TARGET, task_of, watcher_of
from aiemp.systemd.scope import Scope

GIVEN_UP_WITH_ITS_SERVICE = "unit-start-limit-hit"
"""A path unit fails together with a watcher that was restarted too often, which has a check of its own."""

NEVER_STARTED = ("not-found", "masked", "error", "bad-setting")


@frozen
class UnitSeen:
    """One installed unit, by the properties that ``systemctl show`` has."""

    name: str
    load: str = "loaded"
    active: str = "active"
    result: str = "success"
    needs_reload: bool = False


def judge_unit_states(
    scope: Scope, units: Sequence[UnitSeen], *, tasks: Collection[str] | None = None, install_line: str = ""
) -> list[Finding]:
    """What does not do what it is there for. Nothing where no units are installed.

    ``tasks``: those of the plan, None when that is not known. A unit of any other goes with ``install_line``.
    """
    if not units:
        return []
    findings = []
    stale = [unit for unit in units if unit.needs_reload]
    if stale:
        what = f"systemd has not read {counted(len(stale), 'changed unit')} yet"
        line = systemctl_line(scope, "daemon-reload")
        findings.append(warn(what, line, (line,)))
    is_up = any(unit.name == TARGET and unit.active == "active" for unit in units)
    for unit in units:
        finding = _finding(scope, unit, is_up=is_up)
        if finding is not None and tasks is not None and _has_left(unit.name, tasks):
            what = f"{finding.what}; its task is not in aiemp.toml any more"
            remedy = f"take its units away: {install_line}"
            finding = replace(finding, what=what, remedy=remedy, fix=(install_line,))
        if finding is not None:
            findings.append(finding)
    return findings or [ok(f"{counted(len(units), 'unit')}, none has failed")]


def _finding(scope: Scope, unit: UnitSeen, *, is_up: bool) -> Finding | None:
    if unit.load == "masked":
        return fail(f"{unit.name} is masked", systemctl_line(scope, "unmask", unit.name))
    if unit.load in NEVER_STARTED:
        what = f"systemd cannot load {unit.name} ({unit.load})"
        return fail(what, f"see why: {systemctl_line(scope, 'status', unit.name)}")
    if unit.result == GIVEN_UP_WITH_ITS_SERVICE:
        return None
    if unit.active == "failed":
        return fail(f"{unit.name} has failed ({unit.result})", _way_back(scope, unit.name))
    if is_up and unit.active == "inactive" and unit.name.endswith((".timer", ".path")):
        what = f"{unit.name} is stopped, so nothing wakes {_what_it_starts(unit.name)} in time"
        line = systemctl_line(scope, "start", unit.name)
        return warn(what, line, (line,))
    return None


def _has_left(unit: str, tasks: Collection[str]) -> bool:
    task = task_of(unit)
    return task is not None and task not in tasks


def _what_it_starts(unit: str) -> str | None:
    return task_of(unit) or watcher_of(unit.removesuffix(".path") + ".service")


def _way_back(scope: Scope, unit: str) -> str:
    task = task_of(unit)
    if task is not None and unit.endswith(".service"):
        reset = systemctl_line(scope, "reset-failed", unit)
        return f"see why: aiemp logs {task}; mend it, then: aiemp trigger {task} && {reset}"
    why = "aiemp logs" if unit == ORCHESTRATOR else systemctl_line(scope, "status", unit)
    reset = systemctl_line(scope, "reset-failed", unit)
    return f"see why: {why}; mend it, then: {reset}; {systemctl_line(scope, 'start', TARGET)}"
