"""What ``aiemp init`` has to know: from its options, else asked on a terminal, else the defaults."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from aiemp.cli.names import suggestion
from aiemp.cli.screen import visible
from aiemp.errors import UsageError
from aiemp.frozen import frozen, replace

if TYPE_CHECKING:
    from aiemp.config.settings import Settings
    from aiemp.config.template import Choices
    from aiemp.plan import Plan, Watcher

Value = TypeVar("Value")

NONE = "none"
LONGEST_NAME = 100


@frozen
class Answers:
    """None: not said. ``only`` and ``without`` are watchers by name; ``only`` empty: all."""

    name: str | None = None
    timezone: str | None = None
    morning: time | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def switched_off(self, watchers: Sequence[Watcher]) -> tuple[str, ...]:
        """Which of ``watchers`` are not to run."""
        wanted = set(self.only or (watcher.name for watcher in watchers)) - set(self.without)
        return tuple(watcher.name for watcher in watchers if watcher.name not in wanted)

    def choices(self, watchers: Sequence[Watcher]) -> Choices:
        """What a new configuration has to set."""
        from aiemp.config.template import Choices

        return Choices(self.morning, dict.fromkeys(self.switched_off(watchers), False))


def check_watchers(answers: Answers, watchers: Sequence[Watcher]) -> None:
    """UsageError for a name that no watcher has."""
    known = [watcher.name for watcher in watchers]
    for option, names in (("--watcher", answers.only), ("--no-watcher", answers.without)):
        for name in names:
            if name not in known:
                raise UsageError(f"{option}: there is no watcher {name!r}{suggestion(name, known)}")


def check_as_configured(answers: Answers, settings: Settings, plan: Plan, file: object) -> None:
    """UsageError when an option asks for something else than a configuration that is there, which init never
    changes. What is so already is no mistake: a script may be run again."""
    from aiemp.config.template import MORNING_TASK

    morning = plan.task(MORNING_TASK)
    off = {watcher.name for watcher in plan.watchers if not watcher.enabled}
    asked = [
        ("--timezone", answers.timezone, settings.timezone),
        ("--morning", answers.morning, morning.time_of_day if morning else None),
    ]
    other = [
        f"{option} {wanted:%H:%M}" if isinstance(wanted, time) else f"{option} {wanted}"
        for option, wanted, has in asked
        if wanted not in (None, has)
    ]
    if answers.only and set(answers.switched_off(plan.watchers)) != off:
        other.append("--watcher")
    if not set(answers.without) <= off:
        other.append("--no-watcher")
    if other:
        raise UsageError(
            f"{file} is there already and says something else than {' and '.join(other)}; "
            "init changes nothing that is there: aiemp config edit"
        )


def check_places(vault: Path, config: Path, *, is_new_config: bool, is_named: bool) -> None:
    """UsageError where the vault or a new configuration cannot be: before anything is made, so that nothing is left
    half made."""
    from aiemp.config.load import lies_in

    there = next(path for path in (vault, *vault.parents) if os.path.lexists(path))
    if not there.is_dir():
        raise UsageError(f"{there} is not a folder; name another for the vault")
    if not is_new_config:
        return
    if lies_in(config, vault) and not is_named:
        raise UsageError(
            f"{config}, the configuration, would lie inside the vault {vault}, where Claude can change it; make the "
            "vault a folder of its own: aiemp init ~/vault"
        )
    there = next(parent for parent in config.parents if os.path.lexists(parent))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise UsageError(
            f"{config} cannot be made, since {there} cannot be written; name another place with --config"
        )


def may_ask(*, yes: bool, as_json: bool) -> bool:
    """Whether somebody sits there who can answer."""
    return not yes and not as_json and sys.stdin.isatty() and sys.stderr.isatty()


def with_defaults(answers: Answers) -> Answers:
    """What holds for what nobody has said."""
    return replace(
        answers,
        name=own_name() if answers.name is None else answers.name,
        timezone=answers.timezone or machine_zone_name(),
    )


def ask_name(answers: Answers) -> Answers:
    """For the handbook; it is only asked where that is still to be made."""
    if answers.name is not None:
        return answers
    return replace(answers, name=_ask("Your name, for the handbook", own_name(), owner_name))


def ask_settings(answers: Answers, watchers: Sequence[Watcher]) -> Answers:
    """What goes into a new configuration, each with its default."""
    timezone = answers.timezone or _ask("Time zone", machine_zone_name() or "UTC", checked_zone)
    morning = answers.morning or _ask("Morning triage at", f"{default_morning():%H:%M}", checked_time)
    answers = replace(answers, timezone=timezone, morning=morning)
    if answers.only or answers.without:
        return answers
    from aiemp.cli.output import note

    note("Watchers there are:")
    width = max((len(watcher.name) for watcher in watchers), default=0)
    for watcher in watchers:
        note(f"  {watcher.name.ljust(width)}  {visible(watcher.description)}")
    known = [watcher.name for watcher in watchers]
    names = _ask(f"Which of them, or {NONE}", ", ".join(known), lambda text: _names(text, known))
    return replace(answers, without=tuple(name for name in known if name not in names))


def checked_zone(text: str) -> str:
    """An IANA name. click.UsageError, with what may have been meant, for one that is none."""
    from aiemp.config.zones import named_zone, suggested_zone

    name = text.strip()
    if named_zone(name) is None:
        advice = f'an IANA name like "Europe/Berlin"{suggested_zone(name)}'
        raise click.UsageError(f"{name!r} is no time zone that exists; give {advice}")
    return name


def checked_time(text: str) -> time:
    """A time of day, as aiemp.toml has it. click.UsageError for one that is none."""
    from aiemp.config.keys import TIME

    parts = re.fullmatch(TIME, text.strip())
    if parts is None or parts[3]:
        raise click.UsageError(f'{text!r} is no time of day; give it like "08:00"')
    return time(int(parts[1]), int(parts[2]))


def owner_name(text: str) -> str:
    """A name on one line of Markdown."""
    return visible(text.strip())[:LONGEST_NAME]


def own_name() -> str:
    """The name that the system has for this user, else how he logs in; root is nobody's name."""
    try:
        import pwd

        entry = pwd.getpwuid(os.getuid())
    except (ImportError, KeyError):
        return ""
    full = entry.pw_gecos.partition(",")[0].strip()
    name = full if full and full != "&" else entry.pw_name
    return "" if name == "root" else owner_name(name)


def machine_zone_name() -> str | None:
    """The machine's zone, as far as it has a name."""
    from aiemp.config.zones import machine_zone, zone_name

    return zone_name(machine_zone(os.environ)[0])


def default_morning() -> time:
    """When the morning triage runs unless somebody says otherwise."""
    from aiemp.config.template import MORNING_TASK
    from aiemp.plan import SCHEDULE_REGISTRY

    task = next(task for task in SCHEDULE_REGISTRY if task.name == MORNING_TASK)
    assert task.time_of_day is not None
    return task.time_of_day


def _names(text: str, known: Sequence[str]) -> tuple[str, ...]:
    words = text.replace(",", " ").split()
    if words == [NONE]:
        return ()
    for word in words:
        if word not in known:
            raise click.UsageError(f"there is no watcher {word!r}{suggestion(word, known)}")
    return tuple(words)


def _ask(question: str, default: str, check: Callable[[str], Value]) -> Value:
    answer: Value = click.prompt(
        question, default=default, show_default=bool(default), value_proc=check, err=True
    )
    return answer
