"""The write paths of alerts."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aiemp.alerts import Alert, clear_alert, raise_alert
from aiemp.places import Places
from aiemp.plan import Plan
from tests.faults.owners_lines import NOW, QUIET_S, owners_loss, put_dashboard
from tests.faults.write_paths import Told


class AlertRaised:
    """An alert, its row and its file, and its end."""

    name = "alert: file and row"
    places = frozenset({"alerts", "alerts_lock"})
    alert = Alert("task-triage", "triage", "Task triage failed", "it fell over", "pick it up")

    def prepare(self, vault: Path) -> None:
        put_dashboard(vault)
        (vault / "Needs_Action").mkdir()

    def write(self, vault: Path) -> None:
        raise_alert(Plan(vault), self.alert, NOW, {})

    def problems(self, vault: Path, told: Told) -> list[str]:
        self.write(vault)
        files = list(Places(vault).alerts.glob("*.md"))
        text = Places(vault).dashboard.read_text(encoding="utf-8")
        rows = text.count("it fell over")
        found = owners_loss(text)
        for what, count in (("file", len(files)), ("row", rows)):
            if count != 1:
                found.append(f"{'lost' if not count else 'doubled'}: the alert's {what}: {count}")
        if files and "it fell over" not in files[0].read_text(encoding="utf-8"):
            found.append("torn: the alert's file")
        return found


class AlertCleared(AlertRaised):
    """The same alert's cause is gone; its file holds a word of the owner's, which is kept."""

    name = "alert: taken back"

    def prepare(self, vault: Path) -> None:
        super().prepare(vault)
        (vault / "Done").mkdir()
        super().write(vault)
        [file] = Places(vault).alerts.glob("*.md")
        file.write_text(file.read_text(encoding="utf-8") + "my own word\n", encoding="utf-8")
        os.utime(Places(vault).dashboard, (QUIET_S, QUIET_S))

    def write(self, vault: Path) -> None:
        clear_alert(Plan(vault), self.alert.key)

    def problems(self, vault: Path, told: Told) -> list[str]:
        self.write(vault)
        texts = [file.read_text(encoding="utf-8") for file in (vault / "Done").glob("*.md")]
        text = Places(vault).dashboard.read_text(encoding="utf-8")
        found = owners_loss(text)
        if not re.search(r"it fell over \| Resolved +\|", text):
            found.append("lost: that it is over")
        count = sum("my own word" in text for text in texts)
        if count != 1:
            found.append(f"{'lost' if not count else 'doubled'}: the owner's word, {count} times")
        if list(Places(vault).alerts.glob("*.md")):
            found.append("left over: the alert's file")
        return found
