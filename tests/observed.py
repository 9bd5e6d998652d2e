"""What anybody can see of a vault: its dashboard, how its runs ended, which watchers live."""

from __future__ import annotations

from pathlib import Path

from aiemp.ledger import Ledger
from aiemp.watchers.launch import running


def dashboard(vault: Path) -> str:
    """The text of Dashboard.md."""
    return (vault / "Dashboard.md").read_text(encoding="utf-8")


def results(vault: Path, name: str | None = None) -> list[str]:
    """How the runs of a task, or of all, ended, the newest first."""
    return [entry["result"] for entry in Ledger(vault).history.newest_first(name)]


def pid_of(vault: Path, name: str) -> int:
    """The process of a watcher; 0 when it does not run."""
    holder = running(vault, name)
    return holder.pid if holder else 0
