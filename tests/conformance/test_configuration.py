"""An edit of aiemp.toml is taken up, a dry run touches nothing, and one vault has one orchestrator."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatch
from pathlib import Path

from tests.conformance.employee import Employee
from tests.conformance.plans import DUE, IDLE, WORKS, script, task, watcher


def test_edit_of_the_configuration(employee: Employee) -> None:
    """A new task runs, a new watcher starts, one that left stops, and what is not concerned goes on as it was."""
    for name in ("stays", "leaves", "comes"):
        employee.write(script(name), WORKS)
    vault = employee.name_of_vault
    stays = IDLE + watcher("stays", vault)
    employee.begin(stays + watcher("leaves", vault))
    employee.until(lambda: employee.watcher("stays") and employee.watcher("leaves"), "the watchers")
    before = employee.watcher("stays")
    employee.configure(stays + watcher("comes", vault) + task("job", **DUE))
    employee.announce_edit()
    employee.until(lambda: employee.watcher("comes"), "the new watcher")
    employee.until(lambda: employee.copies(script("leaves")) == [], "the end of the old one")
    employee.until(lambda: employee.attempts("job") == ["succeeded"], "the new task")
    assert employee.watcher("stays") == before


def test_dry_run(employee: Employee) -> None:
    """Nothing in the vault is touched but the locks: no run is recorded, no file made, none moved; it says what it
    would do."""
    employee.write("Drop/letter.txt", "Dear Sirs")
    employee.write("Needs_Action/email/question.md", "---\ntype: email\n---\nWhen?\n")
    dry = "dry_run = true\n" + IDLE.replace("[watchers.filesystem]\nenabled = false\n", "")
    employee.configure(dry + task("job", **DUE))
    before = snapshot(employee.vault)
    employee.start()
    employee.until(lambda: "dry run: The command was not run" in employee.said(), "what the task would do")
    employee.until(lambda: employee.watcher("filesystem"), "the watcher")
    assert employee.lines() == []
    assert snapshot(employee.vault) == before


def test_second_orchestrator(employee: Employee) -> None:
    """Whoever starts one beside it, by hand, is refused; the first goes on."""
    employee.begin(IDLE + task("job", **DUE))
    employee.until(lambda: employee.attempts("job") == ["succeeded"], "the first one at work")
    first = employee.orchestrator
    assert employee.call("run").wait() == 1
    assert employee.orchestrator == first


def snapshot(vault: Path) -> dict[str, str]:
    """Every file of the vault with its content, but for the locks, which are held in a dry run too."""
    found = {}
    for path in sorted(vault.rglob("*")):
        name = str(path.relative_to(vault))
        if name not in (".state", ".state/aiemp") and not fnmatch(name, ".state/aiemp/*.lock"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return found
