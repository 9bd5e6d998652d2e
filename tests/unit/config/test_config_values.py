"""Everything in aiemp.toml but the tasks: limits, claude, alerts, watchers, mcp, and unknown keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.config.watcher_settings import WatcherSettings
from aiemp.plan import ClaudeSettings, Limits, Pings, Plan, Watcher

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


def test_limits_and_claude_and_alerts_reach_the_plan(load: Load, tmp_path: Path) -> None:
    """Minutes become seconds; `~` in a program's path is the home folder."""
    plan = load(
        """
        [limits]
        restarts = 0
        restart_window_minutes = 2.5
        stale_after_hours = 12
        done_archive_days = 30
        activity_rows = 10
        [claude]
        command = "~/bin/claude"
        args = ["--append-system-prompt", "two\\nlines", ""]
        runs_per_day = 3
        minutes_per_day = 45
        cost_per_day = 2.5
        silent_minutes = 3
        keep_logs_days = 7
        [alerts]
        command = ["~/bin/tell", "me"]
        tell_resolved = true
        ping_url = "https://hc-ping.com/0"
        run_ping_url = "https://hc-ping.com/k/{task}"
        """
    )
    home = tmp_path / "home"
    assert plan.limits == Limits(0, 150.0, 12.0, 30, 10)
    assert plan.claude == ClaudeSettings(
        f"{home}/bin/claude", ("--append-system-prompt", "two\nlines", ""), 3, 45, 2.5, 3.0, 7
    )
    assert plan.alert_command == (f"{home}/bin/tell", "me")
    assert plan.tell_resolved
    assert plan.pings == Pings("https://hc-ping.com/0", "https://hc-ping.com/k/{task}")


def test_what_is_not_given_keeps_its_default(load: Load) -> None:
    """Empty tables change nothing."""
    plan = load("[limits]\n[claude]\n[alerts]\n")
    assert (plan.limits, plan.claude, plan.alert_command) == (Limits(), ClaudeSettings(), ())


def test_the_zone_is_used_and_named(load: Load) -> None:
    """Timers carry the name only when the configuration gives one."""
    plan = load('timezone = "Europe/Berlin"\n')
    assert (plan.zone, plan.zone_name) == (ZoneInfo("Europe/Berlin"), "Europe/Berlin")
    assert load("").zone_name is None


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berln",
        "Europe",
        "../../etc/passwd",
        "/etc/localtime",
        "CEST",
        "a\\nb",
        "",
        "x" * 300,
        "a\\u0000",
    ],
)
def test_a_zone_that_does_not_exist_is_a_mistake(mistakes: Mistakes, zone: str) -> None:
    """Neither a folder of the database, nor a path out of it, nor an abbreviation."""
    (found,) = mistakes(f'\ntimezone = "{zone}"\n')
    assert found.startswith("2: timezone ")


def test_a_misspelt_zone_is_suggested(mistakes: Mistakes) -> None:
    """The nearest name of the database."""
    assert "did you mean `Europe/Berlin`?" in mistakes('timezone = "Europe/Berln"\n')[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("america/newyork", "America/New_York"),
        ("Kolkata", "Asia/Kolkata"),
    ],
)
def test_a_town_is_enough_to_suggest_its_zone(mistakes: Mistakes, written: str, meant: str) -> None:
    """In any case, and with blanks."""
    assert mistakes(f'timezone = "{written}"\n')[0].endswith(f"did you mean `{meant}`?")


@pytest.mark.parametrize("zone", ["CEST", "PST", "EDT", "UTC+2", "Germany"])
def test_an_abbreviation_is_not_taken_for_another(mistakes: Mistakes, zone: str) -> None:
    """CEST is not EST: no other zone is proposed for what only looks like it."""
    assert "did you mean" not in mistakes(f'timezone = "{zone}"\n')[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wat = 1", "1: wat is not known here; remove it"),
        ("[limit]\nrestarts = 1", "1: limit is not known here; remove it, or did you mean `limits`?"),
        ("[task.x]\na = 1", "1: task is not known here; remove it, or did you mean `tasks`?"),
        (
            "[limits]\nrestart = 1",
            "2: limits.restart is not known here; remove it, or did you mean `restarts`?",
        ),
        ("[claude]\nmodel = 'x'", "2: claude.model is not known here"),
        ("[alerts]\nmail = 'x'", "2: alerts.mail is not known here"),
        ("[mcp.x]\nurl = 'http://x'\nargs = []", "3: mcp.x.args is not known here"),
        ("[watchers.filesystem]\ninterval = 1", "2: watchers.filesystem.interval is not known here"),
        ("limits = 5", "1: limits is a whole number; write a table: [limits]"),
        ("[[limits]]\nrestarts = 1", "1: limits is a list; write a table: [limits]"),
        ("vault = 5", "1: vault is a whole number; write text in quotes"),
        ("vault = ''", "1: vault is empty"),
        ("vault = 'a\tb'", "1: vault contains a line break or another control character"),
        (
            "vault = '~nobody-of-that-name/x'",
            "1: vault is '~nobody-of-that-name/x': ~nobody-of-that-name has no",
        ),
        ("dry_run = 'yes'", "1: dry_run is text; write true or false"),
        ("[limits]\nrestarts = true", "2: limits.restarts is true or false; write a whole number"),
        ("[limits]\nrestarts = -1", "2: limits.restarts is -1; write a whole number from 0 to"),
        (
            "[limits]\nrestart_window_minutes = 0",
            "2: limits.restart_window_minutes is 0; write a number above 0",
        ),
        ("[limits]\nstale_after_hours = nan", "2: limits.stale_after_hours is nan"),
        ("[limits]\nstale_after_hours = inf", "2: limits.stale_after_hours is inf"),
        ("[limits]\nstale_after_hours = true", "2: limits.stale_after_hours is true or false"),
        ("[limits]\ndone_archive_days = 0", "2: limits.done_archive_days is 0"),
        ("[limits]\nactivity_rows = 1.0", "2: limits.activity_rows is a number; write a whole number"),
        ("[claude]\ncommand = ['claude']", "2: claude.command is a list; write text in quotes"),
        ("[claude]\ncommand = './claude'", "2: claude.command is './claude'; write its name alone"),
        ("[claude]\nargs = '--model x'", "2: claude.args is text; write a list of words"),
        ("[claude]\nargs = [\n'a',\n1]", "4: claude.args[1] is a whole number; write it in quotes"),
        ("[claude]\nruns_per_day = 0", "2: claude.runs_per_day is 0"),
        ("[alerts]\ncommand = []", "2: alerts.command names no program"),
        ("[watchers.x]\ncommand = ['']", "2: watchers.x.command names no program"),
        ('[watchers.x]\ncommand = ["a", "b\\nc"]', "2: watchers.x.command[1] contains a line break"),
        (
            "[watchers.filesystem]\nstop_signal = 'sigterm'",
            "2: watchers.filesystem.stop_signal is 'sigterm'; write",
        ),
        ("[watchers.filesystem]\nstop_signal = 'SIGKILL'", "2: watchers.filesystem.stop_signal is 'SIGKILL'"),
        (
            "[watchers.filesystem]\nstop_timeout_seconds = 0",
            "2: watchers.filesystem.stop_timeout_seconds is 0",
        ),
        ("[watchers.filesystem]\ninterval_seconds = 0", "2: watchers.filesystem.interval_seconds is 0"),
        (
            "[watchers.filesystem]\nfresh_within_minutes = -1",
            "2: watchers.filesystem.fresh_within_minutes is -1",
        ),
        (
            "[watchers.filesystem]\nrequires_env = ['A-B']",
            "2: watchers.filesystem.requires_env[0] is no name",
        ),
        (
            "[watchers.filesystem]\nenv = { 'A B' = 'x' }",
            "2: watchers.filesystem.env.'A B' is no name of an env",
        ),
        ("[mcp.x]\nurl = 'ftp://x'", "2: mcp.x.url is 'ftp://x'; write an address"),
        ("[mcp.x]\nurl = 'http://x'\ncommand = ['x']", "2: mcp.x.url and `command` exclude each other"),
    ],
)
def test_each_mistake_is_told_with_its_line(mistakes: Mistakes, text: str, expected: str) -> None:
    """What is wrong, where, and what to do; one line for each."""
    (found,) = mistakes(text)
    assert found.startswith(expected)


def test_the_value_of_a_variable_is_never_shown(mistakes: Mistakes) -> None:
    """It may be a secret, even when its type is wrong."""
    found = mistakes("[watchers.filesystem]\nenv = { TOKEN = 31337, OTHER = 'x' }\n")
    assert found == ["2: watchers.filesystem.env.TOKEN is a whole number; write text in quotes, without NUL"]


def test_every_key_of_a_watcher_is_handed_on(load: Load, vault: Path, config: Path) -> None:
    """Minutes become seconds, a relative cwd starts at the vault, the line is the table's."""
    seen: list[WatcherSettings] = []

    def keep(settings: Sequence[WatcherSettings], folder: Path) -> tuple[Watcher, ...]:
        assert folder == vault
        seen.extend(settings)
        return ()

    load(
        """
        [watchers.bare]
        [watchers.full]
        description = "All of it"
        command = ["prog", "-x"]
        cwd = "sub/folder"
        env = { A = "1", B = "" }
        enabled = false
        interval_seconds = 60
        requires_env = ["TOKEN"]
        stop_signal = "SIGINT"
        stop_timeout_seconds = 2.5
        fresh_within_minutes = 3
        """,
        planned_watchers=keep,
    )
    assert seen == [
        WatcherSettings("bare", line=2),
        WatcherSettings(
            name="full",
            line=3,
            description="All of it",
            command=("prog", "-x"),
            cwd=vault / "sub/folder",
            env=(("A", "1"), ("B", "")),
            enabled=False,
            interval_s=60,
            requires_env=("TOKEN",),
            stop_signal="SIGINT",
            stop_timeout_s=2.5,
            fresh_within_s=180.0,
        ),
    ]


def test_all_tables_that_adjust_no_watcher_are_reported(mistakes: Mistakes) -> None:
    """The merge stops at the first; it is asked again without it."""
    text = "[watchers.one]\nenabled = false\n[watchers.filesystem]\n[watchers.two]\nenabled = false\n"
    assert mistakes(text) == [
        "1: [watchers.one] adjusts no watcher; give it a command",
        "4: [watchers.two] adjusts no watcher; give it a command",
    ]


def test_a_missing_vault_does_not_make_its_watchers_a_mistake(load: Load, tmp_path: Path) -> None:
    """They cannot be found while it is not mounted: that is a warning."""
    plan = load("[watchers.gmail]\nenabled = false\n", vault=tmp_path / "gone")
    assert plan.watcher("gmail") is None
    assert f"{tmp_path}/gone is not there, so [watchers.gmail]" in plan.warnings[0]
