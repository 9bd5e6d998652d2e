"""Links in the vault: no folder and no file of it, led elsewhere, lets aiemp read or change what lies outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Aiemp
from tests.fakes.claude import FakeClaude
from tests.security.outside import MARK, add_outside, as_it_is, make_outside, told_inside

MONTH = f"{datetime.now(UTC):%Y-%m}"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"

FOLDERS = (
    *(".state", ".state/aiemp", "Logs", "Logs/aiemp", "Logs/aiemp/runs", "Logs/claude", "Needs_Action"),
    *("Needs_Action/alerts", "Needs_Action/email", "Needs_Action/file", "Pending_Approval", "Approved"),
    *("Rejected", "Done", "Done/archive", "Done/email", "Drop", "Drop/sub", "Briefings", "Plans"),
    *("scripts", "scripts/watchers", ".claude", "mcp-servers", f"Logs/claude/{TODAY}"),
)
FILES = (
    *("Dashboard.md", ".env", ".mcp.json", ".state/orchestrator_state.json", ".state/aiemp/pause.json"),
    *(".state/aiemp/run.lock", ".state/aiemp/ledger.lock", ".state/aiemp/dashboard.lock"),
    *(".state/aiemp/orchestrator.lock", ".state/aiemp/watcher-filesystem.lock", ".state/aiemp/mcp.json"),
    *(".state/aiemp/rollover.json", ".state/aiemp/alerts.lock", ".state/aiemp/reserve"),
    *(".state/filesystem_processed.json", ".state/approval_processed.json", "Logs/aiemp/orchestrator.log"),
    *("Logs/aiemp/task-shout.log", f"Logs/aiemp/runs/{MONTH}.jsonl", "Logs/aiemp/runs/.lock"),
    *(f"Logs/dashboard_archive_{TODAY}.json", f"Briefings/{TODAY}_audit_prep.md", "Needs_Action/item.md"),
    *("Needs_Action/alerts/ALERT_task-fails.md", "Pending_Approval/LINKEDIN_x.md", "Approved/x.md"),
    *("Drop/report.txt", "Done/old.md", "Logs/aiemp/watcher-noise.log"),
)

CONFIG = """
[tasks.shout]
command = ["/bin/echo", "shouted"]
frequency = "daily"
time = "00:00"
[tasks.fails]
command = ["/bin/false"]
frequency = "daily"
time = "00:00"
max_attempts = 1
[tasks.asks]
prompt = "Say hello"
frequency = "daily"
time = "00:00"
[watchers.noise]
command = ["/bin/echo", "noise"]
"""

COMMANDS = (
    *(("trigger", task) for task in ("morning_triage", "linkedin_post", "stale_approval_check")),
    *(("trigger", task) for task in ("daily_rollover", "weekly_audit_prep", "health_dashboard_update")),
    *(("trigger", task) for task in ("done_archive", "shout", "asks", "fails")),
    *(("watch", "filesystem", "--once"), ("watch", "approval", "--once"), ("run", "--once")),
    *(("pause", "a reason"), ("status",), ("resume",), ("status", "--json"), ("history",), ("list",)),
    *(("check",), ("logs", "shout"), ("logs",), ("doctor",), ("config", "show"), ("init",)),
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the vault, on the same file system."""
    return make_outside(tmp_path / "outside")


@pytest.fixture
def claude(tmp_path: Path, environ: dict[str, str]) -> FakeClaude:
    """A claude on the PATH."""
    fake = FakeClaude(tmp_path / "bin", ("say", "done"))
    environ["PATH"] = f"{fake.folder}:{environ['PATH']}"
    return fake


@pytest.fixture
def everything(aiemp: Aiemp, claude: FakeClaude, write_config: Callable[[str], Path], vault: Path) -> str:
    """Runs every command that reads or writes in the vault; returns all that was said."""
    write_config(CONFIG)
    (vault / "Needs_Action" / "real.md").write_text("---\nsubject: real\n---\n", encoding="utf-8")

    def do() -> str:
        said = []
        for command in COMMANDS:
            done = aiemp(*command)
            assert "Traceback" not in done.stderr, f"{command}: {done.stderr}"
            said.append(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        return "".join(said) + repr([call["argv"] for call in claude.calls])

    return do  # type: ignore[return-value]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_leads_outside_is_neither_read_nor_written(
    vault: Path, outside: Path, everything: Callable[[], str], name: str
) -> None:
    """A link in the place of any folder: nothing outside is read, written, moved, given away or made."""
    place = vault / name
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    before = as_it_is(outside)
    said = everything()
    assert as_it_is(outside) == before
    assert MARK not in said
    assert told_inside(vault) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_leads_outside_is_neither_read_nor_written(
    vault: Path, outside: Path, everything: Callable[[], str], name: str
) -> None:
    """A link in the place of any file: the file that it leads to is neither read nor changed."""
    place = vault / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(add_outside(outside, place.name))
    before = as_it_is(outside)
    said = everything()
    assert as_it_is(outside) == before
    assert MARK not in said
    assert told_inside(vault) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_has_another_name_outside_is_not_written(
    vault: Path, outside: Path, everything: Callable[[], str], name: str
) -> None:
    """A hard link is the file itself, so it may be read; but what is written goes to a file of the vault's own."""
    place = vault / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    os.link(add_outside(outside, place.name), place)
    before = as_it_is(outside)
    everything()
    assert as_it_is(outside) == before


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_a_missing_file_makes_none_outside(
    vault: Path, outside: Path, everything: Callable[[], str], name: str
) -> None:
    """Writing through a link that leads to nothing would make a file outside."""
    place = vault / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(outside / "made-by-aiemp")
    before = as_it_is(outside)
    everything()
    assert as_it_is(outside) == before
