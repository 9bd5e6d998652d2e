"""Names of tasks and watchers as a person types them: found, suggested, completed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from aiemp.cli.invocation import Invocation
from aiemp.errors import UsageError

if TYPE_CHECKING:
    from aiemp.plan import Plan, ScheduledTask, Watcher

MOST_LISTED = 20


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'list'?`` when something known looks like ``word``, else what there is."""
    from difflib import get_close_matches  # only a mistake pays for it

    choices = list(known)
    close = get_close_matches(word.lower(), choices, n=2, cutoff=0.5)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return f"; there are: {', '.join(choices[:MOST_LISTED])}" if choices else "; there are none"


def find_task(plan: Plan, name: str) -> ScheduledTask:
    """The task of that name. Raises UsageError, with what may have been meant."""
    task = plan.task(name)
    if task is None:
        names = [each.name for each in plan.tasks]
        also = "; there is a watcher of that name" if plan.watcher(name) else suggestion(name, names)
        raise UsageError(f"there is no task {name!r}{also}")
    return task


def find_watcher(plan: Plan, name: str) -> Watcher:
    """The watcher of that name. Raises UsageError, with what may have been meant."""
    watcher = plan.watcher(name)
    if watcher is None:
        names = [each.name for each in plan.watchers]
        also = "; there is a task of that name" if plan.task(name) else suggestion(name, names)
        raise UsageError(f"there is no watcher {name!r}{also}")
    return watcher


def task_names(plan: Plan) -> list[str]:
    return [task.name for task in plan.tasks]


def watcher_names(plan: Plan) -> list[str]:
    return [watcher.name for watcher in plan.watchers]


def all_names(plan: Plan) -> list[str]:
    return [*task_names(plan), *watcher_names(plan)]


def completing(
    names: Callable[[Plan], list[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """For ``shell_complete``: the plan's names that begin with what was typed. A plan with mistakes has none:
    a completion has nobody to tell them to."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        invocation = ctx.find_object(Invocation) or Invocation()
        try:
            known = names(invocation.load_plan(warn=False))
        except Exception:  # noqa: BLE001 - see above
            return []
        return [name for name in dict.fromkeys(known) if name.startswith(incomplete)]

    return complete
