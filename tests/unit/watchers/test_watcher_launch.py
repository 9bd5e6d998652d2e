"""What is started, with which arguments and environment, and what is left alone."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp import locks
from aiemp.errors import LockHeld, VaultError
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.places import Places
from aiemp.plan import DryRun, DryRunPolicy, Limits, Origin, Plan, Watcher
from aiemp.watchers.known import processed_file
from aiemp.watchers.launch import (
    Launch,
    NotStarted,
    NotStartedKind,
    WatcherNotStarted,
    freshness,
    prepare,
    running,
    spawn,
    take_lock,
)
from aiemp.watchers.registry import BUILT_IN

DRY = DryRun(True, "a test")
GMAIL = Watcher("gmail", command=("run-gmail",), requires_env=("GMAIL_CREDENTIALS_PATH",))


def launched(watcher: Watcher, plan: Plan, environ: dict[str, str] | None = None) -> Launch:
    launch = prepare(watcher, plan, environ or {})
    assert isinstance(launch, Launch), launch
    return launch


def left_alone(watcher: Watcher, plan: Plan, environ: dict[str, str] | None = None) -> NotStarted:
    launch = prepare(watcher, plan, environ or {})
    assert isinstance(launch, NotStarted), launch
    return launch


def test_a_built_in_watcher_is_a_module_started_outside_the_vault(tmp_path: Path) -> None:
    """python -m looks into the working directory first: a json.py that Claude wrote must not be found."""
    vault = tmp_path / "a vault"
    plan = Plan(vault, limits=Limits(stale_after_hours=12), zone_name="Europe/Berlin")
    launch = launched(replace(BUILT_IN[0], interval_s=7), plan, {"PATH": "/bin"})
    module = "aiemp.watchers.filesystem"
    assert launch.argv == (sys.executable, "-m", module, "--vault", str(vault), "--interval", "7")
    assert launch.cwd == Path("/")
    assert launch.env["AIEMP_STALE_AFTER_HOURS"] == "12"
    assert launch.env["AIEMP_TIMEZONE"] == "Europe/Berlin"
    assert launch.env["DRY_RUN"] == "false"


def test_a_built_in_watcher_is_told_of_a_dry_run(tmp_path: Path) -> None:
    """It runs, and reports only."""
    launch = launched(BUILT_IN[1], Plan(tmp_path, dry_run=DRY))
    assert launch.argv[-1] == "--dry-run"
    assert launch.env["DRY_RUN"] == "true"


def test_a_built_in_watcher_gets_nothing_from_the_vaults_env_file(tmp_path: Path) -> None:
    """It needs none of it, so nothing of it is in its environment."""
    (tmp_path / ".env").write_text("SECRET=from-vault\n")
    assert "SECRET" not in launched(BUILT_IN[0], Plan(tmp_path)).env


def test_a_command_runs_in_the_vault_with_its_env_file(tmp_path: Path) -> None:
    """The process environment comes before .env, the watcher's own env before both."""
    (tmp_path / ".env").write_text("A=vault\nB=vault\nC=vault\n")
    watcher = Watcher("feed", command=("feed", "--x"), env=(("A", "own"),))
    launch = launched(watcher, Plan(tmp_path), {"A": "process", "B": "process", "NOTIFY_SOCKET": "/run/x"})
    assert launch.argv == ("feed", "--x")
    assert launch.cwd == tmp_path
    assert (launch.env["A"], launch.env["B"], launch.env["C"]) == ("own", "process", "vault")
    assert "NOTIFY_SOCKET" not in launch.env
    assert launched(replace(watcher, cwd=Path("feeds")), Plan(tmp_path)).cwd == tmp_path / "feeds"


def test_a_required_variable_may_come_from_each_source_but_not_be_empty(tmp_path: Path) -> None:
    """Environment, .env, and the watcher's own env count; an empty value counts as none."""
    plan = Plan(tmp_path)
    missing = left_alone(GMAIL, plan, {"GMAIL_CREDENTIALS_PATH": ""})
    assert missing.kind is NotStartedKind.NOT_CONFIGURED
    assert "GMAIL_CREDENTIALS_PATH is not set" in missing.reason
    launched(GMAIL, plan, {"GMAIL_CREDENTIALS_PATH": "x"})
    launched(replace(GMAIL, env=(("GMAIL_CREDENTIALS_PATH", "x"),)), plan)
    (tmp_path / ".env").write_text("GMAIL_CREDENTIALS_PATH=secrets/gmail.json\n")
    assert launched(GMAIL, plan).env["GMAIL_CREDENTIALS_PATH"] == "secrets/gmail.json"


def test_disabled_and_dry_runs_that_write_are_left_alone(tmp_path: Path) -> None:
    """Neither is an error; each says why."""
    disabled = left_alone(replace(GMAIL, enabled=False), Plan(tmp_path))
    assert (disabled.kind, disabled.reason) == (NotStartedKind.DISABLED, "disabled in aiemp.toml")
    writes = replace(GMAIL, requires_env=(), dry_run=DryRunPolicy.SKIP)
    assert left_alone(writes, Plan(tmp_path, dry_run=DRY)).kind is NotStartedKind.DRY_RUN
    launched(writes, Plan(tmp_path))
    other = replace(GMAIL, requires_env=())
    assert launched(other, Plan(tmp_path, dry_run=DRY)).env["DRY_RUN"] == "true"


def test_output_of_a_discovered_watcher_is_not_held_back(tmp_path: Path) -> None:
    """A print() of a Python watcher is in its log at once; the user may say otherwise."""
    own = Watcher("own", command=("python3", "-m", "x"), origin=Origin.DISCOVERED)
    assert launched(own, Plan(tmp_path)).env["PYTHONUNBUFFERED"] == "1"
    other = replace(own, env=(("PYTHONUNBUFFERED", ""),))
    assert launched(other, Plan(tmp_path)).env["PYTHONUNBUFFERED"] == ""


def test_a_broken_env_file_is_said_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A .env that is a folder: a warning, and the watcher starts."""
    (tmp_path / ".env").mkdir()
    with caplog.at_level(logging.WARNING):
        launched(Watcher("feed", command=("feed",)), Plan(tmp_path))
    assert ".env" in caplog.text


def test_a_program_that_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    """The error names watcher, program and folder, and the lock is free again."""
    watcher = Watcher("feed", command=("no-such-program-here",))
    plan = Plan(tmp_path)
    with pytest.raises(WatcherNotStarted, match=r"the feed watcher .*no-such-program-here.*No such file"):
        spawn(watcher, launched(watcher, plan, dict(os.environ)), plan, "a test", None)
    assert running(tmp_path, "feed") is None


def test_a_vault_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    """Taking the lock must not create an empty vault where the real one is mounted at other times."""
    gone = tmp_path / "gone"
    with pytest.raises(VaultError, match="is not there"):
        take_lock(gone, "feed", 1, "a test")
    assert not gone.exists()


def test_who_comes_second_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    """The message names the process and who started it."""
    with take_lock(tmp_path, "feed", os.getpid(), "the first"):
        with pytest.raises(
            LockHeld, match=rf"the feed watcher is already running \(pid {os.getpid()}, the first\)"
        ):
            take_lock(tmp_path, "feed", 1, "the second")
        assert running(tmp_path, "feed") == Holder(os.getpid(), "watcher feed", "the first")
    assert running(tmp_path, "feed") is None


def test_a_holder_that_cannot_be_found_has_no_pid(tmp_path: Path) -> None:
    """A lock held by this very process under a dead process's name: running, and no wrong pid is given."""
    with locks.acquire(Places(tmp_path).watcher_lock("feed"), Holder(2**22 + 1, "watcher feed", "gone")):
        assert running(tmp_path, "feed") == Holder(0, "watcher feed", "gone")


def test_freshness_is_the_age_of_the_processed_file(tmp_path: Path) -> None:
    """None before the first sign of life; never negative."""
    now = datetime(2026, 2, 27, 12, 0, tzinfo=UTC)
    assert freshness(tmp_path, "approval", now) is None
    path = Places(tmp_path).processed("approval")
    path.parent.mkdir()
    path.touch()
    os.utime(path, (now.timestamp() - 90, now.timestamp() - 90))
    assert freshness(tmp_path, "approval", now) == 90
    assert freshness(tmp_path, "approval", now - timedelta(days=1)) == 0


def test_the_watchers_know_the_processed_file_by_the_same_name(tmp_path: Path) -> None:
    """known.processed_file is Places.processed, spelt out only to start faster."""
    assert Path(processed_file(tmp_path, "approval")) == Places(tmp_path).processed("approval")
