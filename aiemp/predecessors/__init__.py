"""What has kept a vault going until now: cron, PM2, APScheduler, a service of one's own.

Found by looking, never by asking anything to start; nothing is changed here. Each comes with the command that
switches it off, for the owner to type: two that do the same work would do it twice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from aiemp.frozen import frozen

MOST_SHOWN = 120


@frozen
class Predecessor:
    """One thing that runs the vault, or would. ``kind``: cron, PM2, APScheduler or systemd.

    ``remedy`` is a command line that switches it off; "" when nothing of it runs now. ``note`` says then what
    not to do. ``job``: of cron the whole line, of which ``what`` has the beginning.
    """

    kind: str
    where: str
    what: str
    remedy: str = ""
    note: str = ""
    job: str = ""


def find_predecessors(
    vault: Path, environ: Mapping[str, str], look: Callable[[int], None] | None = None
) -> tuple[Predecessor, ...]:
    """All that can be found of ``vault``. ``look`` is called with the number of files looked at so far."""
    from aiemp.predecessors.cron import cron_jobs  # noqa: PLC0415 - only `aiemp init` looks
    from aiemp.predecessors.pm2 import pm2_leftovers  # noqa: PLC0415
    from aiemp.predecessors.scripts import schedulers  # noqa: PLC0415
    from aiemp.predecessors.services import own_services  # noqa: PLC0415

    return (
        *cron_jobs(vault, environ),
        *pm2_leftovers(vault, environ),
        *own_services(vault, environ),
        *schedulers(vault, look),
    )


def spellings(vault: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """How the vault's path is written: as it is named, without links, by ``~`` or ``$HOME``; and each with a
    backslash before what a shell (a blank) or cron (``%``) would take for itself."""
    found = {str(vault.absolute()), os.path.realpath(vault)}
    home = environ.get("HOME", "").rstrip("/")
    for path in list(found):
        if home and path.startswith(home + "/"):
            found |= {start + path[len(home) :] for start in ("~", "$HOME", "${HOME}")}
    escaped = {re.sub(r"([ %'\"&()])", r"\\\1", path) for path in found}
    return tuple(sorted(found | escaped | {path.replace("%", "\\%") for path in found}))


def names_vault(text: str, names: Iterable[str]) -> bool:
    """Whether ``text`` has one of ``names`` in it, and not just the beginning of a longer name."""
    return any(_ends(text, end) for name in names for end in _places(text, name))


def shortened(text: str) -> str:
    """``text`` on one line, not too long."""
    text = " ".join(text.split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _places(text: str, name: str) -> Iterator[int]:
    start = text.find(name)
    while start >= 0:
        yield start + len(name)
        start = text.find(name, start + 1)


def _ends(text: str, end: int) -> bool:
    return end == len(text) or not (text[end].isalnum() or text[end] in "_-.")
