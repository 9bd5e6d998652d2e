"""The built-in watcher ``approval``: notices what its owner decided, and what waits too long for him.

A file that appears in ``Approved/`` or ``Rejected/`` is a decision: it is logged and gets a row on the
dashboard, once. So does an approval that has become stale. The files themselves are never touched.

Run as ``python -m aiemp.watchers.approval --vault V --interval N [--dry-run] [--once] [--check-stale]``.
"""

from __future__ import annotations

import os
import sys

from aiemp.watchers.folders import folder_named, vault_is_there, visible_names
from aiemp.watchers.known import Known, load, processed_file, remove_leftovers
from aiemp.watchers.listing import list_files
from aiemp.watchers.loop import Looked, Stop, run_locked
from aiemp.watchers.options import ZONE_VARIABLE, Options, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

NAME = "approval"
PENDING = "Pending_Approval"
DECISIONS = {"Approved": "approved", "Rejected": "rejected"}
STALE = "stale:"
STALE_CHECK_S = 900.0
FIRST_STALE_CHECK_S = 5.0
"""After a start the decisions come first."""
MOST_ROWS = 10
"""Of many decisions at once (a folder moved) the dashboard shows so many, and how many more there were."""


class ApprovalWatch:
    """Looks into Approved and Rejected, and from time to time at what is pending.

    An id is the path of a decision in the vault, or ``stale:`` and the path of a pending approval.
    """

    name = NAME

    def __init__(self, options: Options) -> None:
        self.known: Known | None = None
        self._seen: frozenset[str] = frozenset()
        self._options = options
        self._vault = options.vault
        self._missing: set[str] = set()
        self._stale_check_at = 0.0
        self._rows: list[tuple[str, str, str]] = []  # not shown yet

    def is_there(self) -> bool:
        return vault_is_there(self._vault, self._seen)

    def look(self, looked: Looked, now_s: float, steady_s: float) -> None:
        first_start = False
        if self.known is None:
            self.known = self._begin(looked, now_s)
            first_start = not self.known.ours
            self._stale_check_at = steady_s + (0 if self._options.once else FIRST_STALE_CHECK_S)
        known = self.known
        here, complete = self._decisions(looked)
        for decision in self._new(here, known):
            if not first_start:
                folder, _, rest = decision.partition("/")
                looked.messages.append(f"{DECISIONS[folder]}: {rest!r}")
                self._rows.append((f"Approval {DECISIONS[folder]}", rest.rpartition("/")[2], "✅ Noticed"))
            known.add(decision)
        if complete:
            self._forget_gone(here, known)
        self._rows += self._newly_stale(looked, known, steady_s)
        if self._options.dry_run:
            self._rows.clear()
            return
        if known.unsaved or first_start:
            # Before the dashboard: a crash between the two costs a row, and never writes one twice.
            known.save(now_s)
        if self._rows:
            _show(self._vault, self._rows, looked, now_s)
            self._rows = []

    def wait(self, timeout_s: float, stop: Stop) -> bool:
        stop.wait(timeout_s)
        return False

    def close(self) -> None:
        """Nothing is held."""

    def _begin(self, looked: Looked, now_s: float) -> Known:
        path = processed_file(self._vault, NAME)
        known, messages = load(path, now_s, dry_run=self._options.dry_run)
        looked.warnings.extend(messages)
        if not self._options.dry_run:
            if not os.path.exists(known.folder):
                known.make_folder()
            remove_leftovers(known.folder, lambda name: name == os.path.basename(path))
        self._seen = visible_names(self._vault)
        return known

    def _decisions(self, looked: Looked) -> tuple[list[str], bool]:
        """The notes in Approved and Rejected, and whether all could be seen."""
        here = []
        complete = True
        for name in DECISIONS:
            folder = folder_named(self._vault, name)
            if folder is None:
                complete = False
                continue
            listing = list_files(folder)
            looked.problems.update(listing.problems)
            complete = complete and listing.complete
            here += [f"{name}/{relative}" for relative in listing.files if relative.lower().endswith(".md")]
        return here, complete

    def _new(self, here: list[str], known: Known) -> list[str]:
        """The decisions that were not known. One that only moved within its folder is none."""
        new = [decision for decision in here if decision not in known]
        if not new:
            return []
        present = set(here)
        left = {_kind_and_name(each): each for each in known if each not in present and _is_decision(each)}
        decided = []
        for decision in new:
            before = left.pop(_kind_and_name(decision), None)
            if before is None:
                decided.append(decision)
            else:
                known.discard(before)
                known.add(decision)
        return decided

    def _forget_gone(self, here: list[str], known: Known) -> None:
        """Forget a decision that is gone for two looks, so that a later one of that name is noticed; after
        one look it might only be in the middle of being replaced by a program that syncs or edits it."""
        gone = {each for each in known if _is_decision(each)}.difference(here)
        for decision in gone & self._missing:
            known.discard(decision)
        self._missing = gone

    def _newly_stale(self, looked: Looked, known: Known, steady_s: float) -> list[tuple[str, str, str]]:
        """A row for each approval that has become stale since it was looked at last."""
        if steady_s < self._stale_check_at:
            return []
        self._stale_check_at = steady_s + STALE_CHECK_S
        folder = folder_named(self._vault, PENDING)
        listing = list_files(folder) if folder is not None else None
        if folder is None or listing is None or not listing.complete:
            return []
        pending = {
            f"{STALE}{os.path.basename(folder)}/{name}"
            for name in listing.files
            if name.lower().endswith(".md")
        }
        for flagged in [each for each in known if each.startswith(STALE) and each not in pending]:
            known.discard(flagged)
        if all(each in known for each in pending):
            return []
        from aiemp.watchers.stale_check import ask  # noqa: PLC0415 - not needed at start

        rows = []
        for path in ask(self._vault, looked):
            if STALE + path not in known:
                known.add(STALE + path)
                looked.messages.append(f"stale, waits for a decision: {path!r}")
                rows.append(("Stale approval", path.rpartition("/")[2], "⚠️ Waits for you"))
        return rows


def _is_decision(processed_id: str) -> bool:
    return processed_id.partition("/")[0] in DECISIONS


def _kind_and_name(decision: str) -> tuple[str, str]:
    return decision.partition("/")[0], decision.rpartition("/")[2]


def _show(vault: str, rows: list[tuple[str, str, str]], looked: Looked, now_s: float) -> None:
    """Rows in the dashboard's activity log. What goes wrong there is said, and stops nothing."""
    from pathlib import Path  # noqa: PLC0415 - decisions are rare

    from aiemp.dashboard import add_activity, touch, update  # noqa: PLC0415
    from aiemp.errors import AiempError  # noqa: PLC0415

    if len(rows) > MOST_ROWS:
        more = len(rows) - MOST_ROWS
        rows = [*rows[:MOST_ROWS], ("Approvals", f"and {more} more at the same time", "✅ Noticed")]
    at = _local_time(now_s)
    try:
        update(Path(vault), *(add_activity(at, *row) for row in rows), touch(at))
    except (AiempError, OSError) as error:
        looked.warnings.append(f"the dashboard does not show it: {error}")


def _local_time(now_s: float) -> datetime:
    """The time in the plan's zone, which the environment names; else in the machine's."""
    from datetime import datetime  # noqa: PLC0415 - not needed at start
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    name = os.environ.get(ZONE_VARIABLE)
    return (
        datetime.fromtimestamp(now_s, ZoneInfo(name)) if name else datetime.fromtimestamp(now_s).astimezone()
    )


def main(arguments: list[str]) -> int:
    options = parse(NAME, arguments, check_stale=True)
    if options.check_stale:
        from pathlib import Path  # noqa: PLC0415 - a run of its own

        from aiemp.watchers.stale_check import report  # noqa: PLC0415

        return report(Path(options.vault))
    stop = Stop()
    return run_locked(ApprovalWatch(options), options, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
