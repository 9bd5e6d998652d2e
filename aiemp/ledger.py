"""The ledger: what has run, kept so that a crash at any moment neither loses nor repeats a run.

``.state/orchestrator_state.json`` is the seed's state file (3B): ``schedule_last_run``, ``tick_count``,
``start_time``, ``watcher_restart_counts``; keys that we do not know are kept. Ours is ``aiemp``, with the
open slots of :mod:`aiemp.runs`. It is changed only here, under a lock, by replacing it as a whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aiemp.frozen import field, frozen, replace
from aiemp.ledger_format import moment_text, read_moment, read_record, record_as_json
from aiemp.locks import Holder, acquire, probe
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.run_history import History, entry_of
from aiemp.runs import (
    NEVER_RUN,
    Ended,
    Result,
    Run,
    Sighting,
    TaskRecord,
    begun,
    end_without_a_word,
    ended,
    set_back,
)
from aiemp.state_file import Signature, StateFile

log = logging.getLogger("aiemp.ledger")

DAYS_NOTED = 3


@frozen
class LedgerState:
    """What the ledger holds at one moment."""

    records: Mapping[str, TaskRecord] = field(default_factory=dict)
    tick_count: int = 0
    start_time: datetime | None = None
    watcher_restart_counts: Mapping[str, int] = field(default_factory=dict)
    watchers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    spent: Mapping[str, object] = field(default_factory=dict)
    """What Claude was used for, by the local date, as :meth:`aiemp.claude.budget.Spent.as_json` has it; the last
    days only."""

    def record(self, task: str) -> TaskRecord:
        """The record of a task; NEVER_RUN for one that the ledger does not know."""
        return self.records.get(task, NEVER_RUN)


class Ledger:
    """The ledger of one vault. Every method is one short, locked, durable step; OSError means it did not
    happen."""

    def __init__(self, vault: Path) -> None:
        self.places = Places(vault)
        self.history = History(self.places.runs)
        self.file = StateFile(self.places, self.history.last_runs)
        self._read: tuple[Signature | None, LedgerState] | None = None
        self._seen: Sighting | None = None

    def read(self) -> LedgerState:
        """The state now. A missing file is a fresh start; a torn or foreign one is set aside and reported.

        An unchanged file is not read again: the same values are returned. Raises OSError when the file is
        there and cannot be read.
        """
        signature = self.file.signature()
        if self._read is None or signature is None or self._read[0] != signature:
            # Taken before reading: a file that is replaced meanwhile is simply read again next time.
            self._read = (signature, _state_from_json(self.file.read()))
        return self._read[1]

    def begin(self, run: Run) -> None:
        """Write down that ``run`` starts. The caller holds the run lock; without this record nothing runs."""
        self.file.keep_reserve()
        self._change_record(run.task, lambda record: begun(record, run))
        log.debug("began %s, attempt %d", run.name, run.attempt)

    def finish(self, run: Run, end: Ended, plan: Plan, details: Mapping[str, object] | None = None) -> None:
        """Write down how ``run`` ended, then add it to the history. ``details``: what its trigger gave.

        Where Claude has answered, no usage limit holds any other task (:func:`aiemp.decisions.held_until`).
        """
        task = plan.task(run.task)

        def also(document: dict[str, Any]) -> None:
            if end.result is Result.SUCCEEDED and "claude_s" in (details or {}):
                _lift_holds(document)
            _note_use(document, run, end, details, plan)

        self._change_record(
            run.task,
            lambda record: ended(record, run, end, task),
            spend_reserve=True,
            also=also,
            entry=(entry := entry_of(run, end, details)),
        )
        self._add_to_history(entry)

    def block(self, run: Run, end: Ended, plan: Plan, details: Mapping[str, object] | None = None) -> bool:
        """Write down that ``run`` cannot happen now, and in ``details`` what it cost to find out. Returns whether
        the reason is new for this slot."""
        record = self.read().record(run.task)
        known = record.blocked_slot == run.slot and record.blocked_reason == end.error
        if known and record.running is None:
            return False
        entry = entry_of(run, end, details) if details or not known else None
        self._change_record(
            run.task,
            lambda current: ended(current, run, end, plan.task(run.task)),
            also=lambda document: _note_use(document, run, end, details, plan),
            entry=entry,
        )
        if entry is not None:
            self._add_to_history(entry)
        return not known

    def correct(self, run: Run, end: Ended, plan: Plan) -> bool:
        """Write down another end of ``run``, which counts as interrupted so far. False, and nothing is done, when
        its task has gone on since; so this needs no run lock."""
        corrected = False

        def step(record: TaskRecord) -> TaskRecord:
            nonlocal corrected
            was = record.last
            corrected = record.running is None and was is not None and was.result is Result.INTERRUPTED
            if not corrected:
                return record
            return ended(replace(record, attempts=run.attempt), run, end, plan.task(run.task))

        self._change_record(run.task, step)
        if corrected:
            self._add_to_history(entry_of(run, end, None))
        return corrected

    def recover(self, plan: Plan, now: datetime, seen: Sighting | None = None) -> list[tuple[Run, Ended]]:
        """Close the runs that died without a record of their end. The caller holds the run lock.

        ``seen``: who held the lock when the caller last looked. Returns each such run with its end
        (:func:`aiemp.runs.end_without_a_word`). A run whose end did not come to stand in the history does so now.
        """
        self._make_up_history()
        recovered = []
        for record in self.read().records.values():
            run = record.running
            if run is None:
                continue
            end = end_without_a_word(run, plan.task(run.task), now, seen)
            self.finish(run, end, plan)
            recovered.append((run, end))
        return recovered

    def recover_if_idle(self, plan: Plan, now: datetime) -> list[tuple[Run, Ended]]:
        """:meth:`recover`, unless a run is going on right now. For the orchestrator's tick, which so sees how
        long a run lives."""
        if not any(record.running for record in self.read().records.values()):
            return []
        holder = probe(self.places.run_lock)
        if holder is not None:
            self._seen = Sighting(holder.pid, now)
            return []
        with acquire(self.places.run_lock, Holder(0, "recovery of an interrupted run")):
            return self.recover(plan, now, self._seen)

    def clamp_future(self, plan: Plan, now: datetime) -> list[str]:
        """Set back what lies in the future (:func:`aiemp.runs.set_back`). Returns the tasks whose last run did, to
        be reported once."""
        state, clamped = self.read(), []
        for task in plan.tasks:
            record = state.record(task.name)
            good = set_back(record, task, now)
            if good is not record:
                self._change_record(task.name, lambda current, task=task: set_back(current, task, now))  # type: ignore[misc]
                if good.last_run != record.last_run:
                    clamped.append(task.name)
        return clamped

    def save_orchestrator(
        self,
        *,
        tick_count: int,
        start_time: datetime,
        watcher_restart_counts: Mapping[str, int],
        watchers: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Write the orchestrator's own part of the state: its ticks, and how its watchers are."""

        def change(document: dict[str, Any]) -> None:
            document["tick_count"] = tick_count
            document["start_time"] = moment_text(start_time)
            document["watcher_restart_counts"] = dict(watcher_restart_counts)
            _ours(document)["watchers"] = {name: dict(facts) for name, facts in watchers.items()}

        self.file.change(change)

    def _change_record(
        self,
        task: str,
        step: Callable[[TaskRecord], TaskRecord],
        *,
        spend_reserve: bool = False,
        also: Callable[[dict[str, Any]], None] | None = None,
        entry: dict[str, Any] | None = None,
    ) -> None:
        """``entry``: what is added to the history next. It stands in the state until the next one does, so that a
        kill between the two does not cost it."""

        def change(document: dict[str, Any]) -> None:
            record = step(_state_from_json(document).record(task))
            last_runs = document.setdefault("schedule_last_run", {})
            if record.last_run is not None:
                last_runs[task] = moment_text(record.last_run)
            _ours(document).setdefault("tasks", {})[task] = record_as_json(record)
            if entry is not None:
                _ours(document)["newest"] = entry
            if also is not None:
                also(document)

        self.file.change(change, spend_reserve=spend_reserve)

    def _add_to_history(self, entry: Mapping[str, Any]) -> None:
        try:
            self.history.append(entry)
        except OSError as error:
            # The state is the truth and has been written: the run must not look as if it had no end.
            log.error("the history lacks %s (%s): %s", entry["run"], entry["result"], error)

    def _make_up_history(self) -> None:
        """Add the newest ended run to the history if it is not there: its process died in between, or the disk was
        full."""
        ours = self.file.read().get("aiemp")
        entry = ours.get("newest") if isinstance(ours, dict) else None
        if isinstance(entry, dict) and self.history.lacks(entry):
            self._add_to_history(entry)


def _ours(document: dict[str, Any]) -> dict[str, Any]:
    ours: dict[str, Any] = document.setdefault("aiemp", {})
    return ours


def _note_use(
    document: dict[str, Any], run: Run, end: Ended, details: Mapping[str, object] | None, plan: Plan
) -> None:
    """Add what a run spent of Claude to its day, beside the history, which lies in Logs and may be tidied away."""
    entry = entry_of(run, end, details)
    kept = entry.get("details", {})
    if "claude_s" not in kept and (kept or end.result not in (Result.INTERRUPTED, Result.FAILED)):
        return  # Claude was not asked, and that is known without loading what knows it
    from aiemp.claude.budget import Spent, read_spent, spent_by  # noqa: PLC0415 - see above

    spent = spent_by(entry, plan)
    if spent == Spent():
        return
    noted = _ours(document).get("spent")
    days = {day: read_spent(value) for day, value in noted.items()} if isinstance(noted, dict) else {}
    day = run.started.astimezone(plan.zone).date().isoformat()
    days[day] = days.get(day, Spent()).plus(spent)
    _ours(document)["spent"] = {day: days[day].as_json() for day in sorted(days)[-DAYS_NOTED:]}


def _lift_holds(document: dict[str, Any]) -> None:
    for facts in _ours(document)["tasks"].values():
        blocked = facts.get("blocked") if isinstance(facts, dict) else None
        if isinstance(blocked, dict):
            blocked.pop("until", None)
            blocked.pop("at", None)


def _state_from_json(document: Mapping[str, Any]) -> LedgerState:
    ours = document.get("aiemp")
    ours = ours if isinstance(ours, dict) else {}
    last_runs = document.get("schedule_last_run")
    last_runs = last_runs if isinstance(last_runs, dict) else {}
    tasks = ours.get("tasks")
    tasks = tasks if isinstance(tasks, dict) else {}
    names = [*last_runs, *(name for name in tasks if name not in last_runs)]
    ticks = document.get("tick_count")
    counts = document.get("watcher_restart_counts")
    watchers, spent = ours.get("watchers"), ours.get("spent")
    return LedgerState(
        records={name: read_record(name, tasks.get(name), last_runs.get(name)) for name in names},
        tick_count=ticks if isinstance(ticks, int) else 0,
        start_time=read_moment(document.get("start_time")),
        watcher_restart_counts={
            name: count
            for name, count in (counts.items() if isinstance(counts, dict) else ())
            if isinstance(count, int)
        },
        watchers={
            name: facts
            for name, facts in (watchers.items() if isinstance(watchers, dict) else ())
            if isinstance(facts, dict)
        },
        spent=spent if isinstance(spent, dict) else {},
    )
