"""Names of tasks and watchers as a person types them: found, suggested, completed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from aiemp.cli.invocation import Invocation
from aiemp.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


Described = dict[str, str]
"""Names, each with what it stands for."""


def task_names(plan: Plan) -> Described:
    return {task.name: task.description for task in plan.tasks}


def watcher_names(plan: Plan) -> Described:
    return {watcher.name: watcher.description for watcher in plan.watchers}


def all_names(plan: Plan) -> Described:
    return {**watcher_names(plan), **task_names(plan)}


def completing(
    names: Callable[[Plan], Described],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """For ``shell_complete``: the plan's names that begin with what was typed. A plan with mistakes has none:
    a completion has nobody to tell them to."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from aiemp.config.load import load_plan

        invocation = ctx.find_object(Invocation) or Invocation()
        try:
            known = names(load_plan(config=invocation.config, vault=invocation.vault))
        except Exception:  # noqa: BLE001 - see above
            return []
        return [
            CompletionItem(name, help=" ".join(about.split()) or None)
            for name, about in known.items()
            if name.startswith(incomplete)
        ]

    return complete
