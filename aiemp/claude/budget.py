"""What Claude Code has been used for, and whether the budget of a day leaves room for another run. Pure.

Spent is what the run history says (:mod:`aiemp.run_history`): the values that a run of Claude leaves in its
entry are ``claude_s`` (seconds it worked; its presence means that Claude was asked), ``turns`` and
``cost_usd``. A run counts for the day on which it started, in the plan's zone.

The budget is looked at right before Claude would be called, and bounds what is begun: a run that is going on
is not cut off when the minutes are used up, since half a piece of work costs as much and leaves a mess. So a
day exceeds its budget by what its last run takes, at most that task's ``timeout_minutes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import MappingProxyType

from aiemp.frozen import frozen
from aiemp.ledger_format import read_moment
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Plan, ScheduledTask

Runs = Callable[[datetime, datetime], Sequence[Mapping[str, object]]]
"""The runs that finished between two moments: :meth:`aiemp.run_history.History.between`."""

LONGEST_RUN = timedelta(days=1)
"""A run that began on a day may end on the next, or have ended by a clock that has been set back since."""

SECONDS_PER_MINUTE = 60.0
MOST_AMOUNT = 1e9
USUAL_LIMIT_MINUTES = 10
CALLING_FUNCTIONS = frozenset({"trigger_morning_triage", "trigger_linkedin_post"})
"""The built-in functions that ask Claude."""


@frozen
class Spent:
    """What runs of Claude took together. ``cost_usd`` is None when none of them told its cost."""

    runs: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None

    @property
    def minutes(self) -> float:
        return self.seconds / SECONDS_PER_MINUTE

    def plus(self, other: Spent) -> Spent:
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Spent(self.runs + other.runs, self.seconds + other.seconds, sum(costs) if costs else None)

    def at_least(self, other: Spent) -> Spent:
        """The greater of both in each of the three."""
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Spent(
            max(self.runs, other.runs), max(self.seconds, other.seconds), max(costs) if costs else None
        )

    def as_json(self) -> dict[str, object]:
        return {"runs": self.runs, "seconds": round(self.seconds, 3), "cost_usd": self.cost_usd}


def read_spent(value: object) -> Spent:
    """What :meth:`Spent.as_json` gave; nothing for anything else."""
    if not isinstance(value, Mapping):
        return Spent()
    runs = amount(value.get("runs")) or 0.0
    return Spent(int(runs), amount(value.get("seconds")) or 0.0, amount(value.get("cost_usd")))


def has_limit(settings: ClaudeSettings) -> bool:
    """Whether there is a budget at all."""
    return (settings.runs_per_day, settings.minutes_per_day, settings.cost_per_day) != (None, None, None)


def why_blocked(settings: ClaudeSettings, spent: Spent) -> str | None:
    """Why no run may begin now, with the remedy; None when one may.

    It names no moment before which it is no use to try again, though the next day is one: a limit that is
    raised in aiemp.toml holds at the next look.
    """
    cost = spent.cost_usd
    used_up: tuple[str, str] | None = None
    if settings.runs_per_day is not None and spent.runs >= settings.runs_per_day:
        most = settings.runs_per_day
        used_up = f"{most} run{'' if most == 1 else 's'}", "runs_per_day"
    elif settings.minutes_per_day is not None and spent.minutes >= settings.minutes_per_day:
        used_up = f"{settings.minutes_per_day} min", "minutes_per_day"
    elif settings.cost_per_day is not None and cost is not None and cost >= settings.cost_per_day:
        used_up = dollars(settings.cost_per_day), "cost_per_day"
    if used_up is None:
        return None
    limit, key = used_up
    return (
        f"Claude's budget of today, {limit}, is used up; it waits for tomorrow, or raise claude.{key} in "
        "aiemp.toml (a run by hand: aiemp trigger NAME --over-budget)"
    )


def spent_today(
    runs: Runs, now: datetime, plan: Plan, noted: Mapping[str, object] = MappingProxyType({})
) -> Spent:
    """What has been spent on the day of ``now``; a run that is on is not in the history yet.

    ``noted``: the sums by day that the ledger keeps (:attr:`aiemp.ledger.LedgerState.spent`): whoever removes the
    history, or a part of it, gives no one a new budget.
    """
    start, end = day_of(now, plan.zone)
    told = spent_between(runs(start, end + LONGEST_RUN), start, end, plan)
    return told.at_least(read_spent(noted.get(now.astimezone(plan.zone).date().isoformat())))


def weekly_stats(runs: Runs, now: datetime, plan: Plan) -> dict[str, tuple[str, str]]:
    """This week's and last week's runs, minutes and cost, as the dashboard's Weekly Stats shows them."""
    last, this, following = week_of(now, plan.zone)
    entries = runs(last, following + LONGEST_RUN)
    weeks = [spent_between(entries, this, following, plan), spent_between(entries, last, this, plan)]
    columns = [
        (str(week.runs), f"{week.minutes:.0f}", "—" if week.cost_usd is None else dollars(week.cost_usd))
        for week in weeks
    ]
    names = ("Claude Runs", "Claude Minutes", "Claude Cost")
    return {name: (columns[0][row], columns[1][row]) for row, name in enumerate(names)}


def spent_between(
    entries: Iterable[Mapping[str, object]], start: datetime, end: datetime, plan: Plan
) -> Spent:
    """What the history's ``entries`` spent that started in ``start <= t < end`` (aware)."""
    total = Spent()
    for entry in entries:
        started = read_moment(entry.get("started"))
        if started is not None and start <= started < end:
            total = total.plus(spent_by(entry, plan))
    return total


def spent_by(entry: Mapping[str, object], plan: Plan) -> Spent:
    """What one entry of the history spent; nothing when its run did not ask Claude.

    A run that died, or was ended from outside, has left no details: a task that asks Claude counts, with the
    time that is known, at most its limit (it may have been found dead days later). So does one that is no
    longer in the plan, renamed or removed: it may have asked, and what was spent must not be spent again.
    """
    details = entry.get("details")
    details = details if isinstance(details, Mapping) else {}
    if "claude_s" in details:
        cost = details.get("cost_usd")
        return Spent(1, amount(details.get("claude_s")) or 0.0, amount(cost))
    name = str(entry.get("task"))
    task = plan.task(name) or next((each for each in SCHEDULE_REGISTRY if each.name == name), None)
    cut_off = entry.get("result") == "interrupted" or (entry.get("result") == "failed" and not details)
    if not cut_off or (task is not None and not asks_claude(task)):
        return Spent()
    minutes = _longest_minutes(plan) if task is None else task.timeout_minutes
    return Spent(1, min(amount(entry.get("duration_s")) or 0.0, minutes * SECONDS_PER_MINUTE))


def asks_claude(task: ScheduledTask) -> bool:
    """Whether a run of the task asks Claude; of a program or function of the owner's, only he can say."""
    if task.command or ":" in task.trigger_fn:
        return task.requires_claude
    return bool(task.prompt) or task.trigger_fn in CALLING_FUNCTIONS


def _longest_minutes(plan: Plan) -> int:
    """The longest limit of any task that asks Claude: the most that one which is gone may have had."""
    limits = (task.timeout_minutes for task in plan.tasks if asks_claude(task))
    return max(limits, default=USUAL_LIMIT_MINUTES)


def day_of(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The begin and end of the local day of ``now``, in UTC; it may be 23 or 25 hours long."""
    today = now.astimezone(zone).date()
    return midnight(today, zone), midnight(today + timedelta(days=1), zone)


def week_of(now: datetime, zone: tzinfo) -> tuple[datetime, datetime, datetime]:
    """When last week, this week and the next one begin, in UTC. A week begins on a Monday in ``zone``."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    last, following = (monday + timedelta(days=days) for days in (-7, 7))
    return midnight(last, zone), midnight(monday, zone), midnight(following, zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The begin of ``day`` in ``zone``, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def in_words(spent: Spent, settings: ClaudeSettings) -> str:
    """``3 of 24 runs, 41 of 240 min, $1.20 of $5.00``; without limits ``3 runs, 41 min, $1.20``."""
    runs, minutes = settings.runs_per_day, settings.minutes_per_day
    noun = "run" if spent.runs == 1 and runs is None else "runs"
    words = [
        f"{spent.runs}{_of(None if runs is None else str(runs))} {noun}",
        f"{spent.minutes:.0f}{_of(None if minutes is None else str(minutes))} min",
    ]
    limit = settings.cost_per_day
    if spent.cost_usd is not None:
        words.append(f"{dollars(spent.cost_usd)}{_of(None if limit is None else dollars(limit))}")
    elif limit is not None:
        words.append(f"cost not known (limit {dollars(limit)})")
    return ", ".join(words)


def dollars(amount_usd: float) -> str:
    """``$1.20``."""
    return f"${amount_usd:.2f}"


def amount(value: object) -> float | None:
    """``value`` as a number that can be added up; None for anything else that a file may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < MOST_AMOUNT else None  # not for what is not a number either


def _of(limit: str | None) -> str:
    return "" if limit is None else f" of {limit}"
