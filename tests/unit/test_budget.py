"""What counts as spent, and when a day's budget leaves no room for another run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.claude.budget import (
    Spent,
    amount,
    day_of,
    in_words,
    spent_between,
    spent_by,
    spent_today,
    week_of,
    weekly_stats,
    why_blocked,
)
from aiemp.frozen import replace
from aiemp.ledger import Ledger
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Frequency, Plan, ScheduledTask
from aiemp.runs import Ended, Result, Run

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
"""A Wednesday."""
OWN = (
    ScheduledTask("mine", "", Frequency.DAILY, prompt="x", timeout_minutes=10),
    ScheduledTask("tool", "", Frequency.DAILY, command=("true",), requires_claude=False),
    ScheduledTask("caller", "", Frequency.DAILY, command=("claude",)),
)
PLAN = Plan(Path("/vault"), tasks=(*SCHEDULE_REGISTRY, *OWN), zone=BERLIN)
BUDGET = ClaudeSettings(runs_per_day=3, minutes_per_day=30, cost_per_day=5.0)


def entry(started: datetime = NOW, task: str = "mine", **details: object) -> dict[str, Any]:
    """A run of the history that took a minute; with details, Claude's."""
    finished = started + timedelta(minutes=1)
    return {
        "task": task,
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "duration_s": 60.0,
        "result": "succeeded",
        "details": {"success": True, **details},
    }


def history(*entries: dict[str, Any]) -> Any:
    """The entries as the history gives them: those that finished between two moments."""

    def between(start: datetime, end: datetime) -> list[dict[str, Any]]:
        return [e for e in entries if start <= datetime.fromisoformat(e["finished"]) < end]

    return between


def test_a_run_of_claude_is_known_by_its_details() -> None:
    """Seconds, cost and the run itself count; a run that did not ask Claude counts nothing."""
    assert spent_by(entry(claude_s=90.0, cost_usd=0.25, turns=4), PLAN) == Spent(1, 90.0, 0.25)
    assert spent_by(entry(claude_s=90), PLAN) == Spent(1, 90.0, None)
    assert spent_by(entry(task="morning_triage", items_before=0), PLAN) == Spent()
    assert spent_by(entry(task="tool", duration_seconds=3.0, exit_code=0), PLAN) == Spent()


@pytest.mark.parametrize("value", ["9", None, True, float("nan"), float("inf"), -1.0, 1e300, [1]])
def test_what_is_no_amount_adds_nothing(value: object) -> None:
    """The history lies in the vault: an edited line must neither break the sum nor lift the budget."""
    assert amount(value) is None
    assert spent_by(entry(claude_s=value, cost_usd=value), PLAN) == Spent(1, 0.0, None)


def test_a_run_that_died_counts_with_what_is_known() -> None:
    """Found dead days later it took at most its limit; one of a task without Claude took nothing of it."""
    died = {**entry(), "result": "interrupted", "duration_s": 4 * 86400.0}
    del died["details"]
    assert spent_by(died, PLAN) == Spent(1, 600.0)
    assert spent_by({**died, "duration_s": 30.0}, PLAN) == Spent(1, 30.0)
    assert spent_by({**died, "result": "failed", "duration_s": 30.0}, PLAN) == Spent(1, 30.0)
    assert spent_by({**died, "result": "blocked"}, PLAN) == Spent()
    assert spent_by({**died, "task": "caller", "duration_s": 30.0}, PLAN) == Spent(1, 30.0)
    for name in ("tool", "daily_rollover"):
        assert spent_by({**died, "task": name}, PLAN) == Spent()


def test_a_cut_off_run_of_a_task_that_is_gone_counts() -> None:
    """Renamed or removed since, it may have asked Claude, with the longest limit of those that do; a built-in
    one that is known to ask nobody took nothing."""
    died = {**entry(task="gone"), "result": "interrupted", "duration_s": 4 * 86400.0}
    del died["details"]
    assert spent_by(died, PLAN) == Spent(1, 900.0)
    assert spent_by({**died, "duration_s": 30.0}, PLAN) == Spent(1, 30.0)
    assert spent_by(died, replace(PLAN, tasks=())) == Spent(1, 600.0)
    assert spent_by({**died, "result": "succeeded"}, PLAN) == Spent()
    assert spent_by({**died, "task": "daily_rollover"}, replace(PLAN, tasks=OWN)) == Spent()
    assert spent_by({**died, "task": ["no", "name"]}, PLAN).runs == 1


def test_a_run_counts_for_the_day_on_which_it_began() -> None:
    """The day is the owner's: 23:30 in Berlin is today, half past midnight is tomorrow."""
    start, end = day_of(NOW, BERLIN)
    assert (start, end) == (NOW.replace(day=24, hour=23), NOW.replace(hour=23))
    runs = [entry(at, claude_s=60.0) for at in (start - timedelta(seconds=1), start, end)]
    assert spent_between(runs, start, end, PLAN).runs == 1
    late = entry(end - timedelta(seconds=30), claude_s=60.0)  # ends after midnight
    assert spent_today(history(late), NOW, PLAN).runs == 1
    assert spent_today(history(late), end + timedelta(hours=1), PLAN).runs == 0


def test_a_day_may_have_another_length() -> None:
    """On the day of a clock change it is 25 hours long."""
    start, end = day_of(datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN)
    assert end - start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("spent", "key"),
    [
        (Spent(3, 0.0), "runs_per_day"),
        (Spent(1, 1800.0), "minutes_per_day"),
        (Spent(1, 0.0, 5.0), "cost_per_day"),
    ],
)
def test_each_limit_blocks_with_its_remedy(spent: Spent, key: str) -> None:
    """What is used up is named, and which key of aiemp.toml to raise; just below it a run may begin."""
    reason = why_blocked(BUDGET, spent)
    assert reason is not None
    assert f"claude.{key}" in reason
    assert "--over-budget" in reason
    assert why_blocked(ClaudeSettings(), spent) is None
    below = Spent(spent.runs - 1, max(spent.seconds - 1, 0.0), spent.cost_usd and spent.cost_usd - 0.01)
    assert why_blocked(BUDGET, below) is None
    raised = {field: getattr(BUDGET, field) * 2 for field in (key,)}
    assert why_blocked(replace(BUDGET, **raised), spent) is None


def test_a_cost_that_nobody_knows_blocks_nothing() -> None:
    """Where Claude Code tells no cost, the other limits still hold."""
    assert why_blocked(ClaudeSettings(cost_per_day=0.01), Spent(50, 9e4, None)) is None


@given(
    st.lists(st.tuples(st.floats(0, 900), st.none() | st.floats(0, 9)), max_size=30),
    st.none() | st.integers(1, 5),
    st.none() | st.integers(1, 60),
    st.none() | st.floats(0.01, 20),
)
def test_a_day_exceeds_its_budget_by_less_than_its_last_run(
    wanted: list[tuple[float, float | None]], runs: int | None, minutes: int | None, cost: float | None
) -> None:
    """Whatever is due, as after days of downtime: runs never, minutes and cost by what the last run took."""
    settings = ClaudeSettings(runs_per_day=runs, minutes_per_day=minutes, cost_per_day=cost)
    spent = before = Spent()
    for seconds, cost_usd in wanted:
        if why_blocked(settings, spent) is None:
            before, spent = spent, spent.plus(spent_by(entry(claude_s=seconds, cost_usd=cost_usd), PLAN))
    assert runs is None or spent.runs <= runs
    assert minutes is None or before.minutes < minutes
    assert cost is None or before.cost_usd is None or before.cost_usd < cost


def test_in_words() -> None:
    """With limits and without; a cost that is not known is not shown as nothing."""
    spent = Spent(3, 2460.0, 1.2)
    assert in_words(spent, replace(BUDGET, runs_per_day=24, minutes_per_day=240)) == (
        "3 of 24 runs, 41 of 240 min, $1.20 of $5.00"
    )
    assert in_words(spent, ClaudeSettings()) == "3 runs, 41 min, $1.20"
    assert in_words(Spent(1, 60.0), ClaudeSettings()) == "1 run, 1 min"
    assert in_words(Spent(), BUDGET) == "0 of 3 runs, 0 of 30 min, cost not known (limit $5.00)"


def test_weekly_stats() -> None:
    """A week begins on Monday at midnight where the owner lives; a cost that nobody knows is a dash."""
    last, this, following = week_of(NOW, BERLIN)
    assert [f"{m.astimezone(BERLIN):%a %d %H:%M}" for m in (last, this, following)] == [
        "Mon 16 00:00",
        "Mon 23 00:00",
        "Mon 30 00:00",
    ]
    runs = history(
        entry(last - timedelta(hours=1), claude_s=600.0, cost_usd=9.0),
        entry(last, claude_s=600.0),
        entry(this - timedelta(seconds=1), claude_s=600.0),
        entry(this, claude_s=120.0, cost_usd=0.5),
    )
    assert weekly_stats(runs, NOW, PLAN) == {
        "Claude Runs": ("1", "2"),
        "Claude Minutes": ("2", "20"),
        "Claude Cost": ("$0.50", "—"),
    }


def test_the_ledgers_sums_and_the_history_give_the_greater() -> None:
    """Each of the two may have been cut short; neither is counted twice."""
    noted = {"2026-02-27": {"runs": 3, "seconds": 60.0, "cost_usd": None}, "2026-02-26": {"runs": 9}}
    plan = Plan(Path("/vault"))
    now = datetime(2026, 2, 27, 8, tzinfo=UTC)
    told = [
        {"task": "a", "started": "2026-02-27T07:00:00+00:00", "details": {"claude_s": 90.0, "cost_usd": 0.5}}
    ]
    assert spent_today(lambda _start, _end: told, now, plan, noted) == Spent(3, 90.0, 0.5)
    for nonsense in ({"2026-02-27": 7}, {"2026-02-27": {"runs": "x", "seconds": -1, "cost_usd": []}}, {}):
        assert spent_today(lambda _start, _end: told, now, plan, nonsense) == Spent(1, 90.0, 0.5)


def test_the_ledger_notes_what_the_last_days_spent(tmp_path: Path) -> None:
    """By the day on which a run started, in the plan's zone; a run that asked nobody adds nothing."""
    (tmp_path / ".state").mkdir()
    book, plan = Ledger(tmp_path), Plan(tmp_path)
    for day in range(1, 6):
        started = datetime(2026, 2, day, 9, tzinfo=UTC)
        run = Run("ask", started, 1, started, 1)
        end = Ended(Result.SUCCEEDED, started, 10.0)
        book.finish(run, end, plan, {"claude_s": 10.0, "cost_usd": 0.25})
        book.finish(run, end, plan, {"claude_s": 5.0})
        book.finish(run, end, plan, {"summary": "nothing asked"})
    assert book.read().spent == {
        f"2026-02-0{day}": {"runs": 2, "seconds": 15.0, "cost_usd": 0.25} for day in (3, 4, 5)
    }
