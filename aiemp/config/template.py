"""The commented ``aiemp.toml`` that ``aiemp init`` writes. Pure.

Prose begins with ``# ``; a setting that is commented out begins with ``#`` and no space. So a reader sees
what to uncomment, and a test uncomments all of it and loads the result.
"""

from __future__ import annotations

from pathlib import Path

from aiemp.config.task_times import WEEKDAYS
from aiemp.errors import VaultError
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Limits, ScheduledTask

_HEAD = """\
# What aiemp keeps alive, and when. `aiemp config validate` checks this file, `aiemp config show` explains it.
# A line that begins with # and no space is a setting: a default, or an example. Remove the # to change it.
# Keep this file outside the vault: whoever can write it can have commands run.

# The folder with Dashboard.md and Needs_Action. A relative path starts at this file; ~ is your home.
vault = {vault}

# The zone of all times below, by its IANA name. Without it, the machine's zone holds.
{timezone}

# true: nothing is sent, no task changes anything. --dry-run and DRY_RUN in the environment are stronger.
#dry_run = false

[limits]
# A watcher that is restarted more often than this in the window is paused, and you are alerted.
#restarts = {restarts}
#restart_window_minutes = {window}
# An approval that waits longer than this is stale.
#stale_after_hours = {stale}
# Files older than this leave Done for Done/archive.
#done_archive_days = {archive}
# So many rows of the dashboard's activity log stay when the day rolls over.
#activity_rows = {rows}

[claude]
# A name that is looked up on PATH, or a whole path.
#command = {claude}
# For example ["--model", "sonnet", "--permission-mode", "acceptEdits"].
#args = []
# A budget for each day. Without one there is no limit.
#runs_per_day = 24
#minutes_per_day = 240
# In US dollars, as Claude Code reports it.
#cost_per_day = 5.0
# A run that shows no sign of work for this long is ended.
#silent_minutes = {silent}
# The whole output of each run is kept this long, in Logs/claude.
#keep_logs_days = {keep_logs}

[alerts]
# A program that is told of each alert, beside the dashboard and Needs_Action/alerts.
# {{title}}, {{detail}}, {{remedy}}, {{component}}, {{key}}, {{state}} are filled in; its standard input has all of it.
# `aiemp alert --test` tries it.
#command = ["notify-send", "--app-name=aiemp", "--", "{{title}}", "{{detail}}"]
# Tell it, too, when the cause of an alert is gone.
#tell_resolved = false
# An address that is called after each tick that went well, so that a service of others notices when it stops
# (a dead man's switch). Keep it secret.
#ping_url = "https://hc-ping.com/00000000-0000-0000-0000-000000000000"
# Called with /start, as it is, or with /fail, about each run of a task; {{task}} is the task's name.
#run_ping_url = "https://hc-ping.com/ping-key/{{task}}"

# ---- Tasks -------------------------------------------------------------------------------------
# frequency: daily, weekdays, mwf (Monday, Wednesday, Friday) with a time; weekly with a day and a time;
# hourly; every_n_minutes with interval_minutes. Or, instead: calendar = "Mon..Fri *-*-* 09:00" (systemd's
# calendar expressions). These seven are built in; a table changes only the keys it has.
"""

_OWN_TASKS = """
# Your own tasks say what to do with exactly one of prompt, command and function. Uncomment the [table] too.
#[tasks.invoice_review]
#description = "Draft reminders for overdue invoices"
#prompt = "Read Accounting/ and draft a reminder for every overdue invoice."
# Skills of the vault that Claude loads first.
#skills = ["hitl-handler"]
# Only a run that leaves a new or rewritten file here is a success (aiemp's own logs and state do not count).
# * and ** as in a shell, below the vault.
#expect = "Pending_Approval/**/*.md"
#frequency = "weekdays"
#time = "16:30"
#enabled = true
#timeout_minutes = 10
# Lower runs first when several are due.
#priority = 50
# A run that was missed: true makes up for it, false drops it, "12h" makes up for it if no older than that.
#catch_up = "12h"
# How often a failed run is tried in all, and how long after the failure.
#max_attempts = 2
#retry_delay_minutes = 5
#requires_claude = true

#[tasks.vault_backup]
#description = "Copy the vault to the backup disk"
# A program and its arguments, run in the vault; no shell reads them.
#command = ["rsync", "--archive", "./", "/mnt/backup/vault/"]
#calendar = "*-*-* 03:00"

#[tasks.report_numbers]
#description = "A function of your own: it gets the vault's path and dry_run, and returns a dict"
#function = "my_reports.weekly:prepare"
#frequency = "weekly"
#day = "friday"
#time = "17:00"

# ---- Watchers ----------------------------------------------------------------------------------
# filesystem and approval are built in, and those in the vault's scripts/watchers are found. A table without
# a command adjusts one of them; with a command it is a watcher of your own.
#[watchers.filesystem]
#enabled = true
#interval_seconds = 30

#[watchers.calendar_feed]
#description = "Turns invitations into action items"
#command = ["python3", "feeds/calendar.py"]
# Where it runs; a relative path starts at the vault.
#cwd = "."
#env = {{ FEED_FORMAT = "ics" }}
#enabled = true
#interval_seconds = 300
# Not started, and no error, while one of these is not set.
#requires_env = ["CALENDAR_URL"]
# What stops it cleanly, and how long that may take before it is killed.
#stop_signal = "SIGTERM"
#stop_timeout_seconds = 10
# Its .state/calendar_feed_processed.json older than this means that it hangs.
#fresh_within_minutes = 15

# ---- MCP servers -------------------------------------------------------------------------------
# Those in the vault's .mcp.json are watched by themselves; a table here adds one, or changes its keys.
#[mcp.notes-mcp]
#command = ["node", "dist/index.js"]
#cwd = "mcp-servers/notes-mcp"
#env = {{ NOTES_LEVEL = "info" }}
# The file that must exist for the server to count as available where it cannot be started.
#entry = "dist/index.js"
# Whether it may be started now and then, to see that it answers.
#probe = true

#[mcp.remote-mcp]
#url = "https://mcp.example.com/"
"""


def commented_config(vault: Path, zone_name: str | None) -> str:
    """The text of a new ``aiemp.toml`` for ``vault``: every key at its default, as a comment.

    VaultError when the vault's path is not UTF-8, which a TOML file cannot hold.
    """
    limits, claude = Limits(), ClaudeSettings()
    timezone = f"timezone = {toml_text(zone_name)}" if zone_name else '#timezone = "Europe/Berlin"'
    head = _HEAD.format(
        vault=toml_text(str(vault)),
        timezone=timezone,
        restarts=limits.restarts,
        window=f"{limits.restart_window_s / 60:g}",
        stale=f"{limits.stale_after_hours:g}",
        archive=limits.done_archive_days,
        rows=limits.activity_rows,
        claude=toml_text(claude.command),
        silent=f"{claude.silent_minutes:g}",
        keep_logs=claude.keep_logs_days,
    )
    built_in = "".join(_built_in(task) for task in SCHEDULE_REGISTRY)
    return head + built_in + _OWN_TASKS.format()


def toml_text(text: str) -> str:
    """``text`` as a TOML basic string. VaultError when it holds bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise VaultError(f"{text!r} is not UTF-8, so aiemp.toml cannot hold it; rename the folder") from error
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    control = {code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)}
    return f'"{quoted.translate(control)}"'


def _built_in(task: ScheduledTask) -> str:
    lines = [f"# {task.description}", f"[tasks.{task.name}]", f'#frequency = "{task.frequency.value}"']
    if task.day_of_week is not None:
        lines.append(f'#day = "{WEEKDAYS[task.day_of_week]}"')
    if task.time_of_day is not None:
        lines.append(f'#time = "{task.time_of_day:%H:%M}"')
    if task.interval_minutes is not None:
        lines.append(f"#interval_minutes = {task.interval_minutes}")
    lines.append(f"#enabled = {str(task.enabled).lower()}")
    lines.append(f"#timeout_minutes = {task.timeout_minutes}")
    lines.append(f"#priority = {task.priority}")
    return "\n" + "\n".join(lines) + "\n"
