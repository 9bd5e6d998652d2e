"""What ``[watchers.NAME]`` says, before it is merged with the built-in and the discovered watchers."""

from __future__ import annotations

from pathlib import Path

from aiemp.config.named_tables import NamedTable, named_tables
from aiemp.config.table import Table
from aiemp.frozen import frozen


class UnknownWatcher(ValueError):
    """A table without a ``command`` adjusts a watcher that does not exist.

    ``message`` says so, and what to do.
    """

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(message)


@frozen
class WatcherSettings:
    """One ``[watchers.NAME]`` table. None: the key is not there, so the watcher's own default holds.

    ``cwd`` is absolute once it comes from :func:`aiemp.config.load.load_plan`. ``line`` is where the table
    stands in the file, from 1.
    """

    name: str
    line: int = 1
    description: str | None = None
    command: tuple[str, ...] | None = None
    cwd: Path | None = None
    env: tuple[tuple[str, str], ...] | None = None
    enabled: bool | None = None
    interval_s: int | None = None
    requires_env: tuple[str, ...] | None = None
    stop_signal: str | None = None
    stop_timeout_s: float | None = None
    fresh_within_s: float | None = None


def read_watchers(root: Table) -> tuple[WatcherSettings, ...]:
    """The ``[watchers.*]`` tables in the order of the file; mistakes go to the table's document."""
    tables = [_read_watcher(named) for named in named_tables(root, "watchers")]
    return tuple(settings for settings in tables if settings is not None)


def _read_watcher(named: NamedTable) -> WatcherSettings | None:
    table = named.table
    fresh_within_minutes = table.number("fresh_within_minutes")
    settings = WatcherSettings(
        name=named.name,
        line=table.line(),
        description=table.one_line("description"),
        command=table.argv("command"),
        cwd=table.folder("cwd"),
        env=table.variables("env"),
        enabled=table.flag("enabled"),
        interval_s=table.whole("interval_seconds"),
        requires_env=table.variable_names("requires_env"),
        stop_signal=table.choice("stop_signal"),
        stop_timeout_s=table.number("stop_timeout_seconds"),
        fresh_within_s=None if fresh_within_minutes is None else fresh_within_minutes * 60,
    )
    table.refuse_unknown_keys()
    # Without its command, a watcher of the user's own would look like one that does not exist.
    is_lost = settings.command is None and "command" in table
    return None if is_lost or not named.usable else settings
