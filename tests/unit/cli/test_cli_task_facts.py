"""What is told of a task: its last run, its next, and why."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from aiemp.cli.screen import PAPER
from aiemp.cli.task_facts import TaskFacts, in_plan_order, task_facts
from aiemp.locks import Holder
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.runs import Ended, Result, Run, TaskRecord

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SLOT = NOW.replace(hour=8)
TASK = ScheduledTask("triage", "Sorts", Frequency.DAILY, time_of_day=time(8, 0))
RUN = Run("triage", SLOT, 1, NOW - timedelta(minutes=5), pid=77)


def facts(record: TaskRecord, holder: Holder | None = None, task: ScheduledTask = TASK) -> TaskFacts:
    (each,) = task_facts(Plan(Path("/v"), (task,)), {task.name: record}, NOW, holder)
    return each


def ended(result: Result, error: str = "") -> Ended:
    return Ended(result, NOW - timedelta(hours=1), 3.0, error, "did it")


def test_a_task_that_never_ran() -> None:
    """It has no last run, and is due once its time has passed."""
    told = facts(TaskRecord())
    assert told.last_cell(NOW, UTC).text == "never"
    assert told.result_cell().text == "-"
    assert told.next_cell(NOW, UTC).text == "due now"
    assert told.why() == "never run"


def test_a_task_that_ran_today() -> None:
    """Its last run is when it ended, its next the next slot, in the plan's zone."""
    told = facts(TaskRecord(last_run=SLOT, last=ended(Result.SUCCEEDED)))
    assert told.last_cell(NOW, UTC).text == "today 09:00"
    assert told.result_cell().text == "succeeded"
    assert told.next_cell(NOW, UTC, ahead=True).text == "tomorrow 08:00 (in 22 h)"


def test_a_run_that_goes_on_is_known_by_the_lock() -> None:
    """The process that holds the run lock is at it; a begun run without such a holder was cut off."""
    record = TaskRecord(slot=SLOT, attempts=1, running=RUN)
    alive = facts(record, Holder(77, "task triage"))
    assert (alive.running, alive.cut_off, alive.why()) == (True, False, "running now")
    assert alive.next_cell(NOW, UTC).text == "running now"
    for holder in (None, Holder(78, "task other")):
        dead = facts(record, holder)
        assert (dead.running, dead.cut_off) == (False, True)
        assert dead.result_cell().text == "interrupted"
        assert dead.why() == "attempt 2 of 2"


def test_a_blocked_task_says_why() -> None:
    """The reason is told with it; the run that was blocked does not count as its last run."""
    record = TaskRecord(
        last_run=SLOT - timedelta(days=1),
        last=ended(Result.BLOCKED, "no Claude"),
        blocked_slot=SLOT,
        blocked_reason="no Claude",
    )
    told = facts(record)
    assert told.last_cell(NOW, UTC).text == "yesterday 08:00"
    assert told.result_cell().text == "blocked"
    assert told.why() == "due; blocked: no Claude"


def test_a_failed_task_that_waits_for_its_retry() -> None:
    """It says which attempt waits, and until when."""
    retry_at = NOW + timedelta(minutes=4)
    record = TaskRecord(slot=SLOT, attempts=1, retry_at=retry_at, last=ended(Result.FAILED, "boom"))
    told = facts(record)
    assert told.why() == "failed, attempt 2 of 2 waits"
    assert told.next_cell(NOW, UTC).text == "today 10:04"


def test_order_due_first_or_as_planned() -> None:
    """The due ones come first, as they will run; the plan's order can be had back."""
    late = ScheduledTask("late", "", Frequency.DAILY, time_of_day=time(23, 0))
    low = ScheduledTask("low", "", Frequency.HOURLY, priority=90)
    plan = Plan(Path("/v"), (late, low, TASK))
    due_first = task_facts(plan, {}, NOW, None)
    assert [each.task.name for each in due_first] == ["triage", "low", "late"]
    assert [each.task.name for each in in_plan_order(due_first, plan)] == ["late", "low", "triage"]


def test_hostile_summaries_do_not_reach_the_screen_raw() -> None:
    """What a task said is shown as text, in every view."""
    from aiemp.cli.commands.check import DueCheck

    record = TaskRecord(blocked_slot=SLOT, blocked_reason="\x1b[2J\nrm")
    text = DueCheck(Plan(Path("/v"), (TASK,)), NOW, (facts(record),)).as_text(PAPER)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 3
