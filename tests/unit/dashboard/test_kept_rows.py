"""Rows of ours that somebody undoes after our update: put back by the next one, unless their owner took them away."""

from __future__ import annotations

import errno
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from aiemp.dashboard import DashboardError, add_activity, add_error, remove_error, touch, update
from aiemp.dashboard import kept_rows as kept_rows_module
from aiemp.dashboard import writer as writer_module
from aiemp.dashboard.document import Document
from aiemp.dashboard.kept_rows import KeptRows
from aiemp.dashboard.rewrite import Rewrite
from aiemp.dashboard.rollover import rollover
from aiemp.places import Places

AT = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself is the only other writer, and writes between the updates: they need not watch for him."""
    monkeypatch.setattr(writer_module, "BUSY_WATCH_S", 0.01)


def text(vault: Path) -> str:
    return (vault / "Dashboard.md").read_text(encoding="utf-8")


def write(vault: Path, content: str) -> None:
    (vault / "Dashboard.md").write_text(content, encoding="utf-8")


def our_run(vault: Path, action: str = "triage", at: datetime = AT) -> None:
    update(vault, add_activity(at, action, "did it", "ok"), touch(at))


def any_update(vault: Path) -> None:
    update(vault, touch(LATER))


def test_a_row_that_a_slow_script_undid_is_put_back(vault: Path) -> None:
    """It read the file before our update and writes it long after: the next update has our row again, and his
    line."""
    read = text(vault)
    our_run(vault)
    write(vault, read + "his line\n")
    any_update(vault)
    assert text(vault).count("| triage |") == 1
    assert text(vault).count("his line") == 1
    any_update(vault)
    assert text(vault).count("| triage |") == 1


@pytest.mark.parametrize(("minutes", "times"), [(29, 1), (31, 0)])
def test_a_row_is_looked_for_half_an_hour(
    vault: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, times: int
) -> None:
    """Longer than the orchestrator waits between two updates; what is missing after that is history."""
    read = text(vault)
    our_run(vault)
    write(vault, read)
    later_s = time.time() + minutes * 60
    monkeypatch.setattr(kept_rows_module, "time", SimpleNamespace(time=lambda: later_s))
    any_update(vault)
    assert text(vault).count("| triage |") == times


def test_rows_of_several_updates_are_put_back(vault: Path) -> None:
    """A script that thinks for as long as several of our updates take undoes all of them."""
    read = text(vault)
    for number in range(3):
        our_run(vault, f"task {number}", AT + timedelta(seconds=number))
    write(vault, read)
    any_update(vault)
    assert [text(vault).count(f"| task {number} |") for number in range(3)] == [1, 1, 1]


def test_a_row_that_is_undone_again_and_again_is_put_back_each_time(vault: Path) -> None:
    """An editor that never reads anew undoes the row with each of its saves."""
    read = text(vault)
    our_run(vault)
    for _ in range(4):
        write(vault, read)
        any_update(vault)
        assert text(vault).count("| triage |") == 1


def test_a_row_that_its_owner_took_away_stays_away(vault: Path) -> None:
    """He took the row out of the text as it was after our update: "Last Updated" is still ours."""
    our_run(vault)
    write(vault, "".join(line for line in text(vault).splitlines(keepends=True) if "| triage |" not in line))
    any_update(vault)
    any_update(vault)
    assert "| triage |" not in text(vault)


def test_without_a_sign_a_row_is_put_back_once(vault: Path) -> None:
    """Where our update replaced nothing, an older text cannot be told from its owner's wish: once, then never."""
    update(vault, add_error(AT, "gmail", "first", "none"))  # the placeholder is gone, so nothing is replaced
    update(vault, add_error(AT, "gmail", "second", "none"))
    without = "".join(line for line in text(vault).splitlines(keepends=True) if "| second |" not in line)
    write(vault, without)
    any_update(vault)
    assert text(vault).count("| second |") == 1
    write(vault, without)
    any_update(vault)
    assert "| second |" not in text(vault)


def test_a_row_that_could_not_be_written_is_made_up(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that failed tells so, and the next one has its row, once."""
    with monkeypatch.context() as patch:

        def refuse(*_arguments: object, **_options: object) -> None:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

        patch.setattr("aiemp.dashboard.rewrite.put", refuse)
        with pytest.raises(DashboardError):
            our_run(vault)
    assert "| triage |" not in text(vault)
    any_update(vault)
    any_update(vault)
    assert text(vault).count("| triage |") == 1


def test_a_row_that_we_took_away_ourselves_stays_away(vault: Path) -> None:
    """Another alert takes the place of a row; and the rollover moves rows to their archive."""
    update(vault, add_error(AT, "gmail", "old words", "none"), touch(AT))
    update(vault, remove_error("gmail", "old words"), add_error(AT, "gmail", "new words", "none"))
    our_run(vault)
    (vault / "Logs").mkdir(exist_ok=True)
    assert rollover(vault, AT, keep=0) == 1
    any_update(vault)
    assert "| old words |" not in text(vault)
    assert "| new words |" in text(vault)
    assert "| triage |" not in text(vault)


def test_after_half_an_hour_nothing_is_put_back(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history has the run; the dashboard of an hour ago is nobody's business."""
    read = text(vault)
    our_run(vault)
    write(vault, read)
    monkeypatch.setattr(kept_rows_module, "KEPT_S", 0.0)
    any_update(vault)
    assert "| triage |" not in text(vault)


@pytest.mark.parametrize("content", [b"", b"{", b'{"rows": [1]}', b'{"rows": [{"row": {"at": "x"}}]}', b"[]"])
def test_a_damaged_note_keeps_no_update_from_its_work(vault: Path, content: bytes) -> None:
    """Whatever stands in the file of kept rows, the update is made."""
    note = Places(vault).dashboard_rows
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_bytes(content)
    our_run(vault)
    assert text(vault).count("| triage |") == 1


def test_the_text_that_a_killed_update_had_in_its_hands_is_kept(vault: Path) -> None:
    """It was killed between the exchange of the names and the merge: the owner's last save lies under our temporary
    name, and is not deleted by the next update."""
    held = vault / ".Dashboard.md.aiemp-old.tmp"
    held.write_text(text(vault) + "saved in that millisecond\n", encoding="utf-8")
    our_run(vault)
    assert not held.exists()
    [kept] = Places(vault).locks.glob("dashboard-*.md")
    assert "saved in that millisecond" in kept.read_text(encoding="utf-8")


def test_a_line_of_theirs_that_was_brought_in_is_put_back_like_a_row(vault: Path) -> None:
    """It was written into the file that had just lost its name, and brought in; then a script that had read before all
    that writes. The line is back with our row, at its place, unless its owner took it out."""
    read = text(vault)
    our_run(vault)
    ours = text(vault)
    brought_in = ours.replace("My own notes stay.\n", "My own notes stay.\nthe line\n")
    write(vault, brought_in)
    kept = KeptRows(Places(vault).dashboard_rows, vault)
    documents = [Document.parse(each) for each in (read, brought_in)]
    kept.note([], *documents, [("the line\n", "My own notes stay.\n")])
    write(vault, read)
    any_update(vault)
    assert "My own notes stay.\nthe line\n" in text(vault)
    assert text(vault).count("the line") == text(vault).count("| triage |") == 1
    write(vault, text(vault).replace("the line\n", ""))
    any_update(vault)
    assert "the line" not in text(vault)


def test_a_row_is_noted_while_others_are_watched_for(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that is killed in its last moments, in which it only watches, has written down its row: one that is
    undone then is put back. And the time of the watch is used."""
    noted: list[bytes] = []
    watch = Rewrite._wait_for_others

    def seen(rewrite: Rewrite, until: float, known: bytes) -> None:
        noted.append(Places(vault).dashboard_rows.read_bytes())
        watch(rewrite, until, known)

    monkeypatch.setattr(Rewrite, "_wait_for_others", seen)
    our_run(vault)
    assert b"triage" in noted[0]


def test_what_was_noted_first_gives_way_to_what_came_of_it(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes while we watch, so the update notes a second time: each row is kept once, and one that was put
    back counts as put back once."""
    read = text(vault)
    our_run(vault, "first")
    write(vault, read)
    watch = Rewrite._wait_for_others
    others = [read + "his line\n"]

    def meddled(rewrite: Rewrite, until: float, known: bytes) -> None:
        if others:
            write(vault, others.pop())
        watch(rewrite, until, known)

    monkeypatch.setattr(Rewrite, "_wait_for_others", meddled)
    our_run(vault, "second", LATER)
    assert not others
    shown = text(vault)
    assert [shown.count(each) for each in ("| first ", "| second ", "his line")] == [1, 1, 1]
    kept = json.loads(Places(vault).dashboard_rows.read_bytes())["rows"]
    rows = [row for row in kept if "action" in row["row"]]
    assert sorted(row["row"]["action"] for row in rows) == ["first", "second"]
    assert max(row["tries"] for row in rows) <= 1
