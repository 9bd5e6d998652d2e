"""The write paths of Dashboard.md, each with the owner's lines around it."""

from __future__ import annotations

import json
from pathlib import Path

from aiemp.dashboard import add_activity, touch, update
from aiemp.dashboard.rollover import rollover
from aiemp.places import Places
from tests.faults.owners_lines import DASHBOARD, NOW, owners_loss, put_dashboard
from tests.faults.write_paths import Told, again


class DashboardRow:
    """A run's row in Dashboard.md, which is full of its owner's lines."""

    name = "Dashboard.md"
    places = frozenset({"dashboard", "dashboard_lock", "dashboard_rows", "rescued_text"})

    def prepare(self, vault: Path) -> None:
        put_dashboard(vault)

    def write(self, vault: Path, action: str = "the run") -> None:
        update(vault, add_activity(NOW, action, "details", "ok"), touch(NOW))

    def problems(self, vault: Path, told: Told) -> list[str]:
        text = Places(vault).dashboard.read_text(encoding="utf-8")
        before = text.count("| the run |")
        found = owners_loss(text)
        if told is Told.DONE and before != 1:
            found.append("lost: the row was not written, and nobody was told")
        found += again(lambda: self.write(vault, "the next"))
        text = Places(vault).dashboard.read_text(encoding="utf-8")
        found += owners_loss(text)
        for row, least in (("the run", before), ("the next", 1), ("before", 1)):
            count = text.count(f"| {row} |")
            if count < least:
                found.append(f"lost: the row {row!r}")
            elif count > 1:
                found.append(f"doubled: the row {row!r}, {count} times")
        return found


class Rollover:
    """The day's end: rows leave Dashboard.md for their archive."""

    name = "rollover of the activity log"
    places = frozenset({"rollover", "activity_archive"})

    def prepare(self, vault: Path) -> None:
        rows = "".join(f"| {7 + n // 60:02}:{n % 60:02} | row {n} | — | ok |\n" for n in range(8))
        put_dashboard(vault, DASHBOARD.replace("| 07:00 | before | — | ok |\n", rows))
        (vault / "Logs").mkdir()

    def write(self, vault: Path) -> None:
        rollover(vault, NOW, keep=5)

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = again(lambda: self.write(vault))
        text = Places(vault).dashboard.read_text(encoding="utf-8")
        found += owners_loss(text)
        archive = Places(vault).activity_archive(NOW.date())
        archived = [row["action"] for row in json.loads(archive.read_bytes())] if archive.exists() else []
        for n in range(8):
            count = text.count(f"| row {n} |") + archived.count(f"row {n}")
            if count != 1:
                found.append(f"{'lost' if not count else 'doubled'}: row {n} is there {count} times")
        if Places(vault).rollover.exists():
            found.append("left over: what was about to leave")
        return found
