"""The plan: a typed, frozen value of everything aiemp is asked to keep alive. Pure; reads nothing.

A plan is made by :mod:`aiemp.config` from the built-in registry below, ``aiemp.toml`` and the environment.
Seed sections 2A and 2B give the names and the seven built-in tasks.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum
from pathlib import Path

from aiemp.frozen import field, frozen

DEFAULT_PRIORITY = 50
MINUTES_PER_HOUR = 60


class Frequency(Enum):
    """How often a task runs: the seed's six, and a systemd calendar expression."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    MWF = "mwf"
    WEEKLY = "weekly"
    HOURLY = "hourly"
    EVERY_N_MINUTES = "every_n_minutes"
    CALENDAR = "calendar"


@frozen
class ScheduledTask:
    """One scheduled task (seed 2A), plus what the design adds below ``timeout_minutes``.

    Exactly one of these says what it does: ``trigger_fn`` (a name from :mod:`aiemp.triggers`, or
    ``"module:function"``), ``prompt`` (with ``skills``), or ``command`` (an argv).
    ``last_run`` is aware, and filled in from the ledger where a task meets the clock. ``expect`` is a glob
    below the vault: a run is a success only if a new or rewritten file matches it, other than aiemp's own logs and
    state.
    """

    name: str
    description: str
    frequency: Frequency
    time_of_day: time | None = None
    interval_minutes: int | None = None
    day_of_week: int | None = None
    trigger_fn: str = ""
    enabled: bool = True
    last_run: datetime | None = None
    requires_claude: bool = True
    timeout_minutes: int = 10
    calendar: str | None = None
    priority: int = DEFAULT_PRIORITY
    catch_up: bool | timedelta = True
    max_attempts: int = 2
    retry_delay_minutes: int = 5
    prompt: str = ""
    skills: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    expect: str = ""

    @property
    def interval(self) -> timedelta | None:
        """The interval of an hourly or every_n_minutes task; None for one that has calendar slots."""
        if self.frequency is Frequency.HOURLY:
            return timedelta(minutes=MINUTES_PER_HOUR)
        if self.frequency is Frequency.EVERY_N_MINUTES:
            return timedelta(minutes=self.interval_minutes or MINUTES_PER_HOUR)
        return None


class Origin(Enum):
    """Where a watcher comes from. A configured one replaces a discovered one, that a built-in one."""

    BUILT_IN = "built-in"
    DISCOVERED = "discovered"
    CONFIGURED = "configured"


class DryRunPolicy(Enum):
    """What a dry run does with a watcher (semantics, "Watchers")."""

    REPORT = "report"  # it knows dry runs itself and only reports
    SKIP = "skip"  # its own dry run writes into the vault: not started
    ENVIRONMENT = "environment"  # it is told through DRY_RUN=true


@frozen
class Watcher:
    """One watcher. ``command`` is the argv of the real program; empty for a built-in one.

    ``stop_signal`` is its clean stop. ``fresh_within_s``: older than this, its
    ``.state/<name>_processed.json`` means that it hangs; None means that it cannot be told. ``adopted``: False for
    one that appeared in the vault since its owner last looked; it is not started (:mod:`aiemp.adoption`).
    """

    name: str
    description: str = ""
    origin: Origin = Origin.CONFIGURED
    command: tuple[str, ...] = ()
    cwd: Path | None = None
    env: tuple[tuple[str, str], ...] = ()
    enabled: bool = True
    interval_s: int = 30
    requires_env: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"
    stop_timeout_s: float = 10.0
    fresh_within_s: float | None = None
    dry_run: DryRunPolicy = DryRunPolicy.ENVIRONMENT
    adopted: bool = True


@frozen
class McpServer:
    """One MCP server: started with ``command`` over stdio, or reached at ``url``.

    ``entry`` is the file whose existence stands in for health where a start cannot be tried. ``probe``: whether
    it may be started to see that it answers. ``disabled``: Claude Code is told not to use it. ``from_vault``: the
    vault says what is started, not aiemp.toml.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str | None = None
    cwd: Path | None = None
    env: tuple[tuple[str, str], ...] = ()
    entry: Path | None = None
    probe: bool = True
    disabled: bool = False
    from_vault: bool = field(default=False, compare=False)  # how we know of it, not what it is


@frozen
class ClaudeSettings:
    """How Claude Code is called, and the budget of each day in the plan's zone (None: no limit).

    ``command`` is a name looked up on PATH or an absolute path. ``cost_per_day`` is in US dollars, as Claude
    Code reports it. A run that prints nothing for ``silent_minutes`` is ended; where the installed Claude Code
    shows nothing before its answer, that cannot be told. Logs are kept for ``keep_logs_days``.
    """

    command: str = "claude"
    args: tuple[str, ...] = ()
    runs_per_day: int | None = None
    minutes_per_day: int | None = None
    cost_per_day: float | None = None
    silent_minutes: float = 5.0
    keep_logs_days: int = 30


@frozen
class Pings:
    """Addresses that are called so that somebody else notices silence; they are secrets. None: no calls.

    ``tick_url`` is called while all goes well; ``run_url``, in which ``{task}`` stands for a task's name, at the
    start and the end of each run.
    """

    tick_url: str | None = None
    run_url: str | None = None

    @property
    def settings(self) -> tuple[str, ...]:
        """The keys of ``[alerts]`` that have an address."""
        urls = {"ping_url": self.tick_url, "run_ping_url": self.run_url}
        return tuple(key for key, url in urls.items() if url is not None)


@frozen
class Limits:
    """The numbers of semantics.md that a user may change."""

    restarts: int = 5  # more than this many restarts of one watcher ...
    restart_window_s: float = 600.0  # ... within this time, and it is paused
    stale_after_hours: float = 24.0
    done_archive_days: int = 7
    activity_rows: int = 50


@frozen
class DryRun:
    """Whether this is a dry run, and which of the five sources decided it (semantics, "Dry run or live")."""

    active: bool = False
    decided_by: str = "default"


@frozen
class Plan:
    """Everything that is to be kept alive. ``zone`` is used for calendar slots; ``zone_name`` only when
    the configuration names one (then timers carry it). ``timeline``: the dashboard draws the last day's runs."""

    vault: Path
    tasks: tuple[ScheduledTask, ...] = ()
    watchers: tuple[Watcher, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()
    zone: tzinfo = UTC
    zone_name: str | None = None
    claude: ClaudeSettings = field(default_factory=ClaudeSettings)
    alert_command: tuple[str, ...] = ()
    timeline: bool = False
    tell_resolved: bool = False
    pings: Pings = field(default_factory=Pings)
    limits: Limits = field(default_factory=Limits)
    dry_run: DryRun = field(default_factory=DryRun)
    config_file: Path | None = None
    warnings: tuple[str, ...] = ()

    def task(self, name: str) -> ScheduledTask | None:
        """The task of that name, or None."""
        return next((task for task in self.tasks if task.name == name), None)

    def watcher(self, name: str) -> Watcher | None:
        """The watcher of that name, or None."""
        return next((watcher for watcher in self.watchers if watcher.name == name), None)


SCHEDULE_REGISTRY: tuple[ScheduledTask, ...] = (
    ScheduledTask(
        name="morning_triage",
        description="Process all pending emails and tasks at start of day",
        frequency=Frequency.DAILY,
        time_of_day=time(8, 0),
        trigger_fn="trigger_morning_triage",
        timeout_minutes=15,
        priority=50,
    ),
    ScheduledTask(
        name="linkedin_post",
        description="Draft LinkedIn post aligned with business goals",
        frequency=Frequency.MWF,
        time_of_day=time(9, 30),
        trigger_fn="trigger_linkedin_post",
        timeout_minutes=10,
        priority=60,
    ),
    ScheduledTask(
        name="stale_approval_check",
        description="Flag stale approval requests (>24hr pending)",
        frequency=Frequency.EVERY_N_MINUTES,
        interval_minutes=360,
        trigger_fn="trigger_stale_check",
        requires_claude=False,
        timeout_minutes=2,
        priority=30,
    ),
    ScheduledTask(
        name="daily_rollover",
        description="Archive old activity log entries, reset daily counters",
        frequency=Frequency.DAILY,
        time_of_day=time(0, 5),
        trigger_fn="trigger_daily_rollover",
        requires_claude=False,
        timeout_minutes=5,
        priority=20,
    ),
    ScheduledTask(
        name="weekly_audit_prep",
        description="Prepare data for CEO briefing (Gold tier)",
        frequency=Frequency.WEEKLY,
        day_of_week=6,
        time_of_day=time(22, 0),
        trigger_fn="trigger_weekly_audit_prep",
        requires_claude=False,  # the design prepares the data without Claude; the seed had a placeholder
        timeout_minutes=20,
        enabled=False,
        priority=70,
    ),
    ScheduledTask(
        name="health_dashboard_update",
        description="Update Dashboard.md system health section",
        frequency=Frequency.EVERY_N_MINUTES,
        interval_minutes=15,
        trigger_fn="trigger_health_update",
        requires_claude=False,
        timeout_minutes=1,
        priority=90,
    ),
    ScheduledTask(
        name="done_archive",
        description="Archive old files from /Done/ (>7 days)",
        frequency=Frequency.DAILY,
        time_of_day=time(1, 0),
        trigger_fn="trigger_done_archive",
        requires_claude=False,
        timeout_minutes=2,
        priority=40,
    ),
)
"""The seed's seven tasks (2B). Priorities are ours: the quick tidying goes before the long Claude runs, so
that counters are reset before the day's work is counted; health comes last and shows the result."""
