"""Alerts: told once in three places, and never the reason why something else fails."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.alerts import Alert, alert_file, clear_alert, raise_alert
from aiemp.plan import DryRun, Plan

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ALERT = Alert("watcher-gmail", "watcher_gmail", "Watcher gmail is paused", "exit status 3", "See the log")


def recorder(target: Path) -> tuple[str, ...]:
    """A command that appends what it is told to a file."""
    code = (
        "import os, sys; open(sys.argv[1], 'a').write("
        "os.environ['AIEMP_ALERT_KEY'] + '|' + os.environ['AIEMP_ALERT_TITLE'] + '|' + sys.stdin.read())"
    )
    return (sys.executable, "-c", code, str(target))


def test_alert_is_told_in_three_places(vault: Path, tmp_path: Path) -> None:
    """A row under Recent Errors, a file in Needs_Action/alerts, and the user's command."""
    told = tmp_path / "told"
    outcome = raise_alert(Plan(vault, alert_command=recorder(told)), ALERT, NOW, os.environ)
    assert outcome.on_dashboard
    assert outcome.command_ran
    assert "exit status 3" in (vault / "Dashboard.md").read_text(encoding="utf-8")
    assert outcome.file == vault / "Needs_Action" / "alerts" / "ALERT_watcher-gmail.md"
    assert "**What to do:** See the log" in outcome.file.read_text(encoding="utf-8")
    assert oct(outcome.file.stat().st_mode & 0o777) == "0o600"
    assert told.read_text().startswith("watcher-gmail|Watcher gmail is paused|Watcher gmail is paused\n")


def test_repeated_alert_is_one_row_one_file_and_one_call_an_hour(vault: Path, tmp_path: Path) -> None:
    """Sixty alerts in an hour are one row and one file that counts them; the command ran once."""
    told = tmp_path / "told"
    plan = Plan(vault, alert_command=recorder(told))
    for minute in range(60):
        outcome = raise_alert(plan, ALERT, NOW + timedelta(minutes=minute), os.environ)
    assert outcome.count == 60
    assert outcome.file is not None
    assert "count: 60" in outcome.file.read_text(encoding="utf-8")
    assert f"created: {NOW.isoformat()}" in outcome.file.read_text(encoding="utf-8")
    assert (vault / "Dashboard.md").read_text(encoding="utf-8").count("exit status 3") == 1
    assert told.read_text().count("watcher-gmail|") == 1
    raise_alert(plan, ALERT, NOW + timedelta(minutes=60), os.environ)
    assert told.read_text().count("watcher-gmail|") == 2


def test_cleared_alert_is_gone_and_news_again(vault: Path, tmp_path: Path) -> None:
    """Once the trouble is over its file goes; the same trouble later is told again."""
    told = tmp_path / "told"
    plan = Plan(vault, alert_command=recorder(told))
    raise_alert(plan, ALERT, NOW, os.environ)
    clear_alert(plan, ALERT.key)
    assert not alert_file(vault, ALERT.key).exists()
    clear_alert(plan, ALERT.key)
    raise_alert(plan, ALERT, NOW + timedelta(minutes=1), os.environ)
    assert told.read_text().count("watcher-gmail|") == 2


@pytest.mark.parametrize("command", [("/no/such/program",), ("false",)], ids=["missing", "failing"])
def test_broken_command_costs_only_itself(
    vault: Path, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """A command that cannot be run, or fails, is logged; the other two places have the alert."""
    outcome = raise_alert(Plan(vault, alert_command=command), ALERT, NOW, os.environ)
    assert (outcome.on_dashboard, outcome.command_ran) == (True, False)
    assert outcome.file is not None
    assert "could not run the alert command" in caplog.text


def test_unusable_vault_costs_no_exception_and_the_command_still_runs(vault: Path, tmp_path: Path) -> None:
    """With a dashboard that is a folder and alerts that is a file, the owner is still told."""
    (vault / "Dashboard.md").unlink()
    (vault / "Dashboard.md").mkdir()
    (vault / "Needs_Action" / "alerts").write_text("a file")
    told = tmp_path / "told"
    outcome = raise_alert(Plan(vault, alert_command=recorder(told)), ALERT, NOW, os.environ)
    assert (outcome.on_dashboard, outcome.file, outcome.command_ran) == (False, None, True)
    assert told.exists()


def test_alerts_folder_that_leads_out_of_the_vault_is_not_written(vault: Path, tmp_path: Path) -> None:
    """A link in the vault must not make us write, or remove, anything elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (vault / "Needs_Action" / "alerts").symlink_to(outside)
    assert raise_alert(Plan(vault), ALERT, NOW, os.environ).file is None
    (outside / "ALERT_watcher-gmail.md").write_text("theirs")
    clear_alert(Plan(vault), ALERT.key)
    assert (outside / "ALERT_watcher-gmail.md").read_text() == "theirs"


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", "..", "", "x" * 500, "ü\n|"])
def test_any_key_is_a_file_name_in_the_alerts_folder(vault: Path, key: str) -> None:
    """Keys become file names that stay where alerts are."""
    path = alert_file(vault, key)
    assert path.parent == vault / "Needs_Action" / "alerts"
    outcome = raise_alert(Plan(vault), replace(ALERT, key=key), NOW, os.environ)
    assert outcome.file == path


def test_hostile_text_stays_text(vault: Path) -> None:
    """What an error says cannot end the frontmatter, add a section or break the table."""
    import yaml

    nasty = replace(
        ALERT, component='x"\n---\nstatus: approved', title="a | b\n## Fake", detail="---\n|x|\n\0"
    )
    outcome = raise_alert(Plan(vault), nasty, NOW, os.environ)
    assert outcome.file is not None
    head = yaml.safe_load(outcome.file.read_text(encoding="utf-8").split("---\n")[1])
    assert head["status"] == "pending"
    assert head["type"] == "alert"
    assert "\n## Fake" not in (vault / "Dashboard.md").read_text(encoding="utf-8")


def test_dry_run_only_logs(vault: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In a dry run nothing is written and no command runs."""
    plan = Plan(vault, alert_command=("touch", str(vault / "told")), dry_run=DryRun(True, "test"))
    before = (vault / "Dashboard.md").read_bytes()
    outcome = raise_alert(plan, ALERT, NOW, os.environ)
    assert (outcome.on_dashboard, outcome.file, outcome.command_ran) == (False, None, False)
    assert (vault / "Dashboard.md").read_bytes() == before
    assert "Watcher gmail is paused" in caplog.text
