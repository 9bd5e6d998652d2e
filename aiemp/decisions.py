"""Whether a task is to run now, and if not, why not and when. Pure: plan, record and clock in, a value out.

:func:`aiemp.schedules.is_due_after` says whether the calendar asks for a run; this adds what the
ledger knows: an open slot with its attempts, a retry that has to wait, a reason that was already told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

from aiemp.frozen import frozen, replace
from aiemp.plan import ScheduledTask
from aiemp.runs import NEVER_RUN, TaskRecord
from aiemp.schedules import (
    DROP_AFTER,
    clamped_last_run,
    due_later,
    is_due_after,
    latest_slot,
    within_catch_up,
)

LONGEST_TOLERANCE = timedelta(seconds=30)
"""An interval task started by a timer may be this early, or a tenth of its interval if that is less: timers
have lag, and without it a 15-minute task on a 15-minute grid would run every half hour."""

NOT_YET = "not yet"

LONGEST_HOLD = timedelta(days=8)
"""No limit of Claude Code lasts longer than a week; what names a later moment was misread or edited."""


@frozen
class Decision:
    """What to do with one task now.

    ``due``: start it, for ``slot``, as attempt ``attempt``. Otherwise ``reason`` says why not, and
    ``wake_at`` when it may be due next (None: never, as things are). ``held_until``: it would be due, but is
    blocked until then.
    """

    task: ScheduledTask
    due: bool
    slot: datetime | None
    attempt: int
    reason: str
    wake_at: datetime | None
    held_until: datetime | None = None


def decide(
    task: ScheduledTask,
    record: TaskRecord,
    now: datetime,
    zone: tzinfo,
    *,
    tolerant: bool = False,
    others: Iterable[TaskRecord] = (),
) -> Decision:
    """Decide about one task at ``now`` (aware). ``tolerant``: for a trigger that a timer started.

    ``others`` are the records of all tasks: whose runs it had to wait for.
    """
    decision = _by_calendar(task, record, now, zone, tolerant=tolerant)
    if task.catch_up is False and task.interval is None and decision.reason == NOT_YET:
        decision = _if_only_held_up(decision, record, now, zone, others) or decision
    until = held_until(record, now)
    if until is None or not task.enabled:
        return decision
    if decision.due:
        reason = f"blocked until {until.astimezone(zone):%a %Y-%m-%d %H:%M}"
        return replace(
            decision, due=False, attempt=record.attempts, reason=reason, wake_at=until, held_until=until
        )
    # Its next slot may come while it is still blocked.
    return replace(decision, wake_at=max(decision.wake_at, until) if decision.wake_at else None)


def held_until(record: TaskRecord, now: datetime) -> datetime | None:
    """Until when a blocked task is not to be started; None when nothing is known to hold it at ``now``.

    It is the task's own: a usage limit is the account's, but that another task runs into it as well costs
    one refused call without a token, while a hold of all would also keep a triage from finding that there is
    nothing to do, and outlive a change of account. The first answer that Claude gives lifts all of them
    (:meth:`aiemp.ledger.Ledger.finish`). A moment that lies further ahead than when it was written (the clock
    was set back), or than :data:`LONGEST_HOLD`, holds nothing: the worst is that Claude is asked again.
    """
    until, since = record.blocked_until, record.blocked_at
    if until is None or since is None or record.blocked_slot is None:
        return None
    return until if since <= now < until <= now + LONGEST_HOLD else None


def _by_calendar(
    task: ScheduledTask, record: TaskRecord, now: datetime, zone: tzinfo, *, tolerant: bool
) -> Decision:
    last_run = clamped_last_run(task, record.last_run, now)
    if not task.enabled:
        return Decision(task, False, None, 0, "disabled", None)
    open_slot = _open_slot(task, record, now, zone)
    if open_slot is not None and record.attempts >= task.max_attempts:
        # The plan was edited and allows fewer attempts than were made: that slot is over.
        last_run, open_slot = open_slot, None
    if open_slot is not None and record.attempts:
        if record.retry_at is not None and now < record.retry_at <= now + _retry_delay(task):
            reason = f"failed, attempt {record.attempts + 1} of {task.max_attempts} waits"
            wake_at = record.retry_at
            if task.interval is None:  # its next slot does not wait for the retry of this one
                wake_at = min(wake_at, due_later(task, last_run, now, zone) or wake_at)
            return Decision(task, False, open_slot, record.attempts, reason, wake_at)
        return Decision(task, True, open_slot, record.attempts + 1, "again", now)
    if open_slot is not None and _kept_its_turn(task, record, open_slot, now):
        return Decision(task, True, open_slot, 1, "again", now)
    asked_at = now + _tolerance(task) if tolerant else now
    if not is_due_after(task, last_run, asked_at, zone):
        return Decision(task, False, None, 0, NOT_YET, due_later(task, last_run, now, zone))
    # One that lies ahead was blocked or stopped before the clock was set back: it is not what is due now.
    slot = open_slot if open_slot is not None and open_slot <= now else _slot(task, last_run, now, zone)
    reason = "never run" if last_run is None else "due"
    return Decision(task, True, slot, 1, reason, now)


def decide_all(
    tasks: Iterable[ScheduledTask], records: Mapping[str, TaskRecord], now: datetime, zone: tzinfo
) -> list[Decision]:
    """A decision for each task; those that are due first, by priority, then the others in plan order."""
    others = records.values()
    decisions = [decide(task, records.get(task.name, NEVER_RUN), now, zone, others=others) for task in tasks]
    return sorted(decisions, key=lambda d: (not d.due, d.task.priority if d.due else 0))


def _if_only_held_up(
    decision: Decision, record: TaskRecord, now: datetime, zone: tzinfo, others: Iterable[TaskRecord]
) -> Decision | None:
    """To run a slot that ``catch_up = false`` would drop, if its time was spent waiting for other runs.

    What a task makes up for is the time when aiemp was not there. One run at a time also means that a slot waits
    as long as the run before it takes, and that is no reason to lose it.
    """
    slot = latest_slot(decision.task, clamped_last_run(decision.task, record.last_run, now), now, zone)
    if slot is None or not within_catch_up(decision.task, _held_up_until(slot, others, now), now):
        return None
    return Decision(decision.task, True, slot, 1, "due", now)


def _held_up_until(slot: datetime, others: Iterable[TaskRecord], now: datetime) -> datetime:
    """When the runs were over that followed each other from ``slot`` on, each begun minutes after the one before.
    A run that goes on is not over before ``now``."""
    spans = [(each.running.started, now) for each in others if each.running is not None]
    ends = [each.last for each in others if each.last is not None]
    spans += [(end.finished - timedelta(seconds=end.duration_s), end.finished) for end in ends]
    free = slot
    for began, finished in sorted(spans):
        if began <= free + DROP_AFTER and finished > free:
            free = finished
    return free


def _open_slot(task: ScheduledTask, record: TaskRecord, now: datetime, zone: tzinfo) -> datetime | None:
    """The slot that was begun and not concluded, if it is still the one to run.

    A calendar task whose next slot has come starts that one afresh; an interval task has one at a time.
    """
    slot = record.slot
    if slot is None or slot > now + timedelta(days=1):
        return None
    if task.interval is not None:
        return slot
    # Asked from the slot on, not from the last run: of a task that never ran only today's slots count, and one that
    # was passed over yesterday must not come back at midnight.
    return slot if latest_slot(task, slot, now, zone) is None else None


def _kept_its_turn(task: ScheduledTask, record: TaskRecord, slot: datetime, now: datetime) -> bool:
    """Whether an open slot that no attempt was spent on is to run, whatever the day.

    Its run was stopped on request: interrupted, not lost, however late that is resumed. Or it was blocked: it
    stays due as long as ``catch_up`` allows. Judged by its last run alone, a task that never ran would lose
    that slot at midnight, since then only today's counts. An interval needs none of this: it stays due.
    """
    if task.interval is not None or slot > now:
        return False
    return record.blocked_slot is None or within_catch_up(task, slot, now)


def _slot(task: ScheduledTask, last_run: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    interval = task.interval
    if interval is not None:
        return now if last_run is None else min(now, last_run + interval)
    return latest_slot(task, last_run, now, zone) or now


def _tolerance(task: ScheduledTask) -> timedelta:
    interval = task.interval
    return timedelta(0) if interval is None else min(interval / 10, LONGEST_TOLERANCE)


def _retry_delay(task: ScheduledTask) -> timedelta:
    # One that waits longer than the delay was written by a clock that has been set back since.
    return timedelta(minutes=task.retry_delay_minutes)
