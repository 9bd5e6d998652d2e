"""What each key of ``aiemp.toml`` is for, and its default or, where it has none, an example. Pure.

For the commented template, the JSON Schema and the configuration page; reading a configuration needs none of
it. Each key of :mod:`aiemp.config.keys` has its text here, which a test checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aiemp.config.keys import ALERTS, CLAUDE, DASHBOARD, LIMITS, MCP, ROOT, TASK, WATCHER, Keys
from aiemp.plan import ClaudeSettings, Frequency, Limits, McpServer, ScheduledTask, Watcher


class Text(NamedTuple):
    """``what`` is one or more sentences; ``example`` stands in the template where there is no ``default``.

    ``unset`` says what holds without a default.
    """

    what: str
    default: object = None
    example: object = None
    unset: str = ""

    @property
    def says_more(self) -> bool:
        """Whether ``unset`` tells what nobody would think of himself."""
        return self.default is None and self.unset != "none" and not self.unset.startswith("needed")


class Section(NamedTuple):
    """One table. ``named``: there may be many, each with a name of the user's own."""

    title: str
    what: str
    keys: Keys
    texts: Mapping[str, Text]
    named: bool = False


_limits, _claude = Limits(), ClaudeSettings()
_task, _watcher, _server = ScheduledTask("", "", Frequency.DAILY), Watcher(""), McpServer("")

ROOT_TEXTS = {
    "vault": Text(
        "The folder with Dashboard.md and Needs_Action. A relative path starts at this file; ~ is your home.",
        example="~/vault",
        unset="the current folder, if it is a vault",
    ),
    "timezone": Text(
        "The zone of all times below, by its IANA name.", example="Europe/Berlin", unset="the machine's zone"
    ),
    "dry_run": Text(
        "true: nothing is sent, no task changes anything. --dry-run and DRY_RUN in the environment are stronger.",
        default=False,
    ),
}

LIMITS_TEXTS = {
    "restarts": Text(
        "A watcher that is restarted more often than this in the window is paused, and you are alerted.",
        _limits.restarts,
    ),
    "restart_window_minutes": Text(
        "The window in which restarts are counted.", _limits.restart_window_s / 60
    ),
    "stale_after_hours": Text("An approval that waits longer than this is stale.", _limits.stale_after_hours),
    "done_archive_days": Text(
        "Files older than this leave Done for Done/archive.", _limits.done_archive_days
    ),
    "activity_rows": Text(
        "So many rows of the dashboard's activity log stay when the day rolls over.", _limits.activity_rows
    ),
}

CLAUDE_TEXTS = {
    "command": Text("A name that is looked up on PATH, or a whole path.", _claude.command),
    "args": Text(
        'Put before the prompt, for example ["--model", "sonnet", "--permission-mode", "acceptEdits"].',
        list(_claude.args),
    ),
    "runs_per_day": Text("At most so many runs of Claude in a day.", example=24, unset="no limit"),
    "minutes_per_day": Text("At most so many minutes of work in a day.", example=240, unset="no limit"),
    "cost_per_day": Text(
        "At most so many US dollars in a day, as Claude Code reports them.", example=5.0, unset="no limit"
    ),
    "silent_minutes": Text(
        "A run that shows no sign of work for this long is ended.", _claude.silent_minutes
    ),
    "keep_logs_days": Text(
        "The whole output of each run is kept this long, in Logs/claude.", _claude.keep_logs_days
    ),
}

ALERTS_TEXTS = {
    "command": Text(
        "A program that is told of each alert, beside the dashboard and Needs_Action/alerts. {title}, {detail}, "
        "{remedy}, {component}, {key} and {state} are filled in; its standard input has all of it. "
        "`aiemp alert --test` tries it.",
        example=["notify-send", "--app-name=aiemp", "--", "{title}", "{detail}"],
        unset="none",
    ),
    "tell_resolved": Text("Tell it, too, when the cause of an alert is gone.", False),
    "ping_url": Text(
        "An address that is called after each tick that went well, so that a service of others notices when it "
        "stops (a dead man's switch). Keep it secret.",
        example="https://hc-ping.com/00000000-0000-0000-0000-000000000000",
        unset="none",
    ),
    "run_ping_url": Text(
        "Called with /start, as it is, or with /fail, about each run of a task; {task} is the task's name.",
        example="https://hc-ping.com/ping-key/{task}",
        unset="none",
    ),
}

TASK_TEXTS = {
    "description": Text(
        "One line for people.", example="Draft reminders for overdue invoices", unset="made from the name"
    ),
    "prompt": Text(
        "What Claude is asked to do. A task has exactly one of prompt, command and function.",
        example="Read Accounting/ and draft a reminder for every overdue invoice.",
        unset="none",
    ),
    "skills": Text(
        "Skills of the vault that Claude loads first; they belong to a prompt.",
        example=["hitl-handler"],
        unset="none",
    ),
    "expect": Text(
        "Only a run that leaves a new or rewritten file here is a success (aiemp's own logs and state do not "
        "count). * and ** as in a shell, below the vault.",
        example="Pending_Approval/**/*.md",
        unset="any run that ends well is a success",
    ),
    "command": Text(
        "A program and its arguments, run in the vault; no shell reads them.",
        example=["rsync", "--archive", "./", "/mnt/backup/vault/"],
        unset="none",
    ),
    "function": Text(
        "A Python function of your own: it gets the vault's path and dry_run, and returns a dict.",
        example="my_reports.weekly:prepare",
        unset="none",
    ),
    "frequency": Text(
        "daily, weekdays, mwf (Monday, Wednesday, Friday) with a time; weekly with a day and a time; hourly; "
        "every_n_minutes with interval_minutes.",
        example="weekdays",
        unset="needed, unless there is a calendar",
    ),
    "time": Text(
        "The time of day, in quotes, for daily, weekdays, mwf and weekly.",
        example="16:30",
        unset="needed there",
    ),
    "day": Text(
        "The weekday for weekly: a name, or 0 (Monday) to 6 (Sunday).", example="friday", unset="needed there"
    ),
    "interval_minutes": Text("The pause for every_n_minutes.", example=90, unset="needed there"),
    "calendar": Text(
        "Instead of frequency: one of systemd's calendar expressions (systemd.time(7)).",
        example="*-*-* 03:00",
        unset="none",
    ),
    "enabled": Text("Whether it runs by itself.", _task.enabled),
    "timeout_minutes": Text("A run that takes longer is ended.", _task.timeout_minutes),
    "priority": Text("Lower runs first when several are due.", _task.priority),
    "catch_up": Text(
        'A run that was missed: true makes up for it, false drops it, "12h" makes up for it if no older than '
        "that (m, h or d).",
        _task.catch_up,
    ),
    "max_attempts": Text("How often a failed run is tried in all.", _task.max_attempts),
    "retry_delay_minutes": Text("How long after the failure.", _task.retry_delay_minutes),
    "requires_claude": Text(
        "Whether it waits while Claude is paused, missing or out of budget.",
        example=True,
        unset="true with a prompt, else false",
    ),
}

WATCHER_TEXTS = {
    "description": Text("One line for people.", example="Turns invitations into action items", unset="none"),
    "command": Text(
        "A program and its arguments. With it, it is a watcher of your own.",
        example=["python3", "feeds/calendar.py"],
        unset="adjusts the watcher of that name",
    ),
    "cwd": Text("Where it runs; a relative path starts at the vault.", example=".", unset="the vault"),
    "env": Text(
        "Variables for it alone. The vault's .env is read too.", example={"FEED_FORMAT": "ics"}, unset="none"
    ),
    "enabled": Text("Whether it is started.", _watcher.enabled),
    "interval_seconds": Text("How often it looks.", _watcher.interval_s),
    "requires_env": Text(
        "Not started, and no error, while one of these is not set.", example=["CALENDAR_URL"], unset="none"
    ),
    "stop_signal": Text("What stops it cleanly.", _watcher.stop_signal),
    "stop_timeout_seconds": Text("How long that may take before it is killed.", _watcher.stop_timeout_s),
    "fresh_within_minutes": Text(
        "When its .state/NAME_processed.json is older than this, it hangs and is restarted.",
        example=15,
        unset="it cannot be told",
    ),
}

MCP_TEXTS = {
    "command": Text(
        "What starts it; it talks on its standard streams.",
        example=["node", "dist/index.js"],
        unset="as in .mcp.json",
    ),
    "url": Text(
        "Where it is, instead of a command.", example="https://mcp.example.com/", unset="as in .mcp.json"
    ),
    "cwd": Text(
        "Where it runs; a relative path starts at the vault.",
        example="mcp-servers/notes-mcp",
        unset="the vault",
    ),
    "env": Text("Variables for it alone.", example={"NOTES_LEVEL": "info"}, unset="as in .mcp.json"),
    "entry": Text(
        "The file that must exist for the server to count as available where it cannot be started.",
        example="dist/index.js",
        unset="the script in its command",
    ),
    "probe": Text("Whether it may be started now and then, to see that it answers.", _server.probe),
}

DASHBOARD_TEXTS = {
    "timeline": Text(
        "Also draw the runs of the last day, as a chart that Obsidian and code hosts show (Mermaid), in a section of "
        "its own.",
        False,
    ),
}

SECTIONS: Mapping[str, Section] = {
    "": Section("", "", {key: each for key, each in ROOT.items() if each.kind != "table"}, ROOT_TEXTS),
    "limits": Section("Limits", "Numbers that hold for everything.", LIMITS, LIMITS_TEXTS),
    "claude": Section(
        "Claude", "How Claude Code is called, and its budget for each day.", CLAUDE, CLAUDE_TEXTS
    ),
    "alerts": Section("Alerts", "Who is told of what needs you.", ALERTS, ALERTS_TEXTS),
    "dashboard": Section("Dashboard", "What Dashboard.md shows.", DASHBOARD, DASHBOARD_TEXTS),
    "tasks": Section(
        "Tasks",
        "What runs when. A table with the name of a built-in task changes only the keys it has; any other name "
        "is a task of your own, which says what it does and when.",
        TASK,
        TASK_TEXTS,
        named=True,
    ),
    "watchers": Section(
        "Watchers",
        "filesystem and approval are built in, and those in the vault's scripts/watchers are found. A table "
        "without a command adjusts one of them; with a command it is a watcher of your own.",
        WATCHER,
        WATCHER_TEXTS,
        named=True,
    ),
    "mcp": Section(
        "MCP servers",
        "Those in the vault's .mcp.json are watched by themselves; a table here adds one, or changes its keys.",
        MCP,
        MCP_TEXTS,
        named=True,
    ),
}
