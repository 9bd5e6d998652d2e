"""The write paths of whole files: what is dropped, archived, logged and briefed."""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path

from aiemp.claude.run_log import RunLog, new_log
from aiemp.log_files import _RotatingFile, prepare_log_file
from aiemp.places import Places
from aiemp.triggers.sealed_note import write_note
from aiemp.vault.archive import archive_done
from aiemp.watchers.filesystem import FilesystemWatch
from aiemp.watchers.loop import Looked, Stop
from aiemp.watchers.options import Options
from tests.faults.owners_lines import NOW, QUIET_S
from tests.faults.write_paths import Told, again


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


class Briefing:
    """The note of the weekly audit, beside one of its name that its owner has written into."""

    name = "briefing"
    places: frozenset[str] = frozenset()

    def prepare(self, vault: Path) -> None:
        (vault / "Briefings").mkdir()
        (vault / "Briefings" / "week.md").write_text("my own words\n")

    def write(self, vault: Path) -> None:
        write_note(vault / "Briefings", "week", "# Week\n" * 50, beneath=vault)

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
