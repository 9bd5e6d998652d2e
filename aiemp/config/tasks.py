"""``[tasks.NAME]``: changes to the built-in tasks, and the user's own. Pure.

No built-in task is lost: a table with its name changes the keys it has, and nothing else.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from aiemp.config.document import shown
from aiemp.config.named_tables import NamedTable, named_tables
from aiemp.config.table import Table, did_you_mean
from aiemp.config.task_times import read_catch_up, read_task_times
from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Frequency, ScheduledTask

LONGEST_PROMPT = 100_000
"""Linux refuses a single argument of 128 KiB (MAX_ARG_STRLEN, execve(2)); the skills need some of it."""

_BUILT_IN = {task.name: task for task in SCHEDULE_REGISTRY}
ACTIONS = ("prompt", "command", "function")
WHAT_TO_ADD = 'add a prompt = "…", a command = ["…"], or a function = "module:function"'


def read_tasks(root: Table) -> tuple[ScheduledTask, ...]:
    """The built-in tasks in their order, as changed, then the user's own in the order of the file."""
    tasks = dict(_BUILT_IN)
    for named in named_tables(root, "tasks", built_in=_BUILT_IN):
        task = _read_task(named, _BUILT_IN.get(named.meant))
        if task is not None and named.usable:
            tasks[named.name] = task
    return tuple(tasks.values())


def _read_task(named: NamedTable, built_in: ScheduledTask | None) -> ScheduledTask | None:
    table = named.table
    action = _read_action(named, built_in)
    # A slip in a built-in task's name has been told; that it says no time either would only hide that.
    times = read_task_times(table, built_in or _meant_task(named))
    changes: dict[str, Any] = {
        "description": table.one_line("description"),
        "enabled": table.flag("enabled"),
        "timeout_minutes": table.whole("timeout_minutes"),
        "priority": table.whole("priority"),
        "catch_up": read_catch_up(table),
        "max_attempts": table.whole("max_attempts"),
        "retry_delay_minutes": table.whole("retry_delay_minutes"),
        "requires_claude": _requires_claude(table, action),
        "expect": _expect(table),
    }
    table.refuse_unknown_keys()
    if times is None or action is None:
        return None
    base = built_in or ScheduledTask(named.name, _default_description(named.name), Frequency.DAILY)
    given = {key: value for key, value in changes.items() if value is not None}
    return replace(
        base,
        frequency=times.frequency,
        time_of_day=times.time_of_day,
        day_of_week=times.day_of_week,
        interval_minutes=times.interval_minutes,
        calendar=times.calendar,
        **action,
        **given,
    )


def _read_action(named: NamedTable, built_in: ScheduledTask | None) -> dict[str, Any] | None:
    """The fields that say what the task does, all of them when it replaces what a built-in one does.

    Empty when a built-in task keeps its trigger function; None after a mistake.
    """
    table = named.table
    values: dict[str, Any] = {
        "prompt": _prompt(table),
        "command": table.argv("command"),
        "function": _function(table),
    }
    skills = _skills(table)
    given = [key for key in ACTIONS if key in table]
    if "skills" in table and "prompt" not in table:
        table.mistake("belongs to a `prompt`; add one, or remove it", "skills")
        return None
    if not given:
        if built_in is None:
            # A slip in a built-in task's name looks like a new task without anything to do.
            hint = did_you_mean(named.name, _BUILT_IN)
            table.mistake(f"does not say what it does; {WHAT_TO_ADD}{hint}")
            return None
        return {}
    for key in given[1:]:
        table.mistake(f"and `{given[0]}` exclude each other; keep one of them", key)
    if len(given) > 1 or values[given[0]] is None or ("skills" in table and skills is None):
        return None
    return {
        "prompt": values["prompt"] or "",
        "skills": skills or (),
        "command": values["command"] or (),
        "trigger_fn": values["function"] or "",
    }


def _meant_task(named: NamedTable) -> ScheduledTask | None:
    """The built-in task whose name was meant; only for a table that does not say what it does."""
    if any(key in named.table for key in ACTIONS):
        return None
    hint = did_you_mean(named.name, _BUILT_IN)
    return next((task for name, task in _BUILT_IN.items() if f"`{name}`" in hint), None)


def _requires_claude(table: Table, action: dict[str, Any] | None) -> bool | None:
    wanted = table.flag("requires_claude")
    if "prompt" in table and wanted is False:
        table.mistake("cannot be false for a task with a `prompt`; remove it", "requires_claude")
    if wanted is None and action:
        return bool(action["prompt"])
    return wanted


def _prompt(table: Table) -> str | None:
    prompt = table.text("prompt")
    if prompt is not None and len(prompt.encode()) > LONGEST_PROMPT:
        message = f"is longer than {LONGEST_PROMPT} bytes; put it in a file and let the prompt name that"
        table.mistake(message, "prompt")
        return None
    return prompt


def _function(table: Table) -> str | None:
    function = table.one_line("function")
    if function is None:
        return None
    module, colon, name = function.partition(":")
    if colon and name.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return function
    table.mistake(f'is {shown(function)}; write it like "package.module:function"', "function")
    return None


def _expect(table: Table) -> str | None:
    pattern = table.one_line("expect")
    if pattern is None:
        return None
    parts = PurePosixPath(pattern).parts
    if parts and not pattern.startswith(("/", "~")) and ".." not in parts:
        return pattern
    advice = 'write a pattern below the vault, like "Pending_Approval/**/*.md"'
    table.mistake(f"is {shown(pattern)}; {advice}", "expect")
    return None


def _skills(table: Table) -> tuple[str, ...] | None:
    skills = table.words("skills")
    for index, skill in enumerate(skills or ()):
        if not skill.strip() or not skill.isprintable():
            table.mistake(f"is {shown(skill)}; write the name of a skill", "skills", index)
            return None
    return skills


def _default_description(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()
