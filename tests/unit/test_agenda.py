"""What the orchestrator starts next, and what it remembers."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from aiemp.agenda import Agenda
from aiemp.frozen import replace
from aiemp.plan import DryRun, Frequency, Plan, ScheduledTask
from aiemp.runs import NEVER_RUN, TaskRecord

EIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAILY = ScheduledTask("triage", "", Frequency.DAILY, time_of_day=time(8, 0))
PLAN = Plan(Path("/vault"), tasks=(DAILY,))
YESTERDAY = {"triage": TaskRecord(last_run=EIGHT - timedelta(days=1))}
MINUTE = timedelta(minutes=1)


def test_unmoved_task_is_held_and_wakes_when_the_hold_ends() -> None:
    """A task that was started and is due as before waits for the pause; then it is free again."""
    agenda = Agenda(recheck=MINUTE)
    first = agenda.look(PLAN, YESTERDAY, EIGHT).next
    assert first is not None
    agenda.started(first, YESTERDAY["triage"], EIGHT, dry_run=False)
    assert not agenda.ended("triage", YESTERDAY["triage"], EIGHT)
    held = agenda.look(PLAN, YESTERDAY, EIGHT + MINUTE / 2)
    assert (held.next, held.wake_at) == (None, EIGHT + MINUTE)
    assert agenda.look(PLAN, YESTERDAY, EIGHT + MINUTE).next is not None


def test_task_whose_record_moved_is_not_held() -> None:
    """An attempt that was written down is progress: the next one is decided by the record alone."""
    agenda = Agenda(recheck=MINUTE)
    first = agenda.look(PLAN, YESTERDAY, EIGHT).next
    assert first is not None
    agenda.started(first, YESTERDAY["triage"], EIGHT, dry_run=False)
    tried = replace(YESTERDAY["triage"], slot=EIGHT, attempts=1)
    assert agenda.ended("triage", tried, EIGHT)
    assert agenda.look(PLAN, {"triage": tried}, EIGHT).next is not None


def test_grace_leaves_the_first_minutes_to_the_timer() -> None:
    """With a grace of two minutes, a task is started when it has been due for that long."""
    agenda = Agenda(recheck=MINUTE, grace=2 * MINUTE)
    early = agenda.look(PLAN, YESTERDAY, EIGHT + MINUTE)
    assert (early.next, early.wake_at) == (None, EIGHT + 2 * MINUTE)
    assert agenda.look(PLAN, YESTERDAY, EIGHT + 2 * MINUTE).next is not None
    every = replace(DAILY, frequency=Frequency.EVERY_N_MINUTES, interval_minutes=5)
    fresh = Agenda(recheck=MINUTE, grace=2 * MINUTE)
    plan = replace(PLAN, tasks=(every,))
    assert fresh.look(plan, {"triage": NEVER_RUN}, EIGHT).next is None
    assert fresh.look(plan, {"triage": NEVER_RUN}, EIGHT + 2 * MINUTE).next is not None, (
        "never run, due since"
    )


def test_hold_made_before_the_clock_was_set_back_is_dropped() -> None:
    """A clock that jumps back by an hour does not make a held task wait for an hour."""
    agenda = Agenda(recheck=MINUTE)
    late = EIGHT + timedelta(hours=2)
    first = agenda.look(PLAN, YESTERDAY, late).next
    assert first is not None
    agenda.started(first, YESTERDAY["triage"], late, dry_run=False)
    agenda.ended("triage", YESTERDAY["triage"], late)
    assert agenda.look(PLAN, YESTERDAY, EIGHT + timedelta(hours=1)).next is not None


def test_dry_run_is_remembered_here() -> None:
    """A rehearsed slot is not due again, although the ledger knows nothing of it."""
    plan = replace(PLAN, dry_run=DryRun(True, "test"))
    agenda = Agenda(recheck=MINUTE)
    first = agenda.look(plan, YESTERDAY, EIGHT).next
    assert first is not None
    agenda.started(first, YESTERDAY["triage"], EIGHT, dry_run=True)
    assert agenda.ended("triage", YESTERDAY["triage"], EIGHT)
    assert agenda.look(plan, YESTERDAY, EIGHT + timedelta(hours=5)).due == ()
    assert len(agenda.look(plan, YESTERDAY, EIGHT + timedelta(days=1)).due) == 1
