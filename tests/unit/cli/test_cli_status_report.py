"""What of the status is not well, and what it advises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from aiemp.cli.screen import PAPER, Screen
from aiemp.cli.status_report import UNHEALTHY, Activity, OpenAlert, Queues, Status, Units
from aiemp.cli.table import cells_of
from aiemp.cli.task_facts import task_facts
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.mcp.verdict import State, Verdict
from aiemp.ping_trouble import PingTrouble
from aiemp.plan import DryRun, Frequency, Origin, Plan, ScheduledTask, Watcher
from aiemp.runs import Ended, Result, TaskRecord
from aiemp.systemd.scope import Scope
from aiemp.watcher_status import WatcherState, WatcherStatus

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TASK = ScheduledTask("tidy", "", Frequency.DAILY, time_of_day=time(8, 0), requires_claude=False)
CLAUDE_TASK = replace(TASK, name="triage", requires_claude=True)
PLAN = Plan(
    Path("/vault"),
    tasks=(TASK, CLAUDE_TASK),
    watchers=(Watcher("gmail", origin=Origin.DISCOVERED), Watcher("approval", origin=Origin.BUILT_IN)),
)
UP = (
    WatcherStatus("gmail", WatcherState.RUNNING, 5, NOW - timedelta(hours=3), 2),
    WatcherStatus("approval", WatcherState.RUNNING, 6, NOW),
)
QUEUES = Queues({"/Needs_Action/": 3, "/Pending_Approval/": 2}, {"email": 3}, 2, 1)


def ran(result: Result = Result.SUCCEEDED, error: str = "") -> TaskRecord:
    return TaskRecord(last_run=NOW.replace(hour=8), last=Ended(result, NOW, 2.0, error))


def status(**changes: object) -> Status:
    """A status in which all is well, but for ``changes``."""
    records = {"tidy": ran(), "triage": ran()}
    well = Status(
        plan=PLAN,
        now=NOW,
        orchestrator=Holder(4, "orchestrator", "local engine"),
        since=NOW - timedelta(hours=5),
        watchers=UP,
        supervised=frozenset({"gmail", "approval"}),
        tasks=tuple(task_facts(PLAN, records, NOW, None)),
        queues=QUEUES,
        mcp={"email-mcp": Verdict(State.AVAILABLE)},
        claude="/usr/bin/claude",
    )
    return replace(well, **changes)  # type: ignore[arg-type]


def watcher(state: WatcherState, reason: str = "") -> tuple[WatcherStatus, ...]:
    return (WatcherStatus("gmail", state, reason=reason), UP[1])


def tasks(record: TaskRecord, name: str = "tidy") -> dict[str, object]:
    return {"tasks": tuple(task_facts(PLAN, {"tidy": ran(), "triage": ran(), name: record}, NOW, None))}


BLOCKED = TaskRecord(
    last=Ended(Result.BLOCKED, NOW, 0.0, "no disk"),
    blocked_slot=NOW.replace(hour=8),
    blocked_reason="no disk",
)
KILLED_TO_THE_END = TaskRecord(
    last_run=NOW - timedelta(seconds=60.0004),
    last=Ended(Result.INTERRUPTED, NOW, 60.0, "died without a word (was pid 7)"),
)
SWITCHED_OFF = replace(PLAN, tasks=(replace(TASK, enabled=False),))


def test_all_well() -> None:
    """Nothing is said to need the owner, and the exit status is 0."""
    assert status().problems() == []
    assert status().exit_code == 0
    assert status().as_json()["healthy"] is True
    assert "\nAll is well.\n" in status().as_text(PAPER)


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    [
        ({"orchestrator": None}, "orchestrator is not running", "aiemp run"),
        ({"last_sign": NOW - timedelta(hours=2)}, "no sign of life for 2 h", "kill -9 4; aiemp run"),
        ({"watchers": watcher(WatcherState.DOWN, "exit 1")}, "gmail is down: exit 1", "aiemp logs gmail"),
        ({"watchers": watcher(WatcherState.HUNG)}, "gmail is hung", "aiemp logs gmail"),
        ({"watchers": watcher(WatcherState.PAUSED, "gave up")}, "gmail is paused: gave up", "kill -HUP 4"),
        (
            {"watchers": watcher(WatcherState.DOWN), "supervised": frozenset({"approval"})},
            "watcher gmail is new in the vault and not started",
            "adopt it (aiemp init) and restart aiemp, or: aiemp disable gmail",
        ),
        (
            {"watchers": watcher(WatcherState.DOWN), "supervised": frozenset()},
            "gmail is down",
            "without --no-watchers",
        ),
        (tasks(ran(Result.FAILED, "boom")), "task tidy failed: boom", "aiemp explain tidy"),
        (tasks(KILLED_TO_THE_END), "task tidy failed: died without a word", "aiemp trigger tidy"),
        (tasks(BLOCKED), "task tidy is blocked: no disk", "by itself"),
        (
            tasks(replace(BLOCKED, blocked_reason="no disk; mount it")),
            "task tidy is blocked: no disk",
            "mount it; it runs by itself when the cause is gone",
        ),
        (
            tasks(replace(BLOCKED, blocked_reason="Claude Code is not installed: `claude`; install it")),
            "task tidy is blocked: Claude Code was not installed when it was tried",
            "it is there by now: ",
        ),
        ({"mcp": {"x": Verdict(State.MISSING)}}, "MCP server x is missing", ".mcp.json"),
        (
            {"mcp": {"x": Verdict(State.DIED, "exit status 1: no token")}},
            "MCP server x died: exit status 1: no token",
            "aiemp doctor mcp",
        ),
        (
            {"ping_troubles": (PingTrouble("ping_url", "status 404", NOW - timedelta(minutes=11)),)},
            "ping_url has had no answer for long: status 404",
            "aiemp alert --test",
        ),
        ({"mcp": {"x": Verdict(State.NOT_BUILT)}}, "MCP server x is not built", "npm run build"),
        (
            {"claude": None, "claude_problem": "Claude Code is not installed; install it"},
            "Claude Code is not installed",
            "install it",
        ),
        ({"troubles": ("the vault is gone; mount it",)}, "the vault is gone", "mount it"),
    ],
)
def test_what_is_not_well_says_what_to_do(changes: dict[str, object], what: str, remedy: str) -> None:
    """Each trouble is one problem with its remedy, on the screen too, and makes the exit status 3."""
    (problem,) = status(**changes).problems()
    assert what in problem.what
    assert remedy in problem.remedy
    assert status(**changes).exit_code == UNHEALTHY
    text = status(**changes).as_text(PAPER)
    assert problem.what in text
    assert problem.remedy in text


@pytest.mark.parametrize(
    "changes",
    [
        {"watchers": watcher(WatcherState.NOT_CONFIGURED, "KEY is not set")},
        {"watchers": watcher(WatcherState.DISABLED)},
        tasks(TaskRecord()),
        tasks(ran(Result.INTERRUPTED)),
        tasks(replace(KILLED_TO_THE_END, slot=NOW.replace(hour=8), attempts=1)),
        tasks(replace(KILLED_TO_THE_END, last=Ended(Result.INTERRUPTED, NOW, 60.0, on_request=True))),
        {"tasks": tuple(task_facts(SWITCHED_OFF, {"tidy": ran(Result.FAILED, "boom")}, NOW, None))},
    ],
)
def test_what_needs_nobody(changes: dict[str, object]) -> None:
    """Not configured, switched off, not yet run, cut off and due again: no error."""
    assert status(**changes).problems() == []


def test_one_cause_is_told_once() -> None:
    """Without an orchestrator the watchers are down for that reason; a task that waits for Claude waits for
    the same Claude that is missing."""
    down = tuple(WatcherStatus(name, WatcherState.DOWN) for name in ("gmail", "approval"))
    assert len(status(orchestrator=None, watchers=down).problems()) == 1
    missing = "Claude Code is not installed; install it"
    waiting = replace(BLOCKED, blocked_reason=missing)
    both = status(**tasks(waiting, "triage"), claude=None, claude_problem=missing)
    assert len(both.problems()) == 1


def test_claude_matters_only_where_it_is_used() -> None:
    """A vault whose tasks need no Claude is well without it."""
    plan = replace(PLAN, tasks=(TASK, replace(CLAUDE_TASK, enabled=False)))
    assert status(plan=plan, claude=None, claude_problem="no; get it").problems() == []


def test_the_text_shows_everything() -> None:
    """One screen has mode, watchers, tasks, queues with domains, approvals that wait, and tools."""
    text = status().as_text(PAPER)
    for said in (
        "running (pid 4, local engine), for 5 h",
        "live (decided by: default)",
        "pid 5, for 3 h, 2 restarts",
        "today 10:00, 2.0 s",
        "Tue 08:00, in 22 h",
        "Needs_Action 3 (email 3), Pending_Approval 2 (1 waiting too long)",
        "/usr/bin/claude",
        "MCP email-mcp",
    ):
        assert said in text


def test_what_a_task_said_is_shown_where_there_is_room() -> None:
    """Its last result is told in words, cut to a line; a narrow terminal has the rest of the row whole instead."""
    said = status(
        **tasks(TaskRecord(NOW, last=Ended(Result.SUCCEEDED, NOW, 2.0, summary="3 mails moved " * 9)))
    )
    assert "3 mails moved 3 mails" in said.as_text(PAPER)
    (narrow,) = [line for line in said.as_text(Screen(width=70)).splitlines() if "  tidy" in line]
    assert narrow.split("  ")[-1].strip() == "Tue 08:00, in 22 h"


def test_what_waits_for_the_owner_is_no_illness() -> None:
    """Requests for approval and open alerts are told with what to do, and leave the exit status alone; an alert
    whose cause stands above already is not told again."""
    alerts = (
        OpenAlert("disk", "The disk is full: no room", NOW - timedelta(hours=2), 3),
        OpenAlert("task-tidy", "Task tidy failed: boom", NOW),
    )
    text = status(alerts=alerts).as_text(PAPER)
    assert status(alerts=alerts).exit_code == 0
    assert "2 requests wait for approval, 1 of them too long\n    -> read them in Pending_Approval" in text
    assert "alert (2 h ago), 3 times: The disk is full: no room" in text
    assert "Task tidy failed" in text
    failed = status(alerts=alerts, **tasks(ran(Result.FAILED, "boom"))).as_text(PAPER)
    assert "alert (just now)" not in failed
    assert "WAITS FOR YOU" not in status(queues=Queues()).as_text(PAPER)


def test_signs_of_life() -> None:
    """When the state was last saved and a watcher had its last item; those without an orchestrator wait for it."""
    activity = {"gmail": Activity(NOW - timedelta(minutes=5), True), "approval": Activity(NOW)}
    text = status(saved=NOW - timedelta(seconds=9), activity=activity).as_text(PAPER)
    assert "for 5 h; last save 9 s ago" in text
    assert "2 restarts, last item 5 min ago" in text
    assert "last entry just now" in text
    down = tuple(WatcherStatus(name, WatcherState.DOWN) for name in ("gmail", "approval"))
    assert "gmail     down  waits for the orchestrator" in status(orchestrator=None, watchers=down).as_text(
        PAPER
    )
    (gmail, _) = status(activity=activity).as_json()["watchers"]
    assert gmail["last_activity"] == "2026-11-23T09:55:00+00:00"


def test_home_is_a_tilde() -> None:
    """What is shown can be shown to others; scripts get whole paths."""
    seen = status(
        home="/home/me", claude="/home/me/.local/bin/claude", plan=replace(PLAN, vault=Path("/home/me/v"))
    )
    assert "/home/me" not in seen.as_text(PAPER)
    assert "~/.local/bin/claude" in seen.as_text(PAPER)
    assert seen.as_json()["vault"] == "/home/me/v"


@pytest.mark.parametrize(
    "make", [lambda: status(), lambda: status(orchestrator=None, mcp={"x": Verdict(State.MISSING)})]
)
def test_lines_fit_a_narrow_terminal(make: Callable[[], Status]) -> None:
    """Down to 40 columns no line is broken by the terminal."""
    lines = make().as_text(Screen(width=40)).splitlines()
    assert max(map(cells_of, lines)) <= 40


def test_a_dry_run_of_this_shell_is_not_said_of_the_units() -> None:
    """Units see no DRY_RUN of a shell; what runs may be live."""
    plan = replace(PLAN, dry_run=DryRun(True, "DRY_RUN in the environment"))
    told = "dry run in this shell alone (DRY_RUN in the environment); the units do not see that"
    assert told in status(plan=plan, units=Units(Scope.USER, Path("/u"))).as_text(PAPER)
    assert "dry run (decided by: DRY_RUN in the environment)" in status(plan=plan).as_text(PAPER)


def test_a_narrow_terminal_loses_nothing() -> None:
    """Where the columns of the tasks do not fit, each task has a line more; what runs is told to its end."""
    text = status(saved=NOW).as_text(Screen(width=40))
    assert "…" not in text
    told = " ".join(text.split())
    assert "for 5 h; last save just now" in told
    assert "today 10:00, 2.0 s; next: Tue 08:00, in 22 h" in told


def test_a_long_name_leaves_room_for_the_rest() -> None:
    """The name is cut before the columns of when it ran and runs next are; what needs its owner names it whole."""
    task = replace(TASK, name="n" * 90)
    plan = replace(PLAN, tasks=(task,))
    records = {task.name: ran(Result.FAILED, "boom")}
    text = status(plan=plan, tasks=tuple(task_facts(plan, records, NOW, None))).as_text(Screen(width=84))
    (line,) = [line for line in text.splitlines() if "n…" in line]
    assert "  failed  today 10:00, 2.0 s  Tue 08:00, in 22 h" in line
    assert f"aiemp trigger {'n' * 90}" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(State.AVAILABLE, checked=NOW), "available, tried just now"),
        (Verdict(State.DIED, checked=NOW), "died, tried just now"),
        (Verdict(State.NEW, checked=NOW), "new, not tried"),
        (
            Verdict(State.NOT_CONFIGURED, "A is not set", checked=NOW),
            "not configured (A is not set), not tried",
        ),
        (Verdict(State.AVAILABLE), "available, not tried"),
        (Verdict(State.CONFIGURED), "configured, not tried"),
    ],
)
def test_a_server_is_shown_as_tried_only_when_it_was(verdict: Verdict, words: str) -> None:
    """One that nobody has adopted or configured was only looked at; one for which there was no time says so."""
    (line,) = [line for line in status(mcp={"x": verdict}).as_text(PAPER).splitlines() if "MCP x" in line]
    assert line.split("  ")[-1].strip() == words


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_screen_cuts_off_nothing_that_matters(width: int) -> None:
    """The first lines go on in the next one, and each moment is whole."""
    lines = status(saved=NOW).as_text(Screen(width, 40)).splitlines()
    assert "last save just now" in " ".join(" ".join(lines[:3]).split())
    assert all(len(line) <= width for line in lines)
    assert not any("…" in line for line in lines)
    assert any("succeeded  10:00" in line or "today 10:00" in line for line in lines)
