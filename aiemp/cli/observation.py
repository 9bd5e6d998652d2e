"""Reading what runs and what has run, for the commands that show tasks."""

from __future__ import annotations

from datetime import datetime

from aiemp.cli.task_facts import TaskFacts, task_facts
from aiemp.ledger import Ledger, LedgerState
from aiemp.locks import probe
from aiemp.places import Places
from aiemp.plan import Plan


def observe_tasks(plan: Plan, now: datetime) -> list[TaskFacts]:
    """The facts of each task now. Raises OSError when the state file is there and cannot be read."""
    return facts_from(plan, Ledger(plan.vault).read(), now)


def facts_from(plan: Plan, state: LedgerState, now: datetime) -> list[TaskFacts]:
    """The facts of each task, from a state that was read already."""
    return task_facts(plan, state.records, now, probe(Places(plan.vault).run_lock))
