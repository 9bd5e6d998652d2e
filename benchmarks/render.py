"""What it costs to render the units of a plan far larger than anybody's.

Promise (issue Systemd): 1,000 tasks and 100 watchers within 1 s. Beside it, in the same rounds, what each command
that renders pays anyway: a Python that has imported click and jinja2.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Plan, Watcher
from aiemp.systemd.installation import Installation
from aiemp.systemd.scope import Scope
from aiemp.systemd.units import render
from benchmarks import figures
from benchmarks.figures import Figure, paired

TITLE = "Rendering units"
TASKS, WATCHERS = 1_000, 100
ROUNDS = 5
BARE = [sys.executable, "-c", "import click, jinja2"]


def large_plan() -> Plan:
    """The built-in tasks over and over, all enabled, and watchers of the user's own."""
    tasks = (replace(SCHEDULE_REGISTRY[n % 7], name=f"task_{n}", enabled=True) for n in range(TASKS))
    watchers = (Watcher(f"watcher_{n}", command=("python3", f"{n}.py")) for n in range(WATCHERS))
    return Plan(Path("/home/someone/Vault"), tasks=tuple(tasks), watchers=tuple(watchers))


def installation(scope: Scope) -> Installation:
    """One of a user called someone."""
    return Installation(
        scope=scope,
        python=Path("/home/someone/.local/bin/python"),
        path_variable="/home/someone/.local/bin:/usr/local/bin:/usr/bin:/bin",
        home=Path("/home/someone"),
        unit_folder=Path("/etc/systemd/system"),
        systemd_version=252,
        run_as="someone",
        uid=1000,
    )


def timed_ms(call: Callable[[], object]) -> float:
    """How long a call takes, in milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def figure(scope: Scope) -> Figure:
    """Rendering it all for one kind of installation."""
    plan, where = large_plan(), installation(scope)
    render(plan, where)  # reads and compiles the templates
    rounds = [
        (
            timed_ms(lambda: render(plan, where)),
            timed_ms(lambda: subprocess.run(BARE, check=True)),
        )
        for _ in range(ROUNDS)
    ]
    measured, baseline = paired(rounds)
    name = f"render of {TASKS:,} tasks and {WATCHERS} watchers, --{scope.value}"
    return Figure(name, measured, 1000, "ms", baseline, "`import click, jinja2`")


def table() -> str:
    """The figures as a Markdown table."""
    return figures.table(figure(scope) for scope in Scope)
