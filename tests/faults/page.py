"""docs/faults.md, made from what a campaign has counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tests.faults.tally import SHOWN, Tally

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """\
# Faults

What was done to aiemp on purpose, and what came of it. Made by `make faults` on {day}, seed {seed}; `make test` holds
a shorter version, and `make faults SEED={seed}` repeats the kills at the same moments.

*Injected*: faults, each followed by a look at everything. *Refused*: of these, so many in which the caller was told
that nothing was written. *Lost*: a run, a row, a line or a file that should be there and is not. *Doubled*: one that
is there twice. A run that is killed between its work and the record of its end is done again, as nobody can know
that it was done ([semantics of a run](../ARCHITECTURE.md)); that is neither.

| fault | injected | refused | survived | lost | doubled |
|---|---:|---:|---:|---:|---:|
"""
NOTES = """
## How
- *A call fails*: each call that writes (open, write, fsync, rename, exchange of names, link, unlink, mkdir, …) fails
  once, with ENOSPC, EIO, EROFS and EACCES; a failing write has written half. *Killed at a call*: the process ends
  there. Afterwards the same thing is done again without a fault, and must be whole, once, with nothing left over and
  no file left open.
- *Killed at any moment*: real processes, `kill -9` after a random part of their life; of an orchestrator alone or with
  all that it has started. Each task's work writes down its run's name, which is compared with the history.
- *Rewritten by*: for a script or an editor, *injected* are the lines that it wrote while aiemp updated the file 40
  times (15 times where the text is long). An editor here is worse than Obsidian: it saves what it read 0.6 s before,
  again and again. It is looked at after one more update, when the other one has stopped.
- *A full disk* is a real one, of 1 MB, with no page left, one page, two, …; and one that is mounted read-only.
- Claude's budget has no file of its own (it is in the history and in the state), nor has health: it is on Dashboard.md.

## What remains possible
- A program that writes Dashboard.md in place truncates it first. If it is killed in that millisecond, its text is gone;
  no other program can help that.
- A row of ours that a slow script undoes is missing until the next update, at most about ten minutes, and so is a line
  of somebody else's that was brought in from under such a script. Where a dashboard has no "Last Updated" and our
  update replaced nothing else either, a row is put back once, since it may be its owner who took it away. After half
  an hour nothing is put back; the history has the run in any case.
- A process that is killed after its run stands in the ledger and before it stands on the dashboard leaves no row there.
- A script that thinks between reading and writing can undo the lines of *another* script, as it could without aiemp.
- Where a system cannot exchange two names (some network file systems), a file that somebody renames into place within
  the microseconds between our last look and our rename is lost.
- A disk that says that something is written and forgets it at a power cut: nothing here can show that.
- A flipped bit that leaves the state a state, with another time in it or another name of a task: nothing notices that,
  and the task may run again, or not. The highest bit of a byte makes it no text, and a time that is none is taken
  from the history.
"""


def page(tallies: Mapping[str, Tally], seed: int, day: date, simulation: str) -> str:
    """The page. ``simulation``: the table of the ten years, as it stands in the page already."""
    columns = (SHOWN[0], "refused", *SHOWN[1:])
    total = Tally()
    lines = []
    for name, tally in tallies.items():
        total.add(tally)
        lines.append(f"| {name} | " + " | ".join(f"{tally.counts[each]:,}" for each in columns) + " |\n")
    lines.append("| **together** | " + " | ".join(f"**{total.counts[each]:,}**" for each in columns) + " |\n")
    return HEAD.format(day=day.isoformat(), seed=seed) + "".join(lines) + NOTES + simulation


def kinds_of(text: str) -> list[str]:
    """The kinds of fault in a page."""
    table = text.partition("|---:|\n")[2].partition("\n\n")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()][:-1]
