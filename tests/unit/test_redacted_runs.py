"""What runs and alerts write down and report holds no secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.alerts import Alert, raise_alert
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import DryRun, Frequency, Plan, ScheduledTask
from aiemp.redaction import Redactor, in_force, put_in_force
from aiemp.runner import run_task


@pytest.fixture(autouse=True)
def _own_redactor() -> Iterator[None]:
    """What a test puts in force is gone after it."""
    before = in_force()
    yield
    put_in_force(before)


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_a_token_that_a_run_writes_into_dotenv_is_redacted_at_its_end(vault: Path) -> None:
    """What was no secret when the run began is one in its record, history, dashboard and report; and what was one
    then stays one."""
    (vault / ".env").write_text("OLD_TOKEN=old-s3cr3t-value\n")
    script = (
        "printf 'NEW_TOKEN=%s\\n' new-s3cr3t-$((40+2)) > .env; "
        "echo new-s3cr3t-$((41+1)) old-s3cr3t-val$(echo ue); exit $0"
    )
    for status in ("0", "7"):
        (vault / ".env").write_text("OLD_TOKEN=old-s3cr3t-value\n")
        task = ScheduledTask(
            "own", "", Frequency.HOURLY, requires_claude=False, command=("sh", "-c", script, status)
        )
        report = run_task(
            Plan(vault, tasks=(task,)), "own", scheduled=False, environ={"PATH": "/usr/bin:/bin"}
        )
        assert "[NEW_TOKEN redacted] [OLD_TOKEN redacted]" in report.message
        assert "s3cr3t-42" not in str(report)
        assert (
            in_force().text("new-s3cr3t-42 old-s3cr3t-value") == "[NEW_TOKEN redacted] [OLD_TOKEN redacted]"
        )
    places = Places(vault)
    for path in (places.ledger, vault / "Dashboard.md", *places.runs.glob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t-42" not in text
        assert "old-s3cr3t" not in text


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_a_reason_for_being_blocked_is_redacted_with_what_the_run_wrote(vault: Path) -> None:
    """What the run wrote into .env is no less a secret when it was blocked than at any other end."""
    blocked = ScheduledTask(
        "own", "", Frequency.HOURLY, requires_claude=False, trigger_fn="tests.unit.blocked_task:writing"
    )
    report = run_task(Plan(vault, tasks=(blocked,)), "own", scheduled=False, environ={"PATH": "/usr/bin"})
    assert report.message == "own: blocked: no login with [A_TOKEN redacted]"
    assert "s3cr3t" not in Places(vault).ledger.read_text(encoding="utf-8")
    assert "s3cr3t" not in (vault / "Dashboard.md").read_text(encoding="utf-8")


def test_alerts_are_redacted_in_all_their_places(vault: Path, tmp_path: Path) -> None:
    """The file, the row and what the user's command gets have no secret, even where it would have been cut."""
    put_in_force(Redactor({"s3cr3t-value": "A_TOKEN"}))
    told = tmp_path / "told"
    command = ("sh", "-c", 'env | grep ^AIEMP_ALERT > "$0"; cat >> "$0"', str(told))
    plan = Plan(vault, alert_command=command)
    alert = Alert("k", "c", "no s3cr3t-value", "x" * 1995 + "s3cr3t-value", "revoke s3cr3t-value")
    outcome = raise_alert(plan, alert, datetime(2026, 11, 23, tzinfo=UTC), {"PATH": "/usr/bin:/bin"})
    assert outcome.file is not None and outcome.on_dashboard and outcome.command_ran
    for path in (outcome.file, vault / "Dashboard.md", told):
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t" not in text
        assert "no [A_TOKEN redacted]" in text


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_nothing_that_a_run_reports_holds_a_secret(vault: Path) -> None:
    """A reason for being blocked, and what a dry run gives, are redacted for whoever calls the runner."""
    (vault / ".env").write_text("A_TOKEN=s3cr3t-value\n")
    blocked = ScheduledTask(
        "own", "", Frequency.HOURLY, requires_claude=False, trigger_fn="tests.unit.blocked_task:blocked"
    )
    plan = Plan(vault, tasks=(blocked, replace(blocked, name="cmd", command=("send", "s3cr3t-value"))))
    report = run_task(plan, "own", scheduled=False, environ={"PATH": "/usr/bin"})
    assert report.message == "own: blocked: no login with [A_TOKEN redacted]"
    assert "s3cr3t" not in Places(vault).ledger.read_text(encoding="utf-8")
    assert "s3cr3t" not in (vault / "Dashboard.md").read_text(encoding="utf-8")
    rehearsed = run_task(
        replace(plan, dry_run=DryRun(True, "test")), "cmd", scheduled=False, environ={"PATH": "/usr/bin"}
    )
    assert str(rehearsed.details["output"]).endswith("send [A_TOKEN redacted]")
