"""The commented ``aiemp.toml`` that ``aiemp init`` writes. Pure.

Prose begins with ``# ``; a setting that is commented out begins with ``#`` and no space. So a reader sees
what to uncomment, and a test uncomments all of it and loads the result. What is said of each key, and its
default, comes from :mod:`aiemp.config.key_texts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from pathlib import Path
from textwrap import wrap

from aiemp.config.key_texts import SECTIONS
from aiemp.config.keys import WEEKDAYS
from aiemp.config.toml_values import toml_value
from aiemp.frozen import frozen
from aiemp.plan import SCHEDULE_REGISTRY, ScheduledTask

WIDTH = 110
MORNING_TASK = "morning_triage"

_HEAD = """\
#:schema ./aiemp.schema.json
# What aiemp keeps alive, and when. `aiemp config edit` opens this file and checks it before it counts;
# `aiemp config show` explains it. Editors that know TOML complete and check it by the schema named above.
# A line that begins with # and no space is a setting: its default or, where there is none, an example.
# Remove the # to change it.
# Keep this file outside the vault: whoever can write it can have commands run.
"""

_BUILT_IN_TASKS = """\
# These seven are built in. What each key means is said at the first task of your own, below."""

_OWN_TASKS = """\
# Your own tasks say what to do with exactly one of prompt, command and function. Uncomment the [table] too."""

_TASK_EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "invoice_review": dict.fromkeys(
        (
            "description",
            "prompt",
            "skills",
            "expect",
            "frequency",
            "time",
            "enabled",
            "timeout_minutes",
            "priority",
            "catch_up",
            "max_attempts",
            "retry_delay_minutes",
            "requires_claude",
        )
    ),
    "vault_backup": {"description": "Copy the vault to the backup disk", "command": None, "calendar": None},
    "report_numbers": {
        "description": "Prepare the numbers of the week",
        "function": None,
        "frequency": "weekly",
        "day": None,
        "time": "17:00",
    },
    "feed_check": {
        "description": "Look into the feeds",
        "command": ["python3", "feeds/check.py"],
        "frequency": "every_n_minutes",
        "interval_minutes": None,
    },
}
"""Examples that show each key once; None: its default, or the example of its text."""

_WATCHER_EXAMPLE = ("calendar_feed", dict.fromkeys(SECTIONS["watchers"].keys))
_MCP_EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "notes-mcp": dict.fromkeys(("command", "cwd", "env", "entry", "probe")),
    "remote-mcp": {"url": None},
}


@frozen
class Choices:
    """What a new configuration sets to something else than the default. ``watchers``: names, on or off."""

    morning: time | None = None
    watchers: Mapping[str, bool] | None = None


def commented_config(vault: Path, zone_name: str | None, choices: Choices | None = None) -> str:
    """The text of a new ``aiemp.toml`` for ``vault``: every key at its default, as a comment.

    VaultError when the vault's path is not UTF-8, which a TOML file cannot hold.
    """
    choices = choices or Choices()
    given: dict[str, object] = {"vault": str(vault)}
    if zone_name:
        given["timezone"] = zone_name
    explained: set[tuple[str, str]] = set()
    lines: list[str] = []
    for key in SECTIONS[""].keys:
        lines += ["", *_setting("", key, given.get(key), explained, is_set=key in given)]
    for name in ("limits", "claude", "alerts", "dashboard"):
        lines += ["", *_prose(SECTIONS[name].what), f"[{name}]"]
        for key in SECTIONS[name].keys:
            lines += _setting(name, key, None, explained)
    lines += [*_heading("tasks"), *_BUILT_IN_TASKS.splitlines()]
    for task in SCHEDULE_REGISTRY:
        lines += ["", *_built_in(task, choices.morning if task.name == MORNING_TASK else None)]
    lines += ["", *_OWN_TASKS.splitlines()]
    for name, keys in _TASK_EXAMPLES.items():
        lines += [*_example("tasks", name, keys, explained), ""]
    lines += [*_heading("watchers")[1:], *_watchers(choices.watchers or {}, explained)]
    lines += [*_heading("mcp")]
    for name, keys in _MCP_EXAMPLES.items():
        lines += [*_example("mcp", name, keys, explained), ""]
    return _HEAD + "\n".join(lines).rstrip("\n") + "\n"


def _watchers(chosen: Mapping[str, bool], explained: set[tuple[str, str]]) -> Iterator[str]:
    for name, enabled in chosen.items():
        yield from (f"[watchers.{name}]", f"enabled = {toml_value(enabled)}", "")
    if "filesystem" not in chosen:
        yield from ("#[watchers.filesystem]", "#enabled = true", "#interval_seconds = 30", "")
    yield from _example("watchers", *_WATCHER_EXAMPLE, explained)


def _heading(section: str) -> list[str]:
    title = f"# ---- {SECTIONS[section].title} "
    return ["", title + "-" * (WIDTH - len(title)), *_prose(SECTIONS[section].what), ""]


def _example(
    section: str, name: str, keys: Mapping[str, object], explained: set[tuple[str, str]]
) -> Iterator[str]:
    yield f"#[{section}.{name}]"
    for key, value in keys.items():
        yield from _setting(section, key, value, explained)


def _setting(
    section: str, key: str, value: object, explained: set[tuple[str, str]], *, is_set: bool = False
) -> Iterator[str]:
    """One key, commented out unless it ``is_set``, with its text where it is met first."""
    text = SECTIONS[section].texts[key]
    if (section, key) not in explained:
        explained.add((section, key))
        yield from _prose(text.what + ("" if is_set or not text.says_more else f" Without it: {text.unset}."))
    if value is None:
        value = text.example if text.default is None else text.default
    yield f"{'' if is_set else '#'}{key} = {toml_value(value)}"


def _built_in(task: ScheduledTask, at: time | None) -> Iterator[str]:
    yield from (f"# {task.description}", f"[tasks.{task.name}]", f'#frequency = "{task.frequency.value}"')
    if task.day_of_week is not None:
        yield f'#day = "{WEEKDAYS[task.day_of_week]}"'
    if task.time_of_day is not None:
        hash_or_none = "#" if at in (None, task.time_of_day) else ""
        yield f'{hash_or_none}time = "{at or task.time_of_day:%H:%M}"'
    if task.interval_minutes is not None:
        yield f"#interval_minutes = {task.interval_minutes}"
    yield f"#enabled = {toml_value(task.enabled)}"
    yield f"#timeout_minutes = {task.timeout_minutes}"
    yield f"#priority = {task.priority}"


def _prose(text: str) -> Iterable[str]:
    return (f"# {line}" for line in wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False))
