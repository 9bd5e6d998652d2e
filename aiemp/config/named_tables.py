"""The tables of a section that are called by the user's own names: tasks, watchers, mcp. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aiemp.config.document import shown
from aiemp.config.names import check_name, clash_key
from aiemp.config.table import Table


class NamedTable(NamedTuple):
    """One ``[section.NAME]``. When it is not ``usable``, its name is a mistake that has been noted.

    ``meant`` is the name that ``name`` clashes with, and must have been meant for; else ``name`` itself.
    """

    name: str
    table: Table
    usable: bool
    meant: str


def named_tables(root: Table, section: str, built_in: Iterable[str] = ()) -> list[NamedTable]:
    """The tables of ``section``, in the order of the file; tables with a bad name are among them.

    ``built_in``: names that exist already; a table adjusts one only when it spells the name the same way.
    """
    tables = root.table(section)
    if tables is None:
        return []
    spellings = {clash_key(name): name for name in built_in}
    found = []
    for name in tables.names():
        table = tables.table(name)
        if table is None:
            continue
        reason = check_name(name)
        other = spellings.setdefault(clash_key(name), name)
        if reason is not None:
            _refuse(table, name, f"{reason}; use letters, digits, `_`, `-` and `.`")
        elif other != name:
            reason = f"differs from {other} only in capitals or `-` and `_`; spell it so, or rename it"
            _refuse(table, name, reason)
        found.append(NamedTable(name, table, usable=reason is None, meant=other))
    return found


def _refuse(table: Table, name: str, reason: str) -> None:
    table.document.mistake(table.place, f"the name {shown(name)} {reason}")
