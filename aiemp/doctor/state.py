"""``state``: what has run can be read, and what will have run be written. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, counted, fail, ok, warn, with_remedy
from aiemp.frozen import frozen
from aiemp.remedy import own_line


@frozen
class StateSeen:
    """The state file. ``unreadable`` says why it cannot be opened, ``is_corrupt`` that it is no state, and
    ``set_aside`` are earlier ones that were none, and were kept. ``obstacle``: why the history of runs cannot be
    written, with the remedy behind a semicolon."""

    file: Path
    exists: bool
    unreadable: str = ""
    is_corrupt: bool = False
    set_aside: tuple[Path, ...] = ()
    obstacle: str = ""


def judge_state(seen: StateSeen) -> list[Finding]:
    """Nothing where nothing has run yet."""
    findings = []
    if seen.unreadable:
        what = f"{seen.file} cannot be read ({seen.unreadable}), so nothing runs by itself"
        findings.append(fail(what, own_line(seen.file)))
    elif seen.is_corrupt:
        what = f"{seen.file} is no state file (torn or edited)"
        remedy = "have it set aside and made anew from the history: aiemp list"
        findings.append(fail(what, remedy, ("aiemp list",)))
    if seen.obstacle:
        what, remedy = with_remedy(seen.obstacle)
        findings.append(fail(f"the history of runs cannot be written: {what}", remedy))
    if seen.set_aside:
        names = " ".join(shlex.quote(str(path)) for path in seen.set_aside)
        number = len(seen.set_aside)
        verb = "was" if number == 1 else "were"
        what = f"{counted(number, 'torn state file')} {verb} set aside: runs may have been lost"
        findings.append(warn(what, f"look at the runs with `aiemp history`, then: rm {names}"))
    if not findings and seen.exists:
        findings.append(ok(f"{seen.file} can be read"))
    return findings
