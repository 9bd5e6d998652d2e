"""The history of runs on disk: what it tells, what keeps it from being written, what it survives."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.run_history import entry_of
from aiemp.runs import Ended, Result
from tests.rights import as_nobody
from tests.unit.ledger.runs import NOW, a_run, an_end


def test_torn_history_line_costs_only_itself(vault: Path, plan: Plan) -> None:
    """A power cut in the middle of an append leaves the lines before and after it readable."""
    ledger = Ledger(vault)
    ledger.finish(a_run("one"), an_end(), plan)
    (file,) = ledger.places.runs.glob("*.jsonl")
    with file.open("ab") as out:
        out.write(b'{"task": "torn", "resu')
    ledger.finish(a_run("two"), an_end(), plan)
    assert [entry["task"] for entry in ledger.history.newest_first()] == ["two", "one"]
    assert [entry["task"] for entry in ledger.history.newest_first("one")] == ["one"]


def test_history_between_two_moments(vault: Path, plan: Plan) -> None:
    """A span that crosses months holds the runs that finished in it, the oldest first."""
    ledger = Ledger(vault)
    for day in (1, 15, 40, 45):
        finished = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=day)
        ledger.finish(a_run(f"day-{day}"), Ended(Result.SUCCEEDED, finished, 1.0), plan)
    start = datetime(2026, 10, 10, tzinfo=UTC)
    found = ledger.history.between(start, start + timedelta(days=33))
    assert [entry["task"] for entry in found] == ["day-15", "day-40"]


def test_history_with_an_endless_line_is_read_quickly(vault: Path, plan: Plan) -> None:
    """A line of many megabytes is no line of ours; it is passed over and costs no time squared."""
    ledger = Ledger(vault)
    ledger.finish(a_run("one"), an_end(), plan)
    (file,) = ledger.places.runs.glob("*.jsonl")
    with file.open("ab") as out:
        out.write(b"x" * (24 * 1024 * 1024))
    ledger.finish(a_run("two"), an_end(), plan)
    assert [entry["task"] for entry in ledger.history.newest_first()] == ["two", "one"]


def test_the_history_between_reads_no_further_back_than_it_must(vault: Path, plan: Plan) -> None:
    """All that ended within the span, in order, also where the clock was set in between."""
    ledger = Ledger(vault)
    ends = [NOW - timedelta(days=3), NOW, NOW - timedelta(hours=2), NOW + timedelta(minutes=5)]
    for end in ends:
        ledger.finish(a_run(started=end), Ended(Result.SUCCEEDED, end, 1.0), plan)
    found = ledger.history.between(NOW - timedelta(hours=3), NOW + timedelta(minutes=1))
    assert [entry["finished"] for entry in found] == [ends[2].isoformat(), ends[1].isoformat()]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "NaN", '"\\ud800"'])
def test_a_history_line_that_no_parser_bears_is_passed_over(vault: Path, plan: Plan, line: str) -> None:
    """Nested beyond all measure, or a number without end: it costs only itself."""
    run = a_run()
    ledger = Ledger(vault)
    ledger.finish(run, an_end(), plan)
    (file,) = Places(vault).runs.glob("*.jsonl")
    file.write_text(f"{line}\n{file.read_text()}{line}\n")
    assert [each["task"] for each in ledger.history.newest_first()] == ["triage"]
    assert len(ledger.history.between(NOW, NOW + timedelta(hours=1))) == 1


def test_what_no_run_of_ours_says_is_left_out_of_its_line(vault: Path, plan: Plan) -> None:
    """Values within values, which nobody wrote who writes history, must not reach those who show it."""
    folder = Places(vault).runs
    folder.mkdir(parents=True)
    deep = "[" * 400 + "]" * 400
    line = f'{{"task": "x", "finished": "{NOW.isoformat()}", "deep": {deep}, "details": {{"a": 1, "b": {deep}}}}}'
    (folder / f"{NOW:%Y-%m}.jsonl").write_text(f"{line}\n")
    (entry,) = Ledger(vault).history.newest_first()
    assert entry == {"task": "x", "finished": NOW.isoformat(), "details": {"a": 1}}


@pytest.mark.parametrize("what", ["link", "loop", "folder"])
def test_a_lock_that_keeps_the_history_from_being_written_is_told(
    vault: Path, tmp_path: Path, what: str
) -> None:
    """Its lock is in its folder, and may be replaced like anything there."""
    history = Ledger(vault).history
    history.append(entry_of(a_run(), an_end(), None))
    assert history.obstacle(NOW) is None
    lock = history.folder / ".lock"
    lock.unlink()
    if what == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(tmp_path / "away" if what == "link" else lock)
    assert str(lock) in (history.obstacle(NOW) or "")
    with pytest.raises(OSError):
        history.append(entry_of(a_run(), an_end(), None))


@pytest.mark.parametrize("where", ["Logs", "Logs/aiemp", "Logs/aiemp/runs", "Logs/aiemp/runs/2026-11.jsonl"])
@pytest.mark.parametrize("what", ["link", "loop", "fifo", "file", "folder"])
def test_what_keeps_the_history_from_being_written_is_told(
    vault: Path, plan: Plan, tmp_path: Path, where: str, what: str
) -> None:
    """Whatever stands in its way is named before anything is lost, with what to do; looking changes nothing.
    The same things keep a line from being added."""
    path = vault / where
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "away").mkdir()
    history = Ledger(vault).history
    assert history.obstacle(NOW) is None
    if what == "link":
        path.symlink_to(tmp_path / "away" / ("f" if path.suffix else ""))
    elif what == "loop":
        path.symlink_to(path)
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "file":
        path.touch()
    else:
        path.mkdir()
    fits = what == ("file" if path.suffix else "folder")
    obstacle = history.obstacle(NOW)
    assert (obstacle is None) == fits
    if obstacle is None:
        history.append(entry_of(a_run(), an_end(), None))
        return
    assert str(path) in obstacle.partition("; ")[0]
    assert obstacle.partition("; ")[2]
    with pytest.raises(OSError):
        history.append(entry_of(a_run(), an_end(), None))
    assert list((tmp_path / "away").iterdir()) == []


@pytest.mark.parametrize(("where", "mode"), [("Logs", 0o500), ("Logs/aiemp/runs/2026-11.jsonl", 0o400)])
def test_a_history_that_is_not_ours_to_write_is_told(nobodys_folder: Path, where: str, mode: int) -> None:
    """A right that is missing is among what keeps the history from being written."""
    path = nobodys_folder / where
    with as_nobody():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
        assert Ledger(nobodys_folder).history.obstacle(NOW) is None
        path.chmod(mode)
        what, _, remedy = (Ledger(nobodys_folder).history.obstacle(NOW) or "").partition("; ")
    assert str(path) in what
    assert remedy.startswith("give yourself the right: sudo chown")


def finished(moment: datetime, started: datetime = NOW) -> dict[str, Any]:
    return entry_of(a_run(started=started), replace(an_end(), finished=moment), None)


def test_a_clock_that_was_set_back_hides_no_run(vault: Path) -> None:
    """Lines stand in the order in which runs ended: one from before the span may come behind those in it."""
    history = Ledger(vault).history
    history.append(finished(NOW))
    history.append(finished(NOW - timedelta(hours=3)))
    found = history.between(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert [entry["finished"] for entry in found] == [NOW.isoformat()]


def test_a_run_is_not_lacking_because_others_ended_after_it(vault: Path) -> None:
    """The newest one of the state may be some lines back: other runs of its task ended before anybody looked."""
    history = Ledger(vault).history
    entry = finished(NOW)
    assert history.lacks(entry)
    history.append(entry)
    for minute in range(1, 6):
        history.append(finished(NOW + timedelta(minutes=minute)))
    assert not history.lacks(entry)
