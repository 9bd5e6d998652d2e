"""The logs of Claude runs: private, in the vault and nowhere else, and gone after their time."""

from __future__ import annotations

import logging
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.claude.run_log import RunLog, new_log, remove_old
from aiemp.places import Places

NOW = datetime(2026, 11, 25, 8, 0, 3, tzinfo=UTC)
TODAY = Path("Logs/claude/2026-11-25")


def write_all_kinds(path: Path | None) -> None:
    with RunLog(path, lambda: NOW) as log:
        log.step("First", "second\nthird")
        log.text(b"as it \xff came")
        log.step("Later")
        log.event(b'{"type":"x"}\n')


def test_what_a_log_looks_like(vault: Path) -> None:
    """Steps have their time and stand on lines of their own; output stays as it came; events are apart."""
    path = new_log(Places(vault), "triage", NOW, 30)
    assert path == vault / TODAY / "triage-080003.log"
    write_all_kinds(path)
    assert path.read_bytes() == (
        b"08:00:03 First\n         second\n         third\nas it \xff came\n08:00:03 Later\n"
    )
    assert path.with_suffix(".jsonl").read_bytes() == b'{"type":"x"}\n'


def test_logs_are_private(vault: Path) -> None:
    """0600 in folders of 0700, whatever the umask: mails are quoted in there."""
    before = os.umask(0)
    try:
        path = new_log(Places(vault), "triage", NOW, 30)
        assert path is not None
        write_all_kinds(path)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}


def test_two_in_one_second(vault: Path) -> None:
    """Two runs that begin in one second have a log of their own each."""
    names = [path.name for _ in range(3) if (path := new_log(Places(vault), "t", NOW, 30))]
    assert names == ["t-080003.log", "t-080003-2.log", "t-080003-3.log"]


@pytest.mark.parametrize("trap", ["Logs", "Logs/claude", str(TODAY)])
def test_links_lead_nowhere(vault: Path, tmp_path: Path, trap: str, caplog: pytest.LogCaptureFixture) -> None:
    """Claude writes into the vault: a link that it puts there does not make us write outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    if trap == "Logs":
        (vault / "Logs").rmdir()
    (vault / trap).parent.mkdir(parents=True, exist_ok=True)
    (vault / trap).symlink_to(outside)
    assert new_log(Places(vault), "triage", NOW, 30) is None
    assert "leads out of" in caplog.text
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_a_file(vault: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not followed, and the run goes on."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    path = new_log(Places(vault), "triage", NOW, 30)
    assert path is not None
    path.with_suffix(".jsonl").symlink_to(precious)
    write_all_kinds(path)
    assert precious.read_text() == "mine"
    assert "not written down" in caplog.text


def test_a_log_that_cannot_be_made(vault: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Said once, and no reason not to run; a vault that is gone is not made anew."""
    (vault / "Logs").rmdir()
    (vault / "Logs").write_text("a file")
    assert new_log(Places(vault), "triage", NOW, 30) is None
    assert len(caplog.records) == 1
    assert new_log(Places(vault / "gone"), "triage", NOW, 30) is None
    assert not (vault / "gone").exists()
    write_all_kinds(None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(vault: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written is told once, not for every line."""
    path = new_log(Places(vault), "triage", NOW, 30)
    with RunLog(path, lambda: NOW) as log:
        os.dup2(os.open("/dev/full", os.O_WRONLY), log._text)
        for _ in range(3):
            log.step("x")
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_logs_go_after_their_time(vault: Path) -> None:
    """keep_logs_days whole days stay; what is not ours stays too, and a link is not entered."""
    claude = Places(vault).claude_logs
    for days in (0, 29, 30, 31, 400):
        (claude / f"{NOW - timedelta(days=days):%Y-%m-%d}").mkdir(parents=True)
        (claude / f"{NOW - timedelta(days=days):%Y-%m-%d}" / "t-080003.log").write_text("x")
    oldest = claude / f"{NOW - timedelta(days=400):%Y-%m-%d}"
    (oldest / "t-080003-2.jsonl").write_text("x")
    (oldest / "my notes.md").write_text("mine")
    (claude / "2020-01-01 mine").mkdir()
    (claude / "2020-01-02").symlink_to(vault / "Done")
    (vault / "Done" / "t-080003.log").write_text("mine")
    remove_old(claude, NOW.date() - timedelta(days=30))
    assert sorted(path.name for path in claude.iterdir()) == sorted(
        [
            "2020-01-01 mine",
            "2020-01-02",
            oldest.name,
            *(f"{NOW - timedelta(days=days):%Y-%m-%d}" for days in (0, 29, 30)),
        ]
    )
    assert [path.name for path in oldest.iterdir()] == ["my notes.md"]
    assert (vault / "Done" / "t-080003.log").read_text() == "mine"


def test_nothing_is_removed_where_a_link_leads_out_of_the_vault(vault: Path, tmp_path: Path) -> None:
    """Whatever stands in the place of Logs by the time that old logs are looked for."""
    outside = tmp_path / "outside"
    old = outside / "claude" / "2020-01-01" / "t-080003.log"
    old.parent.mkdir(parents=True)
    old.write_text("theirs")
    logs = Places(vault).claude_logs.parent
    shutil.rmtree(logs)
    logs.symlink_to(outside)
    remove_old(Places(vault).claude_logs, NOW.date())
    assert old.read_text() == "theirs"


def test_each_run_removes_what_is_old(vault: Path) -> None:
    """So the logs need no task of their own."""
    first = new_log(Places(vault), "t", NOW, 7)
    assert first is not None
    new_log(Places(vault), "t", NOW + timedelta(days=7), 7)
    assert first.exists()
    new_log(Places(vault), "t", NOW + timedelta(days=8), 7)
    assert not first.parent.exists()


def test_nothing_to_remove(tmp_path: Path) -> None:
    """A vault without logs is none to tidy."""
    remove_old(tmp_path / "none", date(2026, 1, 1))
    assert list(tmp_path.iterdir()) == []
