"""Why a task or watcher runs or does not, and what is advised."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from aiemp.claude.budget import Spent
from aiemp.claude.pause import Pause
from aiemp.cli.claude_use import ClaudeUse
from aiemp.cli.explanation import Explanation, LogEnd, Reason
from aiemp.cli.screen import PAPER, Screen
from aiemp.cli.status_report import Activity, Queues, Status, Units
from aiemp.cli.table import cells_of
from aiemp.cli.task_facts import task_facts
from aiemp.cli.task_reasons import explain_task
from aiemp.cli.watcher_reasons import explain_watcher
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.plan import ClaudeSettings, Frequency, Origin, Plan, ScheduledTask, Watcher
from aiemp.runs import Ended, Result, Run, TaskRecord
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
SLOT = NOW.replace(hour=8)
TASK = ScheduledTask("tidy up", "Tidies", Frequency.DAILY, time_of_day=time(8, 0))
GMAIL = Watcher("gmail", origin=Origin.DISCOVERED, command=("python", "-m", "gmail"))
HERE = Holder(4, "orchestrator", "local engine")
UNITS = Units(Scope.USER, Path("/u"), frozenset({"aiemp-watcher-gmail.service"}))
NO_CLAUDE = "Claude Code is not installed: not on the PATH; install it (https://…)"


def status(task: ScheduledTask = TASK, record: TaskRecord | None = None, **changes: object) -> Status:
    """A vault with one task and one watcher, whose orchestrator runs, but for ``changes``."""
    plan = Plan(Path("/vault"), tasks=(task,), watchers=(GMAIL,))
    records = {task.name: record} if record else {}
    holder = changes.pop("run_holder", None)
    assert holder is None or isinstance(holder, Holder)
    seen = Status(
        plan=plan,
        now=NOW,
        orchestrator=HERE,
        since=NOW,
        watchers=(),
        supervised=frozenset({"gmail"}),
        tasks=tuple(task_facts(plan, records, NOW, holder)),
        queues=Queues(),
        mcp={},
        claude="/usr/bin/claude",
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def reason_of(seen: Status, holder: Holder | None = None) -> Reason:
    return explain_task(seen.tasks[0], seen, holder)


def told(reason: Reason) -> str:
    return " ".join((*reason.why, *reason.steps))


def blocked(reason: str, until: datetime | None = None) -> TaskRecord:
    end = Ended(Result.BLOCKED, NOW, 0.0, reason, until=until)
    return TaskRecord(
        slot=SLOT, last=end, blocked_slot=SLOT, blocked_reason=reason, blocked_until=until, blocked_at=NOW
    )


FAILED = Ended(Result.FAILED, NOW - timedelta(minutes=2), 3.0, "boom")
RUNNING = TaskRecord(slot=SLOT, attempts=1, running=Run("tidy up", SLOT, 1, NOW - timedelta(minutes=1), 9))
RETRY = TaskRecord(slot=SLOT, attempts=1, retry_at=NOW + timedelta(minutes=3), last=FAILED)
CUT_OFF = TaskRecord(last=Ended(Result.INTERRUPTED, NOW - timedelta(minutes=2), 4.0, "died without a word"))
WELL = TaskRecord(last_run=SLOT, last=Ended(Result.SUCCEEDED, SLOT, 1.0))


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        (
            status(replace(TASK, enabled=False)),
            "disabled",
            "never runs by itself. switch it on: aiemp enable 'tidy up'",
        ),
        (status(record=WELL), "not due", "not time yet. It runs next tomorrow 08:00 (in 22 h)."),
        (status(), "due", "it has never run here"),
        (
            status(record=RUNNING, run_holder=Holder(9)),
            "running",
            "attempt 1, begun 1 min ago; it is ended after 10 min",
        ),
        (status(record=RUNNING), "due", "died without a word"),
        (status(orchestrator=None), "due", "start the orchestrator: aiemp run"),
        (status(orchestrator=None, units=UNITS), "due", "systemctl --user start aiemp.target"),
        (
            status(record=CUT_OFF),
            "due",
            "cut off 2 min ago: died without a word. It is due: no run of it has come to its end here.",
        ),
        (
            status(record=RETRY, orchestrator=None),
            "retry",
            "but nothing starts it: the orchestrator is not running. start the orchestrator: aiemp run",
        ),
        (
            status(replace(TASK, catch_up=False)),
            "not due",
            "The run of today 08:00 was missed and is dropped, since catch_up = false",
        ),
        (
            status(record=RETRY),
            "retry",
            "Attempt 1 of 2 failed 2 min ago: boom. It is tried again by itself. It runs next today 10:03 (in 3 min).",
        ),
        (
            status(record=TaskRecord(last_run=SLOT, last=FAILED)),
            "failed",
            "boom. It is not tried again before its next time. It runs next tomorrow 08:00",
        ),
        (
            status(record=blocked("no disk; mount it")),
            "blocked",
            "no disk. That costs no attempt: it stays due",
        ),
        (
            status(record=blocked("no disk; mount it")),
            "blocked",
            "mount it try it at once: aiemp trigger 'tidy up'",
        ),
        (
            status(record=blocked("usage limit", NOW + timedelta(hours=2))),
            "blocked",
            "usage limit. It is tried again today 12:00",
        ),
        (status(record=blocked(NO_CLAUDE)), "blocked", "it is there by now: /usr/bin/claude. let those who"),
        (status(record=blocked(NO_CLAUDE), units=UNITS), "blocked", "find it, too: aiemp install-units"),
        (status(record=blocked(NO_CLAUDE), claude=None), "blocked", "install it (https://…)"),
        (
            status(record=blocked("Claude is paused; end that with: aiemp resume")),
            "blocked",
            "The pause is over by now",
        ),
        (
            status(use=ClaudeUse(pause=Pause(reason="away"))),
            "due",
            "Claude is paused (away): until that ends",
        ),
        (status(record=WELL, use=ClaudeUse(pause=Pause())), "not due", "end the pause: aiemp resume"),
        (
            status(
                record=blocked("Claude is paused; end that with: aiemp resume"),
                use=ClaudeUse(pause=Pause()),
            ),
            "blocked",
            "end that with: aiemp resume",
        ),
        (
            status(
                replace(TASK, catch_up=False), TaskRecord(last_run=SLOT - timedelta(days=1), last=WELL.last)
            ),
            "not due",
            "The run of today 08:00 was missed and is dropped, since catch_up = false",
        ),
    ],
)
def test_a_task_is_explained(seen: Status, state: str, words: str) -> None:
    """Each way not to run has a state that scripts know, a reason in words, and what to do about it."""
    reason = reason_of(seen)
    assert reason.state == state
    assert words in told(reason)


def test_one_run_at_a_time_is_a_reason() -> None:
    """A task that is due while another runs waits for that one, and nobody has to do anything."""
    reason = reason_of(status(), Holder(77, "triage", "scheduled"))
    assert (reason.state, reason.steps) == ("waiting", ())
    assert "it waits for triage, pid 77" in told(reason)


@pytest.mark.parametrize(
    ("watcher", "changes", "state", "words"),
    [
        (
            WatcherStatus("gmail", WatcherState.RUNNING, 5, NOW - timedelta(hours=1), 2),
            {},
            "running",
            "pid 5), for 1 h.",
        ),
        (WatcherStatus("gmail", WatcherState.DISABLED), {}, "disabled", "aiemp enable gmail"),
        (
            WatcherStatus("gmail", WatcherState.NOT_CONFIGURED, reason="A is not set"),
            {},
            "not configured",
            "A is not set.",
        ),
        (
            WatcherStatus("gmail", WatcherState.DOWN),
            {"orchestrator": None},
            "down",
            "start the orchestrator: aiemp run",
        ),
        (
            WatcherStatus("gmail", WatcherState.DOWN, reason="exit 1"),
            {},
            "down",
            "down: exit 1. It is restarted",
        ),
        (WatcherStatus("gmail", WatcherState.DOWN), {"supervised": frozenset({"x"})}, "new", "adopted it"),
        (WatcherStatus("gmail", WatcherState.DOWN), {"supervised": frozenset()}, "down", "--no-watchers"),
        (WatcherStatus("gmail", WatcherState.PAUSED, reason="exit 1"), {}, "paused", "then: kill -HUP 4"),
        (WatcherStatus("gmail", WatcherState.PAUSED), {"units": UNITS}, "paused", "systemctl --user reload"),
        (WatcherStatus("gmail", WatcherState.HUNG, 8), {}, "hung", "start it afresh: kill 8"),
        (
            WatcherStatus("gmail", WatcherState.HUNG, 8),
            {"units": UNITS, "activity": {"gmail": Activity(NOW - timedelta(hours=1))}},
            "hung",
            "Its last entry was 1 h ago. start it afresh: systemctl --user restart aiemp-watcher-gmail.service",
        ),
    ],
)
def test_a_watcher_is_explained(
    watcher: WatcherStatus, changes: dict[str, object], state: str, words: str
) -> None:
    """The same for watchers, with the command that the engine wants."""
    reason = explain_watcher(GMAIL, watcher, status(**changes), "")
    assert reason.state == state
    assert words in told(reason)


def explanation() -> Explanation:
    log = LogEnd("/home/me/v/Logs/x.log", "aiemp logs x", ("a" * 200, "see /home/me/v \x1b[31m"))
    reason = Reason("failed", ("It failed in /home/me/v.",), ("mend it: chmod u+w /home/me/v",), is_bad=True)
    return Explanation("x", "task", "Does x", reason, (("schedule", "daily"),), log, home="/home/me")


def test_an_explanation_can_be_shown_to_others() -> None:
    """The home is a tilde, in commands too; what the log holds cannot reprogram the terminal."""
    text = explanation().as_text(PAPER)
    assert "/home/me" not in text
    assert "-> mend it: chmod u+w ~/v" in text
    assert "~/v/Logs/x.log: its last 2 lines; more: aiemp logs x" in text
    assert "\x1b" not in text


def test_an_explanation_fits_the_screen() -> None:
    """No line is broken by the terminal."""
    assert max(map(cells_of, explanation().as_text(Screen(width=50)).splitlines())) <= 50


def test_a_budget_that_is_used_up_names_the_run_by_hand() -> None:
    """The command line is for this task, so that it can be pasted."""
    seen = status(record=WELL)
    seen = replace(
        seen,
        plan=replace(seen.plan, claude=ClaudeSettings(runs_per_day=1)),
        use=ClaudeUse(Spent(runs=1)),
    )
    reason = reason_of(seen)
    assert "Claude's budget of today, 1 run, is used up." in reason.why
    assert "aiemp trigger 'tidy up' --over-budget" in reason.steps[0]
