"""The tasks without Claude: what they say when the vault is not as it should be."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from aiemp.adoption import adopt_scripts
from aiemp.frozen import replace
from aiemp.plan import Origin, Watcher
from aiemp.triggers.daily_rollover import trigger_daily_rollover
from aiemp.triggers.done_archive import trigger_done_archive
from aiemp.triggers.stale_check import trigger_stale_check
from tests.fakes.vault import add, context_of, snapshot


def environ_of(vault: Path) -> dict[str, str]:
    """Of somebody whose configuration, and so his record of adoption, lies beside the vault."""
    return {"HOME": str(vault.parent / "home"), "PATH": "/usr/bin:/bin"}


def stale(vault: Path, dry_run: bool = False, **options: object) -> dict[str, object]:
    context = context_of(vault, "trigger_stale_check", environ_of(vault), **options)
    return trigger_stale_check(vault, dry_run, context)


def adopt(vault: Path) -> None:
    (vault.parent / "home" / ".config").mkdir(parents=True, exist_ok=True)
    adopt_scripts(None, vault, environ_of(vault))


def own_watcher(vault: Path, code: str) -> None:
    add(vault, "scripts/watchers/approval_watcher.py", code)
    adopt(vault)


# Stale approvals


def test_no_stale_approvals_is_routine(vault: Path) -> None:
    """Four times a day "nothing" is no row of the activity log; something stale is."""
    assert stale(vault)["routine"] is True
    add(vault, "Pending_Approval/a.md", age=timedelta(days=2))
    result = stale(vault)
    assert (result["routine"], result["summary"]) == (False, "1 stale approval: a.md")


def test_many_stale_approvals(vault: Path) -> None:
    """The summary names three and counts the rest."""
    for letter in "abcde":
        add(vault, f"Pending_Approval/{letter}.md", age=timedelta(days=2))
    assert stale(vault)["summary"] == "5 stale approvals: a.md, b.md, c.md and 2 more"


def test_the_limit_is_the_plans(vault: Path) -> None:
    """``stale_after_hours`` of the configuration counts."""
    from aiemp.plan import Limits

    add(vault, "Pending_Approval/a.md", age=timedelta(hours=30))
    assert stale(vault, plan={"limits": Limits(stale_after_hours=48)})["stale_count"] == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print('Found some')", "did not print"),
        ("import sys; print('no token', file=sys.stderr); sys.exit(2)", "ended with 2: no token"),
        ("import no_such_library", "No module named 'no_such_library'"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("import time; time.sleep(60)", "was still at work after 0.6 s and was ended"),
    ],
)
def test_an_own_watcher_that_fails(vault: Path, code: str, error: str) -> None:
    """What is wrong with the vault's own check is told; it is not covered up by another count."""
    own_watcher(vault, code)
    result = stale(vault, task={"timeout_minutes": 0.01})
    assert result["success"] is False
    assert error in str(result["error"])


def test_the_vaults_own_python_is_used(vault: Path) -> None:
    """Its libraries are in its virtual environment, not in ours."""
    own_watcher(vault, "print('never')")
    add(vault, ".venv/bin/python", '#!/bin/sh\necho "$@"; echo Found 4 stale approvals\n').chmod(0o755)
    assert stale(vault)["stale_count"] == 0, "a Python that appeared since is not run"
    adopt(vault)
    assert stale(vault)["stale_count"] == 4


def test_an_own_watcher_that_nobody_has_adopted_is_not_asked(
    vault: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Claude, or who talked it into that, may have put it there: the built-in check counts instead."""
    add(vault, "scripts/watchers/approval_watcher.py", "print('Found 9 stale approvals')")
    assert stale(vault)["stale_count"] == 0
    (vault / "scripts/watchers/approval_watcher.py").unlink()
    adopt(vault)
    add(vault, "scripts/watchers/approval_watcher.py", "print('Found 9 stale approvals')")
    assert stale(vault)["stale_count"] == 0
    assert "nobody has adopted it; look at it, then: aiemp init" in caplog.text
    adopt(vault)
    assert stale(vault)["stale_count"] == 9


@pytest.mark.parametrize(
    "watcher",
    [
        Watcher("approval", origin=Origin.DISCOVERED, enabled=False),
        Watcher("approval", origin=Origin.CONFIGURED, command=("x",)),
    ],
    ids=["disabled", "replaced"],
)
def test_an_own_watcher_that_is_not_wanted(vault: Path, watcher: Watcher) -> None:
    """One that the owner disabled or replaced does not run through the back door."""
    own_watcher(vault, "print('Found 9 stale approvals')")
    assert stale(vault, plan={"watchers": (watcher,)})["stale_count"] == 0
    wanted = Watcher("approval", origin=Origin.DISCOVERED)
    assert stale(vault, plan={"watchers": (wanted,)})["stale_count"] == 9


def test_a_dry_run_asks_no_own_watcher(vault: Path) -> None:
    """Dry runs of such watchers move files: the built-in check counts instead."""
    own_watcher(vault, "import os; os.remove('Dashboard.md'); print('Found 9 stale approvals')")
    before = snapshot(vault)
    assert stale(vault, dry_run=True)["stale_count"] == 0
    assert snapshot(vault) == before


# Archive


def archive(vault: Path, dry_run: bool = False) -> dict[str, object]:
    return trigger_done_archive(vault, dry_run, context_of(vault, "trigger_done_archive"))


def test_an_archive_that_cannot_be_used(vault: Path, tmp_path: Path) -> None:
    """A link where the archive should be: a failure that names it, and everything stays."""
    add(vault, "Done/old.md", age=timedelta(days=9))
    (tmp_path / "elsewhere").mkdir()
    (vault / "Done/archive").symlink_to(tmp_path / "elsewhere")
    result = archive(vault)
    assert result["success"] is False
    assert "archive is not a folder of this vault" in str(result["error"])
    assert (vault / "Done/old.md").exists()


def test_one_file_that_cannot_be_archived(vault: Path, tmp_path: Path) -> None:
    """The others are archived, and the summary names the one that was not."""
    add(vault, "Done/old.md", age=timedelta(days=9))
    add(vault, "Done/sub/stuck.md", age=timedelta(days=9))
    add(vault, "Done/archive/sub")  # a file where a folder would have to be
    result = archive(vault)
    assert (result["success"], result["archived"], result["kept"]) == (True, 1, 1)
    assert "1 could not be moved" in str(result["summary"])
    assert "stuck.md" in str(result["summary"])
    again = archive(vault)
    assert again["success"] is False
    assert "File exists" in str(again["error"])


def test_an_archive_tells_who_looks_how_far_it_is(vault: Path) -> None:
    """On the line of the run, as a child's output is; nothing is told where nobody looks."""
    old = vault / "Done" / "old.md"
    old.write_text("x")
    os.utime(old, (0, 0))
    told: list[bytes] = []
    context = replace(context_of(vault, "trigger_done_archive"), on_output=told.append)
    assert trigger_done_archive(vault, False, context)["archived"] == 1
    assert told == [b"0 of 1 files\n"]


def test_a_dry_archive(vault: Path) -> None:
    """It counts what it would move."""
    add(vault, "Done/old.md", age=timedelta(days=9))
    before = snapshot(vault)
    assert archive(vault, dry_run=True)["summary"] == "1 file would be archived, 0 kept"
    assert snapshot(vault) == before


# Rollover


def test_a_rollover_with_a_dashboard_that_is_a_folder(vault: Path) -> None:
    """It cannot be done, and that is a failed result, not an exception."""
    (vault / "Dashboard.md").unlink()
    (vault / "Dashboard.md").mkdir()
    result = trigger_daily_rollover(vault, context=context_of(vault, "trigger_daily_rollover"))
    assert result["success"] is False
    assert "Dashboard.md" in str(result["error"])


def test_a_dry_rollover(vault: Path) -> None:
    """It changes nothing."""
    before = snapshot(vault)
    result = trigger_daily_rollover(vault, True, context_of(vault, "trigger_daily_rollover"))
    assert result["success"] is True
    assert snapshot(vault) == before
