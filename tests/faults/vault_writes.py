"""The ways of writing into a vault that the fault campaign interrupts."""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiemp.alerts import Alert, clear_alert, raise_alert
from aiemp.claude.pause import Pause, read_pause, remove_pause, write_pause
from aiemp.claude.run_log import RunLog, new_log
from aiemp.dashboard import add_activity, touch, update
from aiemp.dashboard.rollover import rollover
from aiemp.ledger import Ledger
from aiemp.locks import Holder, acquire, probe
from aiemp.log_files import _RotatingFile, prepare_log_file
from aiemp.mcp.results import last_verdicts, save
from aiemp.mcp.verdict import State, Verdict
from aiemp.ping_trouble import note_ping_trouble, ping_troubles
from aiemp.places import Places
from aiemp.plan import McpServer, Plan
from aiemp.triggers.sealed_note import write_note
from aiemp.vault.archive import archive_done
from aiemp.watchers.filesystem import FilesystemWatch
from aiemp.watchers.loop import Looked, Stop
from aiemp.watchers.options import Options
from tests.faults.write_paths import Told, again

NOW = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)
OWNERS_LINES = [f"A line of the owner's, number {n}, with | and ü.\n" for n in range(20)]
DASHBOARD = (
    "# AI Employee Dashboard\n\n> **Last Updated:** 2026-11-22 08:00:00\n\n## Today's Activity Log\n\n"
    "| Time | Action | Details | Result |\n|---|---|---|---|\n| 07:00 | before | — | ok |\n\n"
    + "".join(OWNERS_LINES)
)
QUIET_S = 1_700_000_000.0
"""A modification time so long ago that nobody counts as writing the dashboard just now."""


def put_dashboard(vault: Path, text: str = DASHBOARD) -> None:
    path = Places(vault).dashboard
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    os.utime(path, (QUIET_S, QUIET_S))


def owners_loss(text: str, lines: list[str] = OWNERS_LINES) -> list[str]:
    """What of the owner's is not in the text as often as he wrote it."""
    found = Counter(text.splitlines(keepends=True))
    lost = [line for line in lines if found[line] < 1]
    doubled = [line for line in lines if found[line] > 1]
    return [
        *([f"lost: {len(lost)} lines of the owner's"] if lost else []),
        *([f"doubled: {len(doubled)} lines of the owner's"] if doubled else []),
    ]


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


class PauseSet:
    """``aiemp pause`` in place of an older pause, and ``aiemp resume``."""

    name = "pause of Claude"
    places = frozenset({"pause"})
    old, new = Pause(NOW, None, "old"), Pause(NOW, NOW + timedelta(days=1), "new")

    def prepare(self, vault: Path) -> None:
        write_pause(vault, self.old)

    def write(self, vault: Path) -> None:
        write_pause(vault, self.new)

    def problems(self, vault: Path, told: Told) -> list[str]:
        now = read_pause(vault, NOW)
        found = [] if now in (self.old, self.new) else [f"lost: the pause is {now}"]
        if told is not Told.KILLED and now != (self.new if told is Told.DONE else self.old):
            found.append(f"torn: {told.value}, and the pause is {now}")
        found += again(lambda: self.write(vault))
        if read_pause(vault, NOW) != self.new:
            found.append("lost: the new pause")
        found += again(lambda: remove_pause(vault))
        return found + ([] if read_pause(vault, NOW) is None else ["doubled: it holds after its end"])


class McpResults:
    """What a probe of the MCP servers found."""

    name = "results of the MCP probe"
    places = frozenset({"mcp_results"})
    server = McpServer("email", ("node", "server.js"))

    def prepare(self, vault: Path) -> None:
        save(self._plan(vault), {"email": Verdict(State.AVAILABLE, "old", checked=NOW)})

    def write(self, vault: Path) -> None:
        save(self._plan(vault), {"email": Verdict(State.AVAILABLE, "new", checked=NOW)})

    def problems(self, vault: Path, told: Told) -> list[str]:
        known = last_verdicts(self._plan(vault))["email"].detail
        found = [] if known in ("old", "new") else ["lost: the last verdict"]
        found += again(lambda: self.write(vault))
        known = last_verdicts(self._plan(vault))["email"].detail
        return found + ([] if known == "new" else ["lost: the new verdict"])

    def _plan(self, vault: Path) -> Plan:
        return Plan(vault, mcp_servers=(self.server,))


class PingTroubleNoted:
    """Why calls of an address fail: for whoever looks, and best effort."""

    name = "why pings fail"
    places = frozenset({"ping_trouble"})

    def prepare(self, vault: Path) -> None:
        Places(vault).locks.mkdir(parents=True, exist_ok=True)
        note_ping_trouble(vault, "ping_url", "old")

    def write(self, vault: Path) -> None:
        note_ping_trouble(vault, "ping_url", "new")

    def problems(self, vault: Path, told: Told) -> list[str]:
        known = [trouble.why for trouble in ping_troubles(vault)]
        found = [] if known in (["old"], ["new"]) else [f"torn: {known}"]
        found += again(lambda: self.write(vault))
        return found + (
            [] if [each.why for each in ping_troubles(vault)] == ["new"] else ["lost: the reason"]
        )


class DroppedFile:
    """A file in Drop becomes an item of Needs_Action; a watcher that died is started again."""

    name = "Drop → item"
    places = frozenset({"processed"})
    files = ("one.pdf", "two.pdf")

    def prepare(self, vault: Path) -> None:
        for name in ("Needs_Action/file", "Drop", ".state"):
            (vault / name).mkdir(parents=True)
        for name in self.files:
            (vault / "Drop" / name).write_text(name)
            os.utime(vault / "Drop" / name, (QUIET_S, QUIET_S))

    def write(self, vault: Path) -> None:
        watch = FilesystemWatch(Options(vault), Stop.__new__(Stop))
        watch._stop.requested = False
        for look in range(3):
            watch.look(Looked(), NOW.timestamp(), 1000.0 * (look + 1))

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = again(lambda: self.write(vault))
        items = [item.read_text(encoding="utf-8") for item in (vault / "Needs_Action").rglob("FILE_*.md")]
        for name in self.files:
            count = sum(f"Drop/{name}" in text for text in items)
            if count != 1:
                found.append(f"{'lost' if not count else 'doubled'}: the item of {name}, {count} times")
            if not (vault / "Drop" / name).exists():
                found.append(f"lost: {name} itself")
        return found


class DoneArchived:
    """Old files of Done move into its archive, where one of their names is taken."""

    name = "archive of Done"
    places: frozenset[str] = frozenset()
    files = ("email/a.md", "email/b.md", "c.md")

    def prepare(self, vault: Path) -> None:
        for name in (*self.files, "archive/email/a.md"):
            path = vault / "Done" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            os.utime(path, (QUIET_S, QUIET_S))
        (vault / "Done" / "link.md").symlink_to("email/b.md")
        os.utime(vault / "Done" / "link.md", (QUIET_S, QUIET_S), follow_symlinks=False)

    def write(self, vault: Path) -> None:
        archive_done(vault, NOW)

    def problems(self, vault: Path, told: Told) -> list[str]:
        result = archive_done(vault, NOW)
        found = [f"refused: {result.problems}"] if result.problems else []
        texts = Counter(
            path.read_text()
            for path in (vault / "Done").rglob("*")
            if path.is_file() and not path.is_symlink()
        )
        for name in (*self.files, "archive/email/a.md"):
            if texts[name] != 1:
                found.append(f"{'lost' if not texts[name] else 'doubled'}: {name}, {texts[name]} times")
        links = [path for path in (vault / "Done").rglob("*") if path.is_symlink()]
        if len(links) != 1:
            found.append(f"{'lost' if not links else 'doubled'}: the link, {len(links)} times")
        return found


class LogLines:
    """The logs: of the orchestrator, of a task, of a Claude run. Nothing may fail by them."""

    name = "log files"
    places = frozenset({"logs", "orchestrator_log", "task_log", "watcher_log", "claude_logs"})

    def prepare(self, vault: Path) -> None:
        (vault / "Logs").mkdir()

    def write(self, vault: Path, word: str = "first") -> None:
        places = Places(vault)
        prepare_log_file(places.task_log("triage"), 1000)
        prepare_log_file(places.watcher_log("gmail"), 1000)
        handler = _RotatingFile(places.orchestrator_log, 10_000)
        handler.complained = True  # said once already; standard error is not what is looked at here
        handler.emit(logging.LogRecord("aiemp", logging.INFO, "", 0, word, None, None))
        path = new_log(places, "triage", NOW, 30)
        with RunLog(path, lambda: NOW) as log:
            log.step(word)
            log.event(b"{}\n")

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = (
            ["refused: a log that cannot be written ended what it tells of"] if told is Told.REFUSED else []
        )
        found += again(lambda: self.write(vault, "second"))
        said = Places(vault).orchestrator_log.read_text(encoding="utf-8")
        runs = "".join(path.read_text() for path in Places(vault).claude_logs.rglob("*.log"))
        return found + [
            f"lost: the second line of {what}"
            for what, text in (("the orchestrator", said), ("Claude", runs))
            if "second" not in text
        ]


class LockTaken:
    """A run's lock: whether it was got or not, it is free again afterwards."""

    name = "run lock"
    places = frozenset({"run_lock", "orchestrator_lock", "watcher_lock"})

    def prepare(self, vault: Path) -> None:
        pass

    def write(self, vault: Path) -> None:
        with acquire(Places(vault).run_lock, Holder(os.getpid(), "task", "manual")):
            pass

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = ["doubled: it is still held"] if probe(Places(vault).run_lock) else []
        return found + again(lambda: self.write(vault))


class Briefing:
    """The note of the weekly audit, beside one of its name that its owner has written into."""

    name = "briefing"
    places: frozenset[str] = frozenset()

    def prepare(self, vault: Path) -> None:
        (vault / "Briefings").mkdir()
        (vault / "Briefings" / "week.md").write_text("my own words\n")

    def write(self, vault: Path) -> None:
        write_note(vault / "Briefings", "week", "# Week\n" * 50)

    def problems(self, vault: Path, told: Told) -> list[str]:
        found = again(lambda: self.write(vault))
        texts = [path.read_text() for path in (vault / "Briefings").glob("*.md")]
        whole = sum(text.startswith("# Week\n" * 50) for text in texts)
        if "my own words\n" not in texts:
            found.append("lost: the owner's words")
        if len(texts) != 2:
            found.append(f"left over: there are {len(texts)} files")
        if whole != 1:
            found.append(f"{'lost' if not whole else 'doubled'}: the note, {whole} times")
        return found


class OrchestratorState:
    """The orchestrator's own part of the state, beside the runs' part."""

    name = "orchestrator's state"
    places = frozenset({"ledger", "ledger_lock"})

    def prepare(self, vault: Path) -> None:
        self._save(vault, 1)

    def write(self, vault: Path) -> None:
        self._save(vault, 2)

    def problems(self, vault: Path, told: Told) -> list[str]:
        ticks = Ledger(vault).read().tick_count
        expected = {Told.DONE: (2,), Told.REFUSED: (1,), Told.KILLED: (1, 2)}[told]
        found = [] if ticks in expected else [f"lost: {told.value}, and its ticks are {ticks}"]
        found += again(lambda: self.write(vault))
        return found + ([] if Ledger(vault).read().tick_count == 2 else ["lost: its ticks"])

    def _save(self, vault: Path, ticks: int) -> None:
        Ledger(vault).save_orchestrator(
            tick_count=ticks, start_time=NOW, watcher_restart_counts={"gmail": ticks}, watchers={}
        )


VAULT_WRITES = (
    DashboardRow(),
    Rollover(),
    AlertRaised(),
    AlertCleared(),
    PauseSet(),
    McpResults(),
    DroppedFile(),
    DoneArchived(),
    LogLines(),
    LockTaken(),
    Briefing(),
    OrchestratorState(),
)
