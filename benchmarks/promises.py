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
        "idle under systemd: wake-ups of all processes, to looks and heartbeats", 1.0, "× expected"
    ),
    "wake_ups_local": Promise(
        "idle under the local loop: wake-ups of all processes, to looks and heartbeats", 1.0, "× expected"
    ),
    "crash_local": Promise(
        "local loop: a built-in watcher is killed until its successor has looked, p95",
        3,
        "× `python -c pass`",
        "The kernel takes its time to end a process that watches folders: from the kill until its parent hears of "
        "it 7 to 16 ms at the median, up to 22, against 1 without a watch (what inotify(7) holds is given back "
        "after a grace period). So the filesystem watcher is the slow one of the two, under PM2 as well; without "
        "inotify it would look four times a second instead. The local loop then starts the successor within 2 to 3 "
        "ms (strace), before it tells anybody. The rest is the successor: a bare Python (1 ×), and what the first "
        "look needs: `signal` with `enum` (0.4 ×), `json` with `re` (0.5 ×), `runpy` for `-m` (0.2 ×), its own "
        "modules and the look (0.3 ×). Less would need a fork of the orchestrator instead of a fresh Python, which "
        "would carry its memory and descriptors along.",
    ),
    "firing_local": Promise(
        "local loop: slot until the first line of the task's command, p95",
        3,
        "× `python -m aiemp --version`",
        "The loop sleeps until the slot itself, to the millisecond and without polling; the rest is a run's own "
        "start, of which the part about runs tells.",
    ),
    "firing_systemd": Promise(
        "systemd: slot until the first line of the task's command, p95",
        300,
        "ms",
        "A limit in milliseconds is about a machine that has nothing else to do: systemd starts the task's service "
        "within 15 ms of the slot, with nice 10, and then it is a run's own start. See how long `--version` takes in "
        "the same minutes.",
    ),
    "trigger": Promise(
        "a run of a task that does nothing, by the clock",
        1.8,
        '× `python -c "import click"`',
        "Counted in instructions (valgrind), of a run's 362 million the interpreter takes 31, click 120, the other "
        "standard modules that a run needs 75 (`logging`, `pathlib` with `urllib.parse` and `ipaddress`, `zoneinfo` "
        "with `sysconfig`, `tomllib`, `subprocess`, `ctypes`, `json`), aiemp's 95 modules 95, and the work itself 41. "
        "So a Python that imports all of that and does nothing is at 1.9 ×, and without aiemp's own modules at 1.3 ×. "
        "By the clock come the child (a fork: between it and exec the child is told to die with us), nine waits for "
        "the disk (what a run keeps survives a power cut; `tests/integration/test_costs.py` counts them), and 10 ms in "
        "which the dashboard's writer watches for somebody else's write, and keeps its own notes meanwhile. A command "
        "that handed the run to a daemon would be quicker, and would run nothing when there is none.",
    ),
    "completion": Promise("completing with the tab key", 3, '× `python -c "import click"`'),
    "tick": Promise("a tick, for each of 10,000 tasks", 5, "µs"),
    "tick_growth": Promise(
        "a tick's growth with the number of tasks (1 is linear, 2 quadratic)", 1.25, "slope"
    ),
    "count": Promise("counting 100,000 files", 2, "× `find -name '*.md' \\| wc -l`"),
    "count_done": Promise(
        "counting what of 100,000 files in Done is of today",
        2,
        "× `find -name '*.md' -newermt DAY \\| wc -l`",
        "One fstatat(2) for each file, as find does; Python makes an object of each answer.",
    ),
    "dashboard": Promise(
        "writing the health to the dashboard with 100,000 files in the vault, to 1,000",
        1.2,
        "× 1,000 files",
        "Nothing in a write looks at other files. Two waits for the disk and 10 ms of watching are most of it, and "
        "a disk that is busy, here with the 100,000 files just made, makes them longer.",
    ),
    "status": Promise("`aiemp status` of a new vault, by the clock", 3, '× `python -c "import click"`'),
    "status_full": Promise(
        "`aiemp status` with 100,000 files in Done and 5,000 in Needs_Action, by the clock", 1500, "ms"
    ),
    "status_pm2": Promise("`aiemp status`, to `pm2 list`", 1.0, "× PM2"),
    "status_supervisord": Promise(
        "`aiemp status`, to `supervisorctl status`",
        1.0,
        "× supervisorctl",
        "Both are Pythons that spend nearly all of their time importing: of the 317 million instructions of a look "
        "the interpreter takes 31 and click 120. supervisorctl asks a daemon for four lines; `aiemp status` reads the "
        "configuration, the ledger, the locks, the queues and the history by itself, so that it tells the truth when "
        "nothing runs.",
    ),
    "reinstall": Promise(
        "`aiemp install-units` that changes nothing", 4, '× `python -c "import click, jinja2"`'
    ),
    "render": Promise(
        "rendering the units of 1,000 tasks and 100 watchers, in the process", 1000, "ms of a processor"
    ),
}
