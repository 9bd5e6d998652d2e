"""Which keys ``aiemp.toml`` has, and what each may hold. Pure.

The one table behind everything that is said of a key: the reader (:mod:`aiemp.config.table`) checks by it, the
commented template, the JSON Schema for editors and the configuration page are made from it. What a key is
for stands in :mod:`aiemp.config.key_texts`, which only these need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from aiemp.plan import Frequency

MINUTES_PER_YEAR = 366 * 24 * 60
SECONDS_PER_DAY = 24 * 60 * 60
MOST_COUNT = 1_000_000
"""Upper bounds keep every number far from what timedelta and systemd's time spans can hold."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FREQUENCIES = {frequency.value: frequency for frequency in Frequency if frequency is not Frequency.CALENDAR}
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")

# Patterns as text, for the schema too. Not compiled here: each run of a task imports this.
TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"
AGE = r"([0-9]{1,5})\s*([mhd])"

Kind = Literal[
    "flag",
    "whole",
    "number",
    "text",  # may have line breaks
    "line",
    "choice",
    "path",
    "words",
    "argv",
    "variables",
    "variable names",
    "url",
    "zone",
    "time",
    "weekday",
    "calendar",
    "age",  # true, false, or a span like "12h"
    "function",
    "pattern",  # of files below the vault
    "table",
]


class Key(NamedTuple):
    """What one key may hold. ``least`` and ``most`` bound a whole number; a number is above ``least``.

    ``keys`` are those of a table.
    """

    kind: Kind
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    keys: Keys | None = None


Keys = Mapping[str, Key]


class AnyName(dict[str, Key]):
    """The keys of a table whose names are the user's own: each holds the same."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key

    def __missing__(self, name: str) -> Key:
        return self.key


FLAG, TEXT, LINE, PATH = Key("flag"), Key("text"), Key("line"), Key("path")
ARGV, URL = Key("argv"), Key("url")
VARIABLES = Key("variables", keys=AnyName(TEXT))

LIMITS: Keys = {
    "restarts": Key("whole", 0, MOST_COUNT),
    "restart_window_minutes": Key("number", 0, MINUTES_PER_YEAR),
    "stale_after_hours": Key("number", 0, MOST_COUNT),
    "done_archive_days": Key("whole", 1, MOST_COUNT),
    "activity_rows": Key("whole", 1, MOST_COUNT),
}
CLAUDE: Keys = {
    "command": PATH,
    "args": Key("words"),
    "runs_per_day": Key("whole", 1, MOST_COUNT),
    "minutes_per_day": Key("whole", 1, MOST_COUNT),
    "cost_per_day": Key("number", 0, MOST_COUNT),
    "silent_minutes": Key("number", 0, MINUTES_PER_YEAR),
    "keep_logs_days": Key("whole", 1, MOST_COUNT),
}
ALERTS: Keys = {
    "command": ARGV,
    "tell_resolved": FLAG,
    "ping_url": URL,
    "run_ping_url": URL,
}
DASHBOARD: Keys = {"timeline": FLAG}
TASK: Keys = {
    "description": LINE,
    "prompt": TEXT,
    "skills": Key("words"),
    "expect": Key("pattern"),
    "command": ARGV,
    "function": Key("function"),
    "frequency": Key("choice", choices=tuple(FREQUENCIES)),
    "time": Key("time"),
    "day": Key("weekday"),
    "interval_minutes": Key("whole", 1, MINUTES_PER_YEAR),
    "calendar": Key("calendar"),
    "enabled": FLAG,
    "timeout_minutes": Key("whole", 1, MINUTES_PER_YEAR),
    "priority": Key("whole", -MOST_COUNT, MOST_COUNT),
    "catch_up": Key("age"),
    "max_attempts": Key("whole", 1, MOST_COUNT),
    "retry_delay_minutes": Key("whole", 0, MINUTES_PER_YEAR),
    "requires_claude": FLAG,
}
WATCHER: Keys = {
    "description": LINE,
    "command": ARGV,
    "cwd": PATH,
    "env": VARIABLES,
    "enabled": FLAG,
    "interval_seconds": Key("whole", 1, SECONDS_PER_DAY),
    "requires_env": Key("variable names"),
    "stop_signal": Key("choice", choices=STOP_SIGNALS),
    "stop_timeout_seconds": Key("number", 0, SECONDS_PER_DAY),
    "fresh_within_minutes": Key("number", 0, MINUTES_PER_YEAR),
}
MCP: Keys = {
    "command": ARGV,
    "url": URL,
    "cwd": PATH,
    "env": VARIABLES,
    "entry": PATH,
    "probe": FLAG,
}
ROOT: Keys = {
    "vault": PATH,
    "timezone": Key("zone"),
    "dry_run": FLAG,
    "limits": Key("table", keys=LIMITS),
    "claude": Key("table", keys=CLAUDE),
    "alerts": Key("table", keys=ALERTS),
    "dashboard": Key("table", keys=DASHBOARD),
    "tasks": Key("table", keys=AnyName(Key("table", keys=TASK))),
    "watchers": Key("table", keys=AnyName(Key("table", keys=WATCHER))),
    "mcp": Key("table", keys=AnyName(Key("table", keys=MCP))),
}
