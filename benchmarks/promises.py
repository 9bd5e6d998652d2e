"""What was promised: the most that each figure may be, and what bounds it where it is more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """``limit`` is in ``unit``; a unit that begins with × is a ratio. ``bound`` is told when it is not reached."""

    text: str
    limit: float
    unit: str
    bound: str = ""

    def reached(self, value: float) -> bool:
        return value <= self.limit


PROMISES: dict[str, Promise] = {
    "memory_systemd_pm2": Promise(
        "whole idle system under systemd: memory, to that of PM2 with the same watchers", 0.6, "× PM2"
    ),
    "memory_local_pm2": Promise(
        "whole idle system under the local loop: memory, to that of PM2 with the same watchers", 0.6, "× PM2"
    ),
    "memory_local_supervisord": Promise(
        "whole idle system under the local loop: memory, to that of supervisord with APScheduler",
        1.0,
        "× supervisord",
    ),
    "wake_ups_systemd": Promise(
        "idle under systemd: wake-ups of all processes in a minute, to looks and heartbeats",
        1.0,
        "× expected",
    ),
    "wake_ups_local": Promise(
        "idle under the local loop: wake-ups of all processes in a minute, to looks and heartbeats",
        1.0,
        "× expected",
    ),
    "crash_local": Promise(
        "local loop: a built-in watcher is killed until its successor has looked, p95",
        3,
        "× `python -c pass`",
    ),
    "firing_local": Promise(
        "local loop: slot until the first line of the task's command, p95", 3, "× `python -m aiemp --version`"
    ),
    "trigger": Promise(
        "a run of a task that does nothing, by the clock", 1.8, '× `python -c "import click"`'
    ),
    "tick": Promise("a tick, for each of 10,000 tasks", 5, "µs"),
    "tick_growth": Promise(
        "a tick's growth with the number of tasks (1 is linear, 2 quadratic)", 1.25, "slope"
    ),
    "dashboard": Promise(
        "writing the health to the dashboard with 100,000 files in the vault, to 1,000", 1.2, "× 1,000 files"
    ),
    "count": Promise("counting 100,000 files", 2, "× `find -name '*.md' \\| wc -l`"),
    "count_done": Promise(
        "counting what of 100,000 files in Done is of today",
        2,
        "× `find -name '*.md' -newermt DAY \\| wc -l`",
    ),
    "status": Promise("`aiemp status` of a new vault, by the clock", 3, '× `python -c "import click"`'),
    "status_full": Promise(
        "`aiemp status` with 100,000 files in Done and 5,000 in Needs_Action, by the clock", 1500, "ms"
    ),
    "status_pm2": Promise("`aiemp status`, to `pm2 list`", 1.0, "× PM2"),
    "status_supervisord": Promise("`aiemp status`, to `supervisorctl status`", 1.0, "× supervisorctl"),
    "reinstall": Promise(
        "`aiemp install-units` that changes nothing", 4, '× `python -c "import click, jinja2"`'
    ),
    "render": Promise("rendering the units of 1,000 tasks and 100 watchers, in the process", 1000, "ms"),
    "completion": Promise("completing with the tab key", 3, '× `python -c "import click"`'),
    "firing_systemd": Promise("systemd: slot until the first line of the task's command, p95", 300, "ms"),
}
