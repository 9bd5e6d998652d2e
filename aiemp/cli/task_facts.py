"""What there is to tell about a task now: its schedule, its last run, what comes next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from aiemp.cli.table import Cell
from aiemp.cli.words import ahead_in_words, moment_in_words
from aiemp.decisions import Decision, decide_all
from aiemp.frozen import frozen
from aiemp.ledger_format import ended_as_json, moment_text
from aiemp.locks import Holder
from aiemp.plan import Plan, ScheduledTask
from aiemp.runs import NEVER_RUN, Ended, Result, TaskRecord
from aiemp.schedule_words import schedule_in_words

RESULT_STYLES = {
    Result.SUCCEEDED: "good",
    Result.FAILED: "bad",
    Result.BLOCKED: "warn",
    Result.INTERRUPTED: "warn",
}

SAME_MOMENT = timedelta(seconds=2)
"""What rounding in the ledger may put between two notes of one moment."""


@frozen
class TaskFacts:
    """One task at one moment. ``running``: a process is at it right now."""

    task: ScheduledTask
    record: TaskRecord
    decision: Decision
    running: bool

    @property
    def cut_off(self) -> bool:
        """Whether its last run died without a word, which nobody has written down yet."""
        return self.record.running is not None and not self.running

    @property
    def last_moment(self) -> datetime | None:
        """When it last really ran: its end, or for a record of an older program its start."""
        last = self.record.last
        if self.cut_off and self.record.running is not None:
            return self.record.running.started
        if last is not None and last.result is not Result.BLOCKED:
            return last.finished
        return self.record.last_run

    @property
    def blocked_reason(self) -> str:
        """Why it cannot run now; "" when nothing is known to keep it from running."""
        return self.record.blocked_reason if self.record.blocked_slot is not None else ""

    @property
    def is_given_up(self) -> bool:
        """Whether its last run died without a word and was the last attempt: the slot is over, nothing was done.

        A run by hand that was cut off concludes nothing: the last concluded one is then another.
        """
        record, last = self.record, self.record.last
        if last is None or last.result is not Result.INTERRUPTED or last.on_request:
            return False
        if record.running is not None or record.slot is not None or record.last_run is None:
            return False
        started = last.finished - timedelta(seconds=last.duration_s)
        return abs(started - record.last_run) <= SAME_MOMENT

    @property
    def trouble(self) -> Ended | None:
        """Its last end, when that is one its owner has to know of."""
        last = self.record.last
        is_bad = last is not None and last.result in (Result.FAILED, Result.BLOCKED)
        return last if is_bad or self.is_given_up else None

    def why(self) -> str:
        """Why it is due or not, in words."""
        if self.running:
            return "running now"
        decision = self.decision
        if decision.held_until is not None:
            return f"{decision.reason}: {self.blocked_reason}"
        if not decision.due:
            return decision.reason
        reason = {"again": f"attempt {decision.attempt} of {self.task.max_attempts}"}.get(
            decision.reason, decision.reason
        )
        return f"{reason}; blocked: {self.blocked_reason}" if self.blocked_reason else reason

    def as_json(self) -> dict[str, Any]:
        record = self.record
        return {
            "name": self.task.name,
            "description": self.task.description,
            "schedule": schedule_in_words(self.task),
            "enabled": self.task.enabled,
            "running": self.running,
            "due": self.decision.due,
            "reason": self.why(),
            "blocked_reason": self.blocked_reason,
            "blocked_until": json_moment(self.decision.held_until),
            "last_run": json_moment(record.last_run),
            "last": ended_as_json(record.last) if record.last else None,
            "next_run": json_moment(self.decision.wake_at),
        }

    def result_cell(self) -> Cell:
        """How its last run ended, in one word."""
        if self.cut_off:
            return Cell("interrupted", "warn")
        last = self.record.last
        return Cell(last.result.value, RESULT_STYLES[last.result]) if last else Cell("-", "faint")

    def last_cell(self, now: datetime, zone: tzinfo) -> Cell:
        last = self.last_moment
        return Cell(moment_in_words(last, now, zone)) if last else Cell("never", "faint")

    def next_cell(self, now: datetime, zone: tzinfo, *, ahead: bool = False) -> Cell:
        """When it runs next, by the clock and, with ``ahead``, also how long that is."""
        if self.running:
            return Cell("running now", "strong")
        if self.decision.due:
            return Cell("due now", "strong")
        at = self.decision.wake_at
        if at is None:
            return Cell("-", "faint")
        words = moment_in_words(at, now, zone)
        return Cell(f"{words} ({ahead_in_words(at, now)})" if ahead else words)


def task_facts(
    plan: Plan, records: Mapping[str, TaskRecord], now: datetime, run_holder: Holder | None
) -> list[TaskFacts]:
    """The facts of each task of ``plan``; those that are due first, as they will run, then in plan order.

    ``run_holder`` is who holds the vault's run lock.
    """
    return [
        _facts_of(decision, records.get(decision.task.name, NEVER_RUN), run_holder)
        for decision in decide_all(plan.tasks, records, now, plan.zone)
    ]


def in_plan_order(facts: Iterable[TaskFacts], plan: Plan) -> list[TaskFacts]:
    """``facts`` in the order in which the plan has the tasks."""
    by_name = {each.task.name: each for each in facts}
    return [by_name[task.name] for task in plan.tasks if task.name in by_name]


def json_moment(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, as everywhere in our JSON."""
    return moment_text(moment) if moment else None


def _facts_of(decision: Decision, record: TaskRecord, run_holder: Holder | None) -> TaskFacts:
    run = record.running
    # A run belongs to whoever holds the lock now; another process of the same number would hold no lock.
    is_running = run is not None and run_holder is not None and run_holder.pid == run.pid
    return TaskFacts(decision.task, record, decision, is_running)
