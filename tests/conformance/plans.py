"""The small plans that scenarios are about: tasks that leave lines in ``Done/log``, watchers that are scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiemp.plan import SCHEDULE_REGISTRY

IDLE = "".join(f"[tasks.{task.name}]\nenabled = false\n" for task in SCHEDULE_REGISTRY if task.enabled)
IDLE += "".join(f"[watchers.{name}]\nenabled = false\n" for name in ("filesystem", "approval"))
"""Nothing runs but the orchestrator."""

DUE = {"frequency": "daily", "time": "00:00"}
"""Due as soon as the orchestrator looks, every day: its time of the day has passed."""

WORKS = "import time\nwhile True:\n    time.sleep(60)\n"
"""A watcher that does its work."""


AT_FIRST = "test -e Done/on || {{ touch Done/on; {0}; }}"
"""What a task does in its first attempt alone; ``Done/on`` says that it has come that far."""

CLAUDE = "#!/bin/sh\necho done\n"
"""A Claude that answers."""


def task(name: str, shell: str = "", **keys: object) -> str:
    """A task that leaves ``begin NAME`` and ``end NAME`` in the log, and runs ``shell`` in between."""
    middle = f"{shell}; " if shell else ""
    script = f"echo begin {name} >> Done/log; {middle}echo end {name} >> Done/log"
    return table(f"tasks.{name}", command=["sh", "-c", script], **keys)


def watcher(name: str, vault: str, **keys: object) -> str:
    """A watcher that is the script ``NAME.py`` of the vault (see :func:`script`)."""
    return table(f"watchers.{name}", command=["python3", "-IS", f"{vault}/{script(name)}"], **keys)


def script(name: str) -> str:
    """Where a watcher's script lies in the vault."""
    return f"Accounting/{name}.py"


def table(name: str, **keys: object) -> str:
    """A table of aiemp.toml. JSON is TOML, for what is used here."""
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def one_after_the_other(lines: Iterable[str]) -> list[str]:
    """The tasks that the log tells of, in their order; AssertionError when one began before another's end."""
    lines = list(lines)
    order = [line.removeprefix("begin ") for line in lines[::2]]
    assert lines == [f"{edge} {name}" for name in order for edge in ("begin", "end")], lines
    return order
