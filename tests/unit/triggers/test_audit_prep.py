"""The weekly audit note: right figures, hostile text made harmless, and nobody's words overwritten."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.triggers.audit_report import AuditFigures, render
from aiemp.triggers.sealed_note import is_untouched, write_note
from aiemp.triggers.weekly_audit_prep import trigger_weekly_audit_prep
from tests.fakes.vault import NOW, add, context_of, snapshot


def entry(task: str, result: str, age: timedelta, **values: object) -> dict[str, object]:
    finished = (NOW - age).astimezone(UTC).isoformat()
    return {"task": task, "result": result, "finished": finished, "duration_s": 90, **values}


HISTORY = [
    entry("morning_triage", "failed", timedelta(days=9), error="old"),
    entry("morning_triage", "succeeded", timedelta(days=8)),
    entry("done_archive", "succeeded", timedelta(days=3)),
    entry("morning_triage", "failed", timedelta(days=2), error="timed | out\n## boo [x](http://y)"),
    entry("morning_triage", "succeeded", timedelta(days=1)),
]


def history(start: datetime, end: datetime) -> list[dict[str, object]]:
    return [e for e in HISTORY if start <= datetime.fromisoformat(str(e["finished"])) < end]


def prepare(vault: Path, dry_run: bool = False) -> dict[str, object]:
    context = context_of(vault, "trigger_weekly_audit_prep", {"PATH": "/nowhere"}, runs=history)
    return trigger_weekly_audit_prep(vault, dry_run, context)


def rows(note: str, section: str) -> list[list[str]]:
    """The body rows of a section's table."""
    body = note.split(f"## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in body.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_figures(vault: Path) -> None:
    """Runs, failures, items done per domain, what waits and what is stale; week against week."""
    add(vault, "Done/email/EMAIL_a.md", age=timedelta(days=1))
    add(vault, "Done/EMAIL_b.md", age=timedelta(days=6))
    add(vault, "Done/archive/whatsapp/x.md", age=timedelta(days=8))
    add(vault, "Done/notes.md", age=timedelta(days=20))
    add(vault, "Needs_Action/email/EMAIL_c.md")
    add(vault, "Pending_Approval/ACTION_x.md", age=timedelta(days=2))
    result = prepare(vault)
    assert result["success"] is True
    assert (result["runs"], result["failures"], result["items_done"], result["stale_count"]) == (3, 1, 2, 1)
    assert result["file"] == "Briefings/2026-02-27_audit_prep.md"
    note = (vault / str(result["file"])).read_text(encoding="utf-8")
    assert rows(note, "Overview")[:2] == [["Runs", "3", "2"], ["Failed runs", "1", "1"]]
    assert rows(note, "Overview")[2] == ["Time spent", "4 min", "3 min"]
    assert rows(note, "Runs") == [
        ["done_archive", "1", "0", "0", "0", "2 min"],
        ["morning_triage", "2", "2", "1", "1", "3 min"],
    ]
    expected = r"timed \| out ## boo \[x\](http://y)"
    assert rows(note, "Failures") == [["2026-02-25 08:00", "morning_triage", expected]]
    assert rows(note, "Items done") == [["email", "2", "0"], ["whatsapp", "0", "1"]]
    assert rows(note, "Items waiting") == [["email", "1"]]
    assert rows(note, "Stale approvals") == [[r"ACTION_x.md", "2026-02-25 08:00"]]


def test_an_empty_week(vault: Path) -> None:
    """No runs, no items: a note all the same, with a placeholder row in each table."""
    context = context_of(vault, "trigger_weekly_audit_prep")
    result = trigger_weekly_audit_prep(vault, context=context)
    note = (vault / str(result["file"])).read_text(encoding="utf-8")
    assert rows(note, "Failures") == [["—", "—", "—"]]


def test_a_second_run_renews_our_own_note(vault: Path) -> None:
    """The same evening's second run replaces what nobody has touched."""
    first = prepare(vault)
    add(vault, "Done/EMAIL_later.md")
    os.utime(vault / "Done/EMAIL_later.md", (NOW.timestamp() - 60, NOW.timestamp() - 60))
    second = prepare(vault)
    assert first["file"] == second["file"]
    assert second["items_done"] == 1
    assert len(list((vault / "Briefings").glob("*.md"))) == 1


def test_nobodys_words_are_overwritten(vault: Path, tmp_path: Path) -> None:
    """A note that was edited, a file of the owner's, a link or a folder of that name: all stay."""
    first = vault / str(prepare(vault)["file"])
    edited = first.read_text(encoding="utf-8").replace("Figures", "MY figures")
    first.write_text(edited, encoding="utf-8")
    (tmp_path / "target.md").write_text("precious")
    (vault / "Briefings/2026-02-27_audit_prep_1.md").symlink_to(tmp_path / "target.md")
    (vault / "Briefings/2026-02-27_audit_prep_2.md").mkdir()
    assert prepare(vault)["file"] == "Briefings/2026-02-27_audit_prep_3.md"
    assert first.read_text(encoding="utf-8") == edited
    assert (tmp_path / "target.md").read_text() == "precious"


def test_a_link_to_a_note_of_ours_is_not_followed(tmp_path: Path) -> None:
    """Even when what it leads to is ours and untouched: the link itself is somebody's."""
    (tmp_path / "other").mkdir()
    other = write_note(tmp_path / "other", "note", "text", beneath=tmp_path)
    (tmp_path / "note.md").symlink_to(other)
    assert write_note(tmp_path, "note", "new text", beneath=tmp_path).name == "note_1.md"
    assert (tmp_path / "note.md").is_symlink()
    assert is_untouched(other)


def test_briefings_that_cannot_be_used(vault: Path, tmp_path: Path) -> None:
    """A file in its place, or a link out of the vault, is a failure; a missing folder is made."""
    (vault / "Briefings/.gitkeep").unlink()
    (vault / "Briefings").rmdir()
    assert prepare(vault)["success"] is True
    for child in (vault / "Briefings").iterdir():
        child.unlink()
    (vault / "Briefings").rmdir()
    (vault / "Briefings").symlink_to(tmp_path)
    result = prepare(vault)
    assert result["success"] is False
    assert "Briefings" in str(result["error"])
    assert not list(tmp_path.glob("*.md"))


def test_a_dry_run_writes_nothing(vault: Path) -> None:
    """It counts and says so."""
    before = snapshot(vault)
    result = prepare(vault, dry_run=True)
    assert result["summary"] == ("3 runs, 1 failed, 0 items done, 0 stale approvals; no note was written")
    assert snapshot(vault) == before


text_of_any_kind = st.text(max_size=300)


@settings(deadline=None)
@given(task=text_of_any_kind, error=text_of_any_kind, name=text_of_any_kind, finished=text_of_any_kind)
def test_hostile_text_stays_in_its_cell(task: str, error: str, name: str, finished: str) -> None:
    """Whatever task names, errors and file names hold, the note has the same sections, rows and columns."""
    runs = [{"task": task, "result": "failed", "error": error, "finished": finished, "duration_s": "x"}]
    note = render(AuditFigures(NOW - timedelta(days=7), NOW, runs=runs, stale=[(name, None)]))
    assert [line for line in note.split("\n") if line.startswith("#")] == [
        "# Audit preparation, 2026-02-20 to 2026-02-27",
        *(f"## {title}" for title in ("Overview", "Runs", "Failures", "Items done", "Items waiting")),
        "## Stale approvals",
    ]
    assert [len(row) for row in rows(note, "Failures")] == [3]
    assert [len(row) for row in rows(note, "Stale approvals")] == [2]


@settings(deadline=None, max_examples=30)
@given(text=st.text(max_size=500))
def test_the_seal_fits_only_what_was_written(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any text can be sealed; one byte more or fewer anywhere and the note is somebody's."""
    folder = tmp_path_factory.mktemp("notes")
    path = write_note(folder, "note", text, beneath=folder)
    assert is_untouched(path)
    data = path.read_bytes()
    for changed in (data + b" ", b" " + data, data[:-1], data.replace(b"<!--", b"<!-- ")):
        path.write_bytes(changed)
        assert not is_untouched(path)


def test_a_full_disk_leaves_no_half_note(tmp_path: Path) -> None:
    """What cannot be written whole is not there at all."""
    from aiemp.vault import moves

    def full(_descriptor: int, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    original = moves.write_all
    moves.write_all = full
    try:
        with pytest.raises(OSError, match="No space"):
            write_note(tmp_path, "note", "text", beneath=tmp_path)
    finally:
        moves.write_all = original
    assert list(tmp_path.iterdir()) == []
