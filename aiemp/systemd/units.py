"""The units of a plan, as values: :func:`render` writes nothing and, but for the templates, reads nothing.

What each directive is for stands beside it in ``units/*.j2``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aiemp.errors import AiempError
from aiemp.frozen import frozen
from aiemp.plan import Origin, Plan, ScheduledTask, Watcher
from aiemp.systemd.fingerprint import watcher_fingerprint
from aiemp.systemd.installation import OLDEST_SYSTEMD, Installation
from aiemp.systemd.names import (
    ALERT_TEMPLATE,
    NOT_STARTED,
    ORCHESTRATOR,
    START_AFRESH,
    TARGET,
    start_request,
    task_path,
    task_service,
    task_timer,
    watcher_path,
    watcher_unit,
)
from aiemp.systemd.sandbox import Level, sandbox_values, task_level
from aiemp.systemd.templates import render_template
from aiemp.timers import on_calendar

OVERTIME_S = 120.0
"""A task limits itself, and one with a child limits that first (:data:`aiemp.runner.CHILD_MARGIN_S`); then it
writes down what happened. This much after its limit systemd ends it from outside."""


@frozen
class UnitFile:
    """One unit file. ``runs_aiemp``: what runs for long in it is aiemp's own code, so that a new version of
    aiemp has to be started in it."""

    name: str
    content: str
    runs_aiemp: bool = False


def render(plan: Plan, installation: Installation) -> tuple[UnitFile, ...]:
    """Every unit of ``plan``: the target, the orchestrator, the watchers, the tasks, and the alert template.

    What is disabled has no units. Raises AiempError, which says what to change, for a value that no unit file
    can hold and for a systemd that is too old.
    """
    if installation.systemd_version < OLDEST_SYSTEMD:
        raise AiempError(
            f"systemd {installation.systemd_version} is too old: the units need {OLDEST_SYSTEMD}; "
            "use `aiemp run`, alone or under PM2"
        )
    return _Rendering(plan, installation).everything()


@frozen
class _Rendering:
    plan: Plan
    installation: Installation

    def everything(self) -> tuple[UnitFile, ...]:
        wanted = [self._orchestrator()]
        for watcher in self.plan.watchers:
            if watcher.enabled:
                wanted.append(self._watcher(watcher))
                wanted += self._request(watcher_path(watcher.name), watcher.name)
        runs = []
        by_priority = [task.name for task in sorted(self.plan.tasks, key=lambda task: task.priority)]
        services = [task_service(name) for name in by_priority]
        places = {name: place for place, name in enumerate(by_priority)}
        for task in self.plan.tasks:
            if task.enabled:
                wanted += self._wake_ups(task)
                runs.append(self._task(task, services[: places[task.name]]))
        return (self._target([unit.name for unit in wanted]), *wanted, *runs, self._alert())

    def _target(self, wanted: list[str]) -> UnitFile:
        return self._unit(TARGET, "aiemp.target.j2", {"wants": wanted})

    def _orchestrator(self) -> UnitFile:
        values = {
            "vault_text": str(self.plan.vault),
            "command": self._command("run", "--engine", "systemd", *self._scope_option()),
            "alert_command": self._command("alert"),
            "start_afresh": START_AFRESH,
            **self._sandbox(Level.NETWORK),
        }
        return self._unit(ORCHESTRATOR, "aiemp-orchestrator.service.j2", values, runs_aiemp=True)

    def _watcher(self, watcher: Watcher) -> UnitFile:
        is_built_in = watcher.origin is Origin.BUILT_IN and not watcher.command
        level = Level.OFFLINE if is_built_in else Level.NETWORK
        values = {
            "description": _described(f"{watcher.name} watcher", watcher.description),
            "command": self._command("watch", watcher.name),
            "fingerprint": watcher_fingerprint(watcher, self.plan),
            "is_built_in": is_built_in,
            "needs_network": level is not Level.OFFLINE,
            "restarts": self.plan.limits.restarts,
            "restart_window_s": self.plan.limits.restart_window_s,
            "not_started": NOT_STARTED,
            "stop_signal": watcher.stop_signal,
            "stop_timeout_s": watcher.stop_timeout_s,
            **self._sandbox(level, writable=(watcher.cwd,) if watcher.cwd else ()),
        }
        name = watcher_unit(watcher.name)
        return self._unit(name, "aiemp-watcher.service.j2", values, runs_aiemp=is_built_in)

    def _wake_ups(self, task: ScheduledTask) -> Iterator[UnitFile]:
        """What starts a task's service: its timer, and what the orchestrator asks through."""
        calendar = on_calendar(task, self.plan.zone_name)
        values = {"task_text": task.name, "calendar": calendar}
        yield self._unit(task_timer(task.name), "aiemp-task.timer.j2", values)
        yield from self._request(task_path(task.name), task.name)

    def _request(self, path_unit: str, about: str) -> Iterator[UnitFile]:
        """What the orchestrator has ``about`` started through, where it may not do that itself."""
        if self.installation.is_system:
            values = {"about": about, "request": start_request(path_unit)}
            yield self._unit(path_unit, "aiemp-request.path.j2", values)

    def _task(self, task: ScheduledTask, first: Sequence[str]) -> UnitFile:
        """What runs ``task``. The services that are ``first`` have their turn before it; of these some may be
        disabled, so that switching one on or off changes the units of no other."""
        level = task_level(task, self.plan)
        values = {
            "description": _described(task.name, task.description),
            "first": first,
            "command": self._command("trigger", task.name, "--scheduled"),
            "needs_network": level is not Level.OFFLINE,
            "runtime_max_s": task.timeout_minutes * 60.0 + OVERTIME_S,
            **self._sandbox(level),
        }
        return self._unit(task_service(task.name), "aiemp-task.service.j2", values)

    def _alert(self) -> UnitFile:
        values = {"command": self._command("alert"), **self._sandbox(Level.NETWORK)}
        return self._unit(ALERT_TEMPLATE, "aiemp-alert@.service.j2", values)

    def _scope_option(self) -> tuple[str, ...]:
        return ("--system",) if self.installation.is_system else ()

    def _command(self, *words: str) -> list[str]:
        """``aiemp WORDS``, independent of PATH and working directory."""
        # -P: a module in the working directory must not be loaded, wherever a drop-in puts that.
        command = [str(self.installation.python), "-P", "-m", "aiemp"]
        if self.installation.config_file is not None:
            command += ["--config", str(self.installation.config_file)]
        return [*command, "--vault", str(self.plan.vault), *words]

    def _sandbox(self, level: Level, writable: tuple[Path, ...] = ()) -> dict[str, object]:
        return sandbox_values(level, self.plan.vault, self.installation, writable)

    def _unit(
        self, name: str, template: str, values: Mapping[str, object], *, runs_aiemp: bool = False
    ) -> UnitFile:
        installation = self.installation
        common = {
            "name": name,
            "version": installation.aiemp_version,
            "is_system": installation.is_system,
            "path_variable": installation.path_variable,
            "has_notify_reload": installation.has_notify_reload,
            "has_restart_steps": installation.has_restart_steps,
            "has_restart_mode": installation.has_restart_mode,
            "mounts": (self.plan.vault, installation.home),
        }
        try:
            return UnitFile(name, render_template(template, {**common, **values}), runs_aiemp)
        except ValueError as error:
            raise AiempError(
                f"{name} cannot be written: {error}; rename it, or correct aiemp.toml"
            ) from error


def _described(name: str, description: str) -> str:
    return f"{name}: {description}" if description else name
