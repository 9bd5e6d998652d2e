"""Why a task runs or does not, and what its owner can do about it. Pure."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta

from aiemp.claude.budget import why_blocked
from aiemp.claude.pause import PAUSED
from aiemp.cli.explanation import Reason
from aiemp.cli.status_report import Status
from aiemp.cli.task_facts import TaskFacts
from aiemp.cli.words import ago_in_words, ahead_in_words, duration_in_words, moment_in_words
from aiemp.decisions import Decision
from aiemp.frozen import replace
from aiemp.locks import Holder
from aiemp.remedy import split_remedy
from aiemp.runs import Result
from aiemp.schedules import latest_slot, within_catch_up
from aiemp.systemd.command_lines import start_line

NO_CLAUDE = "Claude Code is not installed"
ALL_BACK = timedelta(days=8)
"""How far back a slot is looked for that was dropped: each kind of schedule but a calendar's has one by then."""


def explain_task(facts: TaskFacts, status: Status, run_holder: Holder | None) -> Reason:
    """Why the task is as it is. ``run_holder``: who holds the vault's run lock, one run at a time."""
    return _with_what_holds_claude(_explain(facts, status, run_holder), facts, status)


def _explain(facts: TaskFacts, status: Status, run_holder: Holder | None) -> Reason:
    task, record = facts.task, facts.record
    if not task.enabled:
        by_hand = f"run it once by hand: {_trigger(facts)}"
        why = "It is disabled, so it never runs by itself."
        return Reason("disabled", (why,), (f"switch it on: aiemp enable {_word(facts)}", by_hand))
    if facts.running and record.running is not None:
        run = record.running
        since = ago_in_words(run.started, status.now)
        limit = f"it is ended after {task.timeout_minutes} min"
        return Reason("running", (f"It is running now: attempt {run.attempt}, begun {since}; {limit}.",))
    if facts.blocked_reason:
        return _blocked(facts, status)
    if facts.decision.due:
        return _due(facts, status, run_holder)
    return _not_due(facts, status)


def _with_what_holds_claude(reason: Reason, facts: TaskFacts, status: Status) -> Reason:
    """The same with a pause or a budget that would keep a run from beginning now, unless that was said."""
    task, use = facts.task, status.use
    if not (task.enabled and task.requires_claude) or facts.running:
        return reason
    said = " ".join((*reason.why, *reason.steps))
    if use.pause is not None and PAUSED not in said:
        words = f"Claude is {use.pause.in_words(status.plan.zone)}: until that ends no run of it begins."
        return replace(reason, why=(*reason.why, words), steps=("end the pause: aiemp resume", *reason.steps))
    budget = why_blocked(status.plan.claude, use.spent)
    if budget is not None and "budget" not in said:
        what, remedy = split_remedy(budget)
        remedy = remedy.replace("aiemp trigger NAME", _trigger(facts))
        return replace(reason, why=(*reason.why, f"{what}."), steps=(remedy, *reason.steps))
    return reason


def _blocked(facts: TaskFacts, status: Status) -> Reason:
    """Something outside of it keeps it from running; that costs no attempt."""
    what, remedy = split_remedy(facts.blocked_reason)
    why = [f"It is blocked: {what}."]
    until = facts.decision.held_until
    steps = [remedy] if remedy else []
    if until is not None:
        why.append(f"It is tried again {_when(until, status)}, and that costs no attempt.")
    else:
        why.append("That costs no attempt: it stays due, and runs by itself once the cause is gone.")
    if status.use.pause is None and facts.blocked_reason.startswith(PAUSED):
        why.append("The pause is over by now: it runs at the next look.")
        steps = []
    elif status.claude is not None and facts.blocked_reason.startswith(NO_CLAUDE):
        why.append(f"On the PATH of this shell it is there by now: {status.claude}.")
        steps = [f"let those who start tasks find it, too: {_renew_line(status)}"]
    steps += _start_steps(status)
    steps.append(f"try it at once: {_trigger(facts)}")
    return Reason("blocked", tuple(why), tuple(steps), is_bad=True)


def _renew_line(status: Status) -> str:
    """What gives the units, or the running aiemp, the PATH of this shell."""
    if status.units is not None:
        return status.units.install_line
    return "stop aiemp and start it again: aiemp run"


def _due(facts: TaskFacts, status: Status, run_holder: Holder | None) -> Reason:
    """It should run now; something has to start it."""
    why, last = [_why_due(facts.decision, facts, status)], facts.record.last
    if facts.cut_off and facts.record.running is not None:
        began = _when(facts.record.running.started, status)
        why.insert(0, f"Its last run, begun {began}, died without a word (a power cut, or it was killed).")
    elif last is not None and last.result is Result.INTERRUPTED:
        why.insert(0, f"Its last run was cut off {ago_in_words(last.finished, status.now)}: {last.error}.")
    if run_holder is not None:
        why.append(f"One run at a time: it waits for {run_holder}.")
        return Reason("waiting", tuple(why))
    steps = _start_steps(status)
    if steps:
        why.append("Nothing starts it: the orchestrator is not running.")
        return Reason("due", tuple(why), (*steps, f"run it once by hand: {_trigger(facts)}"), is_bad=True)
    ahead = [
        other.task.name
        for other in status.tasks
        if other.decision.due and not other.running and other.task.priority < facts.task.priority
    ]
    why.append(f"Before it, by priority: {', '.join(ahead)}." if ahead else "It is started at the next look.")
    return Reason("due", tuple(why))


def _why_due(decision: Decision, facts: TaskFacts, status: Status) -> str:
    if decision.reason == "never run":
        has_begun = facts.record.last is not None or facts.cut_off
        return f"It is due: {'no run of it has come to its end' if has_begun else 'it has never run'} here."
    slot = f"the run of {_when(decision.slot, status)}" if decision.slot else "a run"
    if decision.attempt > 1:
        return f"It is due again: attempt {decision.attempt} of {facts.task.max_attempts} at {slot}."
    return f"It is due: {slot} has not been made."


def _not_due(facts: TaskFacts, status: Status) -> Reason:
    task, record, last = facts.task, facts.record, facts.record.last
    at = facts.decision.wake_at
    following = f"It runs next {_when(at, status)} ({ahead_in_words(at, status.now)})." if at else ""
    if record.retry_at is not None and facts.decision.slot is not None and last is not None:
        why = f"Attempt {record.attempts} of {task.max_attempts} failed {ago_in_words(last.finished, status.now)}"
        tried = f"{why}: {last.error or 'it gave no reason'}."
        again = f"It is tried again by itself. {following}"
        if status.orchestrator is None:
            again = "It would be tried again, but nothing starts it: the orchestrator is not running."
        return Reason("retry", (tried, again), (*_start_steps(status), *_mend(facts)), is_bad=True)
    if last is not None and (last.result is Result.FAILED or facts.is_given_up):
        why = f"Its last run failed {ago_in_words(last.finished, status.now)}: {last.error or 'no reason given'}."
        over = f"It is not tried again before its next time. {following}".rstrip()
        return Reason("failed", (why, over), _mend(facts), is_bad=True)
    dropped = _dropped_slot(facts, status)
    notes = []
    if dropped is not None:
        rule = "false" if task.catch_up is False else f"{_hours(task.catch_up)}"
        notes.append(
            f"The run of {_when(dropped, status)} was missed and is dropped, since catch_up = {rule} in aiemp.toml."
        )
    if at is None:
        return Reason("not due", (*notes, "Its calendar expression has no more times."), is_bad=True)
    is_ok = last is not None and last.result is Result.SUCCEEDED
    since = (
        f"Its last run {'was well' if is_ok else 'is over'}, and it is not time yet."
        if last
        else ("It has never run here, and it is not time yet.")
    )
    return Reason("not due", (*notes, since, following), _start_steps(status))


def _dropped_slot(facts: TaskFacts, status: Status) -> datetime | None:
    """The last slot before now, if nothing ran for it because it was too old when somebody could have."""
    task, last_run = facts.task, facts.record.last_run
    if task.interval is not None:
        return None
    since = None if last_run is None else max(last_run, status.now - ALL_BACK)
    slot = latest_slot(task, since, status.now, status.plan.zone)
    return slot if slot is not None and not within_catch_up(task, slot, status.now) else None


def _start_steps(status: Status) -> tuple[str, ...]:
    if status.orchestrator is not None:
        return ()
    line = start_line(status.units.scope) if status.units else "aiemp run"
    return (f"start the orchestrator: {line}",)


def _mend(facts: TaskFacts) -> tuple[str, ...]:
    return ("read the end of its log below, and mend what it says", f"then try it: {_trigger(facts)}")


def _trigger(facts: TaskFacts) -> str:
    return f"aiemp trigger {_word(facts)}"


def _word(facts: TaskFacts) -> str:
    return shlex.quote(facts.task.name)


def _when(moment: datetime, status: Status) -> str:
    return moment_in_words(moment, status.now, status.plan.zone)


def _hours(age: object) -> str:
    from aiemp.config.show import age_in_words

    return f'"{age_in_words(age)}"' if isinstance(age, timedelta) else str(age)


def task_facts_shown(facts: TaskFacts, status: Status) -> tuple[tuple[str, str], ...]:
    """What there is to know beside the reason."""
    from aiemp.schedule_words import schedule_in_words

    task, last = facts.task, facts.record.last
    rows = [("schedule", schedule_in_words(task))]
    if task.requires_claude:
        rows.append(("needs", "Claude Code"))
    if facts.last_moment is not None:
        rows.append(("last run", _when(facts.last_moment, status)))
    if last is not None:
        took = "" if last.result is Result.BLOCKED else f" after {duration_in_words(last.duration_s)}"
        rows.append(("ended", f"{last.result.value}{took}, {ago_in_words(last.finished, status.now)}"))
        if last.summary:
            rows.append(("it said", last.summary))
    rows.append(("next run", facts.next_cell(status.now, status.plan.zone, ahead=True).text))
    return tuple(rows)
