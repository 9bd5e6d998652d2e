"""The seed's tests of the command line (5A): the commands of ``schedules.py`` are ``aiemp``'s now."""

from __future__ import annotations

import json
import os
from pathlib import Path

from aiemp.plan import SCHEDULE_REGISTRY
from tests.conftest import Aiemp


def test_cli_list_schedules(aiemp: Aiemp) -> None:
    """Every task is listed, with its schedule in words."""
    out = aiemp("list")
    assert out.returncode == 0
    lines = {line.split()[0]: line for line in out.stdout.splitlines()}
    assert {task.name for task in SCHEDULE_REGISTRY} <= lines.keys()
    assert "daily at 08:00" in lines["morning_triage"]
    assert "Mon, Wed, Fri at 09:30" in lines["linkedin_post"]
    assert "every 6 h" in lines["stale_approval_check"]
    assert "Sun at 22:00" in lines["weekly_audit_prep"]


def test_cli_check_due(aiemp: Aiemp) -> None:
    """What is due is shown, and no longer once it ran; what is not due says why."""
    before = json.loads(aiemp("check", "--json", check=True).stdout)
    assert "stale_approval_check" in before["due"]
    assert "weekly_audit_prep" not in before["due"]
    aiemp("trigger", "stale_approval_check", check=True)
    after = aiemp("check", check=True).stdout
    lines = {line.split()[0]: line.split() for line in after.splitlines()}
    assert lines["stale_approval_check"][1] == "no"
    assert lines["weekly_audit_prep"][-1] == "disabled"
    assert lines["health_dashboard_update"][1:4] == ["yes", "due", "now"]


def test_cli_trigger_by_name(aiemp: Aiemp, vault: Path) -> None:
    """A task that is triggered by its name really runs, and the run is kept."""
    old = vault / "Done" / "FILE_old.md"
    old.write_text("done")
    os.utime(old, (0, 0))
    out = aiemp("trigger", "done_archive", "--json")
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout)["result"] == "succeeded"
    assert not old.exists()
    assert (vault / "Done" / "archive" / "FILE_old.md").exists()
    (run,) = json.loads(aiemp("history", "--json", check=True).stdout)["runs"]
    assert (run["task"], run["result"], run["manual"]) == ("done_archive", "succeeded", True)
