"""What is known of a task's runs, and how one event changes it. Pure: values in, values out.

A *slot* is the moment a run is for: the wall-clock time of a calendar task, ``last_run + interval`` of an
interval task. The record keeps the slot that is open (started, failed or interrupted, not yet concluded)
and its attempts, so that a crash neither loses a run nor repeats one for ever (semantics, "A run's record").
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

from aiemp.frozen import frozen, replace
from aiemp.plan import ScheduledTask
from aiemp.schedules import AHEAD_LIMIT, clamped_last_run


class Result(Enum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"


@frozen
class Run:
    """One run of a task, as written down before its trigger function starts."""

    task: str
    slot: datetime
    attempt: int
    started: datetime
    pid: int
    manual: bool = False

    @property
    def name(self) -> str:
        """``morning_triage@2026-11-23T07:00Z``: the name by which recovery and people find the run."""
        slot = self.slot.astimezone(UTC)
        return f"{self.task}@{slot:%Y-%m-%dT%H:%M}Z"


@frozen
class Ended:
    """How a run ended: ``error`` says why it failed; ``summary`` is what the task says it did.

    ``on_request``: it was interrupted because somebody stopped it, which costs no attempt: restarting aiemp
    twice during a long run must not lose its slot. One that just died costs one, or it could crash for ever.
    ``until``: a blocked one is of no use before that moment.
    """

    result: Result
    finished: datetime
    duration_s: float
    error: str = ""
    summary: str = ""
    on_request: bool = False
    until: datetime | None = None


@frozen
class Sighting:
    """Process ``pid`` held the run lock ``at`` that moment."""

    pid: int
    at: datetime


@frozen
class TaskRecord:
    """All the ledger knows of one task. ``last_run`` is the start of its last concluded run.

    ``slot`` and ``attempts`` belong to the open slot; ``running`` is a run that was begun and has no end
    yet (alive as long as the run lock is held; otherwise interrupted). ``blocked_slot`` is the slot for
    which the reason has been told; ``blocked_until``, as known at ``blocked_at``, holds this and every later
    slot until then: a weekly limit outlasts several daily ones.
    """

    last_run: datetime | None = None
    slot: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    running: Run | None = None
    last: Ended | None = None
    blocked_slot: datetime | None = None
    blocked_reason: str = ""
    blocked_until: datetime | None = None
    blocked_at: datetime | None = None


NEVER_RUN = TaskRecord()


def begun(record: TaskRecord, run: Run) -> TaskRecord:
    """The record once ``run`` is written down as started. A manual run leaves the open slot alone."""
    if run.manual:
        return replace(record, running=run)
    return replace(record, slot=run.slot, attempts=run.attempt, running=run, retry_at=None)


def ended(record: TaskRecord, run: Run, end: Ended, task: ScheduledTask | None) -> TaskRecord:
    """The record after ``run`` ended. ``task`` gives the attempts allowed; None when it left the plan.

    A failed or interrupted run keeps its slot open while attempts are left. A manual run always concludes
    (semantics: "counts as a run"), unless it was blocked or interrupted: then nothing has happened.
    """
    record = replace(record, running=None, last=end)
    if end.result is Result.BLOCKED:
        told = replace(
            record,
            blocked_slot=run.slot,
            blocked_reason=end.error,
            blocked_until=end.until,
            blocked_at=end.finished,
        )
        # It cost no attempt. The slot stays open, so that the same reason is told once for it.
        return told if run.manual else replace(told, slot=run.slot, attempts=run.attempt - 1)
    record = replace(record, blocked_slot=None, blocked_reason="", blocked_until=None, blocked_at=None)
    if run.manual and end.result is Result.INTERRUPTED:
        return record
    if end.result is Result.SUCCEEDED or run.manual or is_exhausted(run, end, task):
        return replace(record, last_run=run.started, slot=None, attempts=0, retry_at=None)
    if end.result is Result.FAILED:
        delay = timedelta(minutes=task.retry_delay_minutes if task else 0)
        return replace(record, retry_at=end.finished + delay)
    # Interrupted: due again at once.
    return replace(record, attempts=run.attempt - 1) if end.on_request else record


def set_back(record: TaskRecord, task: ScheduledTask, now: datetime) -> TaskRecord:
    """The record as far as a clock that was set back to ``now`` lets it stand; the same value when it does.

    Its last run may have to count as now (:func:`aiemp.schedules.clamped_last_run`). An open slot more than a
    day ahead is forgotten: it runs when its time comes, and not once the clock is within a day of it.
    """
    last_run = clamped_last_run(task, record.last_run, now)
    if last_run != record.last_run:
        record = replace(record, last_run=last_run)
    if record.slot is not None and record.slot - now > AHEAD_LIMIT and record.running is None:
        record = replace(record, slot=None, attempts=0, retry_at=None)
    return record


def end_without_a_word(
    run: Run, task: ScheduledTask | None, now: datetime, seen: Sighting | None = None
) -> Ended:
    """How ``run`` ended, whose process is gone and has not written that down.

    One that was seen at work beyond its time limit did not hear that any more and was ended from outside, by
    systemd or the local engine: it failed. Counted as interrupted it would be done again at once, for as long.
    Of one that nobody has seen it is not known how long it lived: found after two days without power, it may
    have died in its first second.
    """
    how = f"died without a word (was pid {run.pid})"
    lasted_s = max((now - run.started).total_seconds(), 0.0)
    if task is not None and seen is not None and seen.pid == run.pid:
        limit = timedelta(minutes=task.timeout_minutes)
        if seen.at - run.started >= limit:
            error = f"timed out after {task.timeout_minutes} min and {how}"
            return Ended(Result.FAILED, now, lasted_s, error=error)
    return Ended(Result.INTERRUPTED, now, lasted_s, error=how)


def is_exhausted(run: Run, end: Ended, task: ScheduledTask | None) -> bool:
    """Whether this end used up a scheduled slot's last attempt: time for an alert, and for the next slot."""
    if run.manual or end.on_request or end.result not in (Result.FAILED, Result.INTERRUPTED):
        return False
    return run.attempt >= (task.max_attempts if task else 1)
