"""What a scenario may do with an employee and see of it, whatever keeps it alive.

Scenarios know this class alone. An engine is a subclass: how it is started and stopped, what a power cut is to it,
and what its owner types. All else is the same for all: an employee is its vault and its processes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from aiemp.locks import Holder, probe
from aiemp.places import Places
from tests.conformance.processes import Process, live_processes
from tests.systemd.waiting import wait_until

DEADLINE_S = 40.0
PAUSE_S = 0.05
"""Between two looks, of which some go through all processes: several tests run beside each other."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command that was typed, with what it says in a file. ``process`` leads its own group."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def wait(self, deadline_s: float = DEADLINE_S) -> int:
        """Its exit status."""
        return self.process.wait(deadline_s)

    def end(self) -> None:
        """Kill it, with all that is in its group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Employee(ABC):
    """One owner, his vault and his aiemp.toml, kept alive by one engine. The fixture ``employee`` makes it."""

    restarts_itself: ClassVar[bool]
    """Whether something starts the orchestrator again when it was killed."""

    zone = "UTC"
    """The time zone in aiemp.toml; for those that begin with :meth:`set_clock` their own."""

    # Where things are

    @property
    @abstractmethod
    def vault(self) -> Path:
        """The vault, as this process reaches it."""

    @property
    @abstractmethod
    def name_of_vault(self) -> str:
        """The vault's path as its own processes know it."""

    @property
    @abstractmethod
    def name_of_claude(self) -> str:
        """Where its owner may install a Claude, so that every engine finds it."""

    @abstractmethod
    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file as the owner does; ``name`` is a path in the vault, or a full one."""

    # What its owner does

    @abstractmethod
    def write_config(self, text: str) -> None:
        """Write aiemp.toml, and nothing more."""

    @abstractmethod
    def write_beside_config(self, name: str, text: str) -> None:
        """Write a file into the folder of aiemp.toml."""

    @abstractmethod
    def start(self) -> None:
        """Have the engine keep it alive; the first time install it. The orchestrator looks each second."""

    @abstractmethod
    def stop(self) -> None:
        """End it in order. Returns when the engine says that it has ended."""

    @abstractmethod
    def announce_edit(self) -> None:
        """What an owner types after an edit of aiemp.toml, if this engine needs it."""

    @abstractmethod
    def call(self, *words: str) -> Call:
        """Type ``aiemp WORDS`` and do not wait."""

    @abstractmethod
    def other_engine(self) -> Employee:
        """The same employee, not started, with another engine to keep it alive."""

    def configure(self, text: str) -> None:
        """Write aiemp.toml with the vault and the zone in it."""
        head = f"vault = {json.dumps(self.name_of_vault)}\ntimezone = {json.dumps(self.zone)}\n"
        self.write_config(head + text)

    def begin(self, config: str) -> None:
        """Start it with this configuration."""
        self.configure(config)
        self.start()

    def trigger(self, task: str) -> int:
        """Type ``aiemp trigger TASK`` and wait for its end; its exit status."""
        return self.call("trigger", task).wait()

    # What happens to it

    @abstractmethod
    def cut_power(self) -> None:
        """Everything is killed at once, the engine's own processes included."""

    @abstractmethod
    def power_up(self, at: datetime | None = None) -> None:
        """The machine is there again, and starts what it starts by itself. ``at``: what its clock then shows."""

    @abstractmethod
    def reboot(self) -> None:
        """The machine goes down in order, and comes up again."""

    @abstractmethod
    def set_clock(self, moment: datetime) -> None:
        """Set the wall clock of all its processes, also while they run."""

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to one process."""
        assert pid > 0, "it is gone"
        os.kill(pid, number)

    def kill_orchestrator(self) -> int:
        """kill -9 of the orchestrator. Where nothing starts it again (a terminal), its owner does."""
        killed = self.orchestrator
        assert killed, "there is no orchestrator"
        self.kill(killed)
        self.until(lambda: self.orchestrator != killed, "its end")
        if not self.restarts_itself:
            self.start()
        return killed

    # What is so

    @property
    def orchestrator(self) -> int:
        """The process in charge of the vault; 0 when there is none."""
        return self._holder(Places(self.vault).orchestrator_lock)

    @property
    def run(self) -> int:
        """The process that runs a task now; 0 when there is none."""
        return self._holder(Places(self.vault).run_lock)

    def watcher(self, name: str) -> int:
        """The process that holds a watcher's lock; 0 when there is none."""
        return self._holder(Places(self.vault).watcher_lock(name))

    def copies(self, script: str) -> list[int]:
        """The processes that run a script of the vault, see :mod:`tests.conformance.plans`."""
        running = (each for each in self.processes() if each.command.split(" ")[0].endswith("python3"))
        return [each.pid for each in running if script in each.command]

    def processes(self) -> list[Process]:
        """All live processes of this employee: the vault is in their command line, or they work in it."""
        return [each for each in self._visible() if each.mentions(self.name_of_vault)]

    def attempts(self, task: str) -> list[str]:
        """How the runs of a task ended, the oldest first."""
        return [run["result"] for run in self.history() if run["task"] == task]

    def history(self) -> list[dict[str, Any]]:
        """All recorded ends of runs, the oldest first."""
        runs = []
        for path in sorted(Places(self.vault).runs.glob("*.jsonl")):
            lines = path.read_text(encoding="utf-8").split("\n")
            runs += [json.loads(line) for line in lines if line]
        return runs

    def lines(self, name: str = "Done/log") -> list[str]:
        """The lines of a file of the vault; none when it is not there."""
        return self.read(name).splitlines()

    def read(self, name: str) -> str:
        """A file of the vault; empty when it is not there."""
        try:
            return (self.vault / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def exists(self, name: str) -> bool:
        """Whether a file of the vault is there."""
        return (self.vault / name).exists()

    def alerts(self) -> list[str]:
        """The names of the alert files."""
        folder = Places(self.vault).alerts
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def until(self, condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait for something; show what the orchestrator said when it does not come."""
        problem = lambda: f"{what}: it did not come\n{self.said()[-6000:]}"  # noqa: E731
        wait_until(condition, deadline_s, problem, pause_s=PAUSE_S)

    def said(self) -> str:
        """What the orchestrator said."""
        return self.read("Logs/aiemp/orchestrator.log")

    # For engines

    def _visible(self) -> list[Process]:
        return live_processes(of=os.getpid())

    def _holder(self, lock: Path) -> int:
        holder: Holder | None = probe(lock)
        return self._pid_here(holder.pid) if holder is not None and holder.pid else 0

    def _pid_here(self, pid: int) -> int:
        """One of its processes by the number that it knows of itself; 0 when it is gone."""
        return pid


def utc(text: str) -> datetime:
    """``2035-03-21 10:00`` as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
