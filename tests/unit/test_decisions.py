"""What is decided about a task, and how the events of its runs change that."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.decisions import LONGEST_HOLD, decide, decide_all
from aiemp.frozen import replace
from aiemp.plan import Frequency, ScheduledTask
from aiemp.runs import NEVER_RUN, Ended, Result, Run, TaskRecord, begun, ended, is_exhausted

DAILY = ScheduledTask(
    "triage", "", Frequency.DAILY, time_of_day=time(8, 0), max_attempts=2, retry_delay_minutes=5
)
EVERY_15 = ScheduledTask("health", "", Frequency.EVERY_N_MINUTES, interval_minutes=15)


def at(hour: int, minute: int = 0, second: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def run_once(
    record: TaskRecord, task: ScheduledTask, now: datetime, result: Result, *, manual: bool = False
) -> TaskRecord:
    """One run of ``task`` at ``now`` that takes a minute."""
    decision = decide(task, record, now, UTC)
    slot = decision.slot if decision.due and decision.slot else now
    run = Run(task.name, slot, 1 if manual else max(decision.attempt, 1), now, 1, manual)
    end = Ended(result, now + timedelta(minutes=1), 60.0, "" if result is Result.SUCCEEDED else "why")
    return ended(begun(record, run), run, end, task)


def test_success_concludes_the_slot() -> None:
    """After a success the task waits for its next slot."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.SUCCEEDED)
    decision = decide(DAILY, record, at(9), UTC)
    assert (decision.due, decision.wake_at) == (False, at(8, day=24))
    assert (record.last_run, record.attempts, record.slot) == (at(8), 0, None)


def test_failed_run_is_retried_after_the_delay_and_then_given_up() -> None:
    """Two attempts a slot: the second comes five minutes after the first one's end, a third never."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    waiting = decide(DAILY, record, at(8, 5, 59), UTC)
    assert (waiting.due, waiting.wake_at) == (False, at(8, 6))
    again = decide(DAILY, record, at(8, 6), UTC)
    assert (again.due, again.attempt, again.slot) == (True, 2, at(8))
    record = run_once(record, DAILY, at(8, 6), Result.FAILED)
    given_up = decide(DAILY, record, at(20), UTC)
    assert (given_up.due, given_up.wake_at) == (False, at(8, day=24))
    assert decide(DAILY, record, at(8, day=24), UTC).attempt == 1, "the next slot starts afresh"


def test_interrupted_run_is_due_again_at_once_within_its_attempts() -> None:
    """A run that died is done again without waiting, but two deaths use up the slot: no crash loop."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.INTERRUPTED)
    again = decide(DAILY, record, at(8, 1), UTC)
    assert (again.due, again.attempt) == (True, 2)
    record = run_once(record, DAILY, at(8, 1), Result.INTERRUPTED)
    assert not decide(DAILY, record, at(8, 2), UTC).due


def test_stopping_a_run_costs_no_attempt() -> None:
    """However often somebody stops it, the slot stays to be done as the attempt it was."""
    record = TaskRecord(last_run=at(8, day=22))
    for minute in range(5):
        decision = decide(DAILY, record, at(8, minute), UTC)
        assert (decision.due, decision.attempt, decision.slot) == (True, 1, at(8))
        run = Run("triage", at(8), decision.attempt, at(8, minute), 1)
        end = Ended(Result.INTERRUPTED, at(8, minute), 1.0, "stopped by SIGTERM", on_request=True)
        assert not is_exhausted(run, end, DAILY)
        record = ended(begun(record, run), run, end, DAILY)


def test_last_run_years_ahead_is_no_promise_for_years() -> None:
    """What a clock, set back since, left far ahead counts as now in every decision and view."""
    ahead = TaskRecord(last_run=datetime(2030, 1, 1, tzinfo=UTC))
    assert decide(DAILY, ahead, at(9), UTC).wake_at == at(8, day=24)
    assert decide(EVERY_15, ahead, at(9), UTC).wake_at == at(9, 15)


def test_open_slot_of_yesterday_gives_way_to_todays() -> None:
    """A slot that failed once and was overtaken by the next one is not made up for."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    decision = decide(DAILY, record, at(8, day=24), UTC)
    assert (decision.due, decision.slot, decision.attempt) == (True, at(8, day=24), 1)


def test_blocked_costs_no_attempt_and_keeps_its_slot() -> None:
    """A blocked task stays due as the same attempt of the same slot, also one that never ran."""
    record = TaskRecord(last_run=at(8, day=22))
    for minute in range(3):
        record = run_once(record, DAILY, at(8, minute), Result.BLOCKED)
        decision = decide(DAILY, record, at(8, minute), UTC)
        assert (decision.due, decision.attempt, decision.slot) == (True, 1, at(8))
        assert record.blocked_slot == at(8)
    never = run_once(NEVER_RUN, EVERY_15, at(9), Result.BLOCKED)
    later = decide(EVERY_15, never, at(11), UTC)
    assert (later.due, later.slot) == (True, at(9)), "or the reason would be told again each time"


def test_blocked_second_attempt_stays_the_second() -> None:
    """A block between two attempts gives back only its own."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    record = run_once(record, DAILY, at(8, 6), Result.BLOCKED)
    assert decide(DAILY, record, at(8, 7), UTC).attempt == 2


def test_manual_run_counts_and_moves_last_run() -> None:
    """A manual run concludes the open slot, whether it succeeds or fails; nobody retries it."""
    for result in (Result.SUCCEEDED, Result.FAILED):
        record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8, 30), result, manual=True)
        assert record.last_run == at(8, 30)
        assert not decide(DAILY, record, at(9), UTC).due


def test_manual_run_that_was_interrupted_or_blocked_changes_nothing() -> None:
    """A person who presses Ctrl-C has not done the morning's slot, nor used up one of its attempts."""
    failed_once = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    for result in (Result.INTERRUPTED, Result.BLOCKED):
        record = run_once(failed_once, DAILY, at(8, 6), result, manual=True)
        decision = decide(DAILY, record, at(8, 7), UTC)
        assert (decision.due, decision.attempt, decision.slot) == (True, 2, at(8))


def test_run_that_left_the_plan_is_closed() -> None:
    """A run of a task that is no longer planned is over with its first end."""
    run = Run("gone", at(8), 1, at(8), 1)
    end = Ended(Result.INTERRUPTED, at(9), 1.0, "why")
    assert is_exhausted(run, end, None)
    assert ended(begun(NEVER_RUN, run), run, end, None).running is None


def test_fewer_attempts_in_an_edited_plan_end_the_slot() -> None:
    """Lowering max_attempts below what was tried leaves the task waiting for its next slot, not for ever."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    once = replace(DAILY, max_attempts=1)
    decision = decide(once, record, at(9), UTC)
    assert (decision.due, decision.wake_at) == (False, at(8, day=24))


def test_retry_beyond_its_delay_is_not_waited_for() -> None:
    """A retry time that a clock, set back since, has left far ahead does not hold the task up."""
    record = run_once(TaskRecord(last_run=at(8, day=22)), DAILY, at(8), Result.FAILED)
    record = replace(record, retry_at=at(8, day=29))
    assert decide(DAILY, record, at(8, 30), UTC).due


def test_catch_up_age_does_not_cut_off_a_retry() -> None:
    """A slot that was begun in time is retried even when catch_up would drop a fresh one by then."""
    prompt = replace(DAILY, catch_up=False)
    record = run_once(TaskRecord(last_run=at(8, day=22)), prompt, at(8, 4), Result.FAILED)
    assert decide(prompt, record, at(8, 10), UTC).due


def test_timers_lag_does_not_halve_a_tasks_rate() -> None:
    """A 15-minute task started by a timer some seconds off the grid still runs on every grid point."""
    runs = 0
    record = NEVER_RUN
    for n in range(96):
        lag = timedelta(milliseconds=900 if n % 2 == 0 else 20)
        now = at(0) + n * timedelta(minutes=15) + lag
        if decide(EVERY_15, record, now, UTC, tolerant=True).due:
            record = run_once(record, EVERY_15, now, Result.SUCCEEDED)
            runs += 1
    assert runs == 96


def test_tolerance_stays_below_a_tenth() -> None:
    """A timer that comes more than a tenth of the interval early is not followed."""
    record = TaskRecord(last_run=at(9))
    every_2 = replace(EVERY_15, interval_minutes=2)
    assert decide(every_2, record, at(9, 1, 49), UTC, tolerant=True).due
    assert not decide(every_2, record, at(9, 1, 47), UTC, tolerant=True).due
    assert not decide(every_2, record, at(9, 1, 59), UTC).due


def test_tolerance_has_a_bound() -> None:
    """Of a long interval a tenth would be minutes: no timer is that early, half a minute is enough."""
    hourly = ScheduledTask("hourly", "", Frequency.HOURLY)
    record = TaskRecord(last_run=at(8))
    assert decide(hourly, record, at(8, 59, 30), UTC, tolerant=True).due
    assert not decide(hourly, record, at(8, 59, 29), UTC, tolerant=True).due


def test_slot_of_an_interval_is_when_it_was_over() -> None:
    """The run is named after the moment it is for, not after the one at which somebody looked."""
    assert decide(EVERY_15, TaskRecord(last_run=at(9)), at(9, 20), UTC).slot == at(9, 15)
    assert decide(EVERY_15, NEVER_RUN, at(9, 20), UTC).slot == at(9, 20)


def test_interval_that_is_not_given_is_an_hour() -> None:
    """As the seed has it."""
    assert ScheduledTask("often", "", Frequency.EVERY_N_MINUTES).interval == timedelta(hours=1)


def test_open_slot_far_ahead_is_not_what_is_due() -> None:
    """The clock was set back by days: the slot that was begun there is another day's, and today's is the first
    attempt at today's."""
    ahead = TaskRecord(last_run=at(8, day=22), slot=at(8, day=26), attempts=1)
    decision = decide(DAILY, ahead, at(9), UTC)
    assert (decision.due, decision.slot, decision.attempt) == (True, at(8), 1)


def test_tasks_that_are_not_due_keep_the_plans_order() -> None:
    """Whatever their priorities: these only say which of the due ones goes first."""
    tasks = [
        replace(DAILY, name=name, priority=priority) for name, priority in (("b", 9), ("a", 1), ("c", 5))
    ]
    records = {task.name: TaskRecord(last_run=at(8)) for task in tasks}
    assert [each.task.name for each in decide_all(tasks, records, at(9), UTC)] == ["b", "a", "c"]


def test_decide_all_puts_due_tasks_first_by_priority() -> None:
    """Due tasks come by priority; the others follow in the plan's order."""
    low, high = replace(DAILY, name="low", priority=9), replace(DAILY, name="high", priority=1)
    off = replace(DAILY, name="off", enabled=False, priority=0)
    assert [d.task.name for d in decide_all([off, low, high], {}, at(9), UTC)] == ["high", "low", "off"]


# Blocked until a moment


def blocked(until: datetime | None) -> TaskRecord:
    """A daily task whose run of the 23rd, 08:00, was refused at once."""
    run = Run(DAILY.name, at(8), 1, at(8), 1)
    end = Ended(Result.BLOCKED, at(8), 2.0, "Claude says: limit", until=until)
    return ended(begun(TaskRecord(last_run=at(8, day=22)), run), run, end, DAILY)


def test_a_blocked_task_waits_until_its_moment() -> None:
    """Not due before, with the local time in the reason; then it is the same slot's same attempt."""
    berlin = ZoneInfo("Europe/Berlin")
    record = blocked(at(17))
    waiting = decide(DAILY, record, at(16, 59), berlin)
    assert (waiting.due, waiting.wake_at, waiting.held_until) == (False, at(17), at(17))
    assert waiting.reason == "blocked until Mon 2026-11-23 18:00"
    again = decide(DAILY, record, at(17), UTC)
    assert (again.due, again.slot, again.attempt, again.held_until) == (True, at(8), 1, None)
    assert decide(DAILY, blocked(None), at(9), UTC).due, "without a moment it is tried at each look"


def test_a_weekly_limit_outlasts_daily_slots() -> None:
    """The next slot comes and is held too; when the limit is lifted the newest slot runs, once."""
    record = blocked(at(12, day=26))
    for day in (24, 25, 26):
        assert not decide(DAILY, record, at(9, day=day), UTC).due
    lifted = decide(DAILY, record, at(12, day=26), UTC)
    assert (lifted.due, lifted.slot) == (True, at(8, day=26))


def test_a_slot_that_would_come_while_it_is_blocked_wakes_nobody() -> None:
    """One that makes up for nothing is not due now, and not at its next slot either."""
    dropping = replace(DAILY, catch_up=False)
    decision = decide(dropping, replace(blocked(at(12, day=26)), slot=None), at(9), UTC)
    assert (decision.due, decision.wake_at) == (False, at(12, day=26))


@pytest.mark.parametrize(
    ("until", "now"),
    [
        (at(8) + LONGEST_HOLD + timedelta(minutes=1), at(8)),  # no limit lasts that long
        (at(17, day=28), at(8, day=23) - timedelta(seconds=1)),  # the clock was set back
    ],
)
def test_a_moment_that_cannot_be_is_not_waited_for(until: datetime, now: datetime) -> None:
    """The worst is that Claude is asked once more; the alternative is to wait for ever."""
    record = blocked(until)
    assert decide(replace(DAILY, time_of_day=time(7)), record, now, UTC).due


def test_any_other_end_lifts_the_hold() -> None:
    """A run by hand is not held; once it has ended, whether well or not, the next one is not either."""
    for result in (Result.SUCCEEDED, Result.FAILED, Result.INTERRUPTED):
        record = run_once(blocked(at(17)), DAILY, at(9), result, manual=True)
        assert (record.blocked_until, record.blocked_at) == (None, None)


def test_a_disabled_task_is_disabled_first() -> None:
    """That is the reason its owner wants to read."""
    assert decide(replace(DAILY, enabled=False), blocked(at(17)), at(9), UTC).reason == "disabled"


@given(st.integers(-10_000, 30_000), st.integers(-10_000, 30_000), st.integers(0, 30_000))
def test_a_hold_ends(until: int, since: int, now: int) -> None:
    """Whatever was written, by whatever clock: a due task waits eight days at most, and is due then."""
    moments = [at(8) + timedelta(minutes=n) for n in (until, since, now)]
    record = replace(blocked(moments[0]), blocked_at=moments[1])
    decision = decide(DAILY, record, moments[2], UTC)
    if not decision.due:
        assert decision.wake_at == moments[0]
        assert moments[2] < moments[0] <= moments[2] + LONGEST_HOLD
        assert decide(DAILY, record, moments[0], UTC).due


@pytest.mark.parametrize("result", [Result.BLOCKED, Result.INTERRUPTED])
def test_a_first_slot_that_was_begun_is_not_lost_at_midnight(result: Result) -> None:
    """A task that never ran has only today's slots; one that was blocked or stopped keeps its turn past midnight, or
    a weekly task would wait for a week."""
    weekly = replace(DAILY, frequency=Frequency.WEEKLY, time_of_day=time(22, 0), day_of_week=0)
    run = Run("triage", at(22), 1, at(22), 1)
    end = Ended(result, at(22, 1), 60.0, "why", on_request=result is Result.INTERRUPTED)
    record = ended(begun(NEVER_RUN, run), run, end, weekly)
    decision = decide(weekly, record, at(9, day=24), UTC)
    assert (decision.due, decision.slot, decision.attempt) == (True, at(22), 1)


def test_a_stopped_run_is_resumed_however_late_and_a_blocked_one_within_its_catch_up() -> None:
    """A stop on request leaves a run interrupted, not lost; a blocked slot may grow too old."""
    dropping = replace(DAILY, catch_up=False)
    run = Run("triage", at(8), 1, at(8), 1)
    begun_record = begun(TaskRecord(last_run=at(8, day=22)), run)
    stopped = ended(begun_record, run, Ended(Result.INTERRUPTED, at(8, 1), 60.0, on_request=True), dropping)
    blocked = ended(begun_record, run, Ended(Result.BLOCKED, at(8, 1), 60.0, "why"), dropping)
    assert decide(dropping, stopped, at(12), UTC).due
    assert not decide(dropping, blocked, at(12), UTC).due
    assert decide(dropping, blocked, at(8, 4), UTC).due


def test_a_slot_that_the_clock_was_set_back_before_is_not_run_in_place_of_the_one_due() -> None:
    """Blocked at 08:00, and then the clock was set back to before that: what is due is the day before's slot."""
    run = Run("triage", at(8), 1, at(8), 1)
    record = TaskRecord(last_run=at(8, day=21))
    record = ended(begun(record, run), run, Ended(Result.BLOCKED, at(8, 1), 60.0, "why"), DAILY)
    decision = decide(DAILY, record, at(9, day=22), UTC)
    assert (decision.due, decision.slot) == (True, at(8, day=22))


def test_the_next_slot_does_not_wait_for_the_retry_of_the_last() -> None:
    """A retry delay that reaches beyond the next slot: the loop wakes for that slot."""
    slow = replace(DAILY, retry_delay_minutes=120)
    record = TaskRecord(last_run=at(8, day=21), slot=at(8, day=22), attempts=1, retry_at=at(8, 30))
    assert decide(slow, record, at(7, 30), UTC).wake_at == at(8)
    assert decide(slow, record, at(8), UTC).slot == at(8)


QUICK = replace(DAILY, name="quick", catch_up=False)


def ran(start: datetime, end: datetime) -> TaskRecord:
    """The record of another task that ran from ``start`` to ``end``."""
    return TaskRecord(last=Ended(Result.SUCCEEDED, end, (end - start).total_seconds()))


@pytest.mark.parametrize(
    ("others", "now", "due"),
    [
        ([], at(8, 6), False),  # nobody held it up: it is dropped
        ([ran(at(7, 50), at(8, 20))], at(8, 24), True),  # it waited for the run before it
        ([ran(at(7, 50), at(8, 20))], at(8, 26), False),  # and then nobody was there
        ([ran(at(8, 2), at(8, 20))], at(8, 20), True),  # one that went first, by priority
        (
            [ran(at(8, 20), at(8, 40))],
            at(8, 41),
            False,
        ),  # that one caught up after a time when nobody was there
        ([ran(at(8, 21), at(8, 50)), ran(at(7), at(8, 20))], at(8, 51), True),  # one after the other
        ([ran(at(7), at(7, 59))], at(8, 6), False),
    ],
)
def test_a_slot_that_only_waited_for_its_turn_is_not_dropped(
    others: list[TaskRecord], now: datetime, due: bool
) -> None:
    """``catch_up = false`` drops what was missed, not what had to wait for other runs, however long."""
    record = TaskRecord(last_run=at(8, day=22))
    decision = decide(QUICK, record, now, UTC, others=others)
    assert (decision.due, decision.slot) == (due, at(8) if due else None)


def test_a_run_that_goes_on_holds_the_next_one_up() -> None:
    """While another task runs, the slot stays due: it is what waits, and `status` says so."""
    running = TaskRecord(running=Run("long", at(7), 1, at(7), 1))
    records = {"long": running, "quick": TaskRecord(last_run=at(8, day=22))}
    (decision,) = decide_all([QUICK], records, at(9), UTC)
    assert (decision.due, decision.slot) == (True, at(8))


def test_a_slot_that_was_passed_over_does_not_come_back_at_midnight() -> None:
    """A task that never succeeded failed once, and the machine was off over its next slot until that was too old: the
    first slot's retry is over for good, not due again when a day begins in which no slot has come yet."""
    task = replace(DAILY, catch_up=timedelta(hours=2))
    failed = run_once(NEVER_RUN, task, at(8, day=22), Result.FAILED)
    late = decide(task, failed, at(23, 59), UTC)
    midnight = decide(task, failed, at(0, 1, day=24), UTC)
    assert (late.due, midnight.due) == (False, False)
    assert late.wake_at == midnight.wake_at == at(8, day=24)
