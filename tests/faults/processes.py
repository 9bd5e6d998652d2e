"""A vault with real processes of aiemp in it, and what their runs left: the history, and the proofs of the work.

The work of a run is a shell that writes down its run's name when it begins and when it ends. So what was done and
what is written down can be compared, whoever was killed in between.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiemp.ledger import Ledger
from aiemp.locks import probe
from aiemp.places import Places
from aiemp.plan import SCHEDULE_REGISTRY
from tests.conftest import DASHBOARD, processes_naming

DEADLINE_S = 60.0
WORK_S = 0.05
WORK = 'echo \\"b $AIEMP_RUN\\" >> proofs; sleep {}; echo \\"e $AIEMP_RUN\\" >> proofs'


def own_task(name: str, more: str = "", work_s: float = WORK_S) -> str:
    """The configuration of a task whose one slot of today has come."""
    return (
        f"[tasks.{name}]\nfrequency = 'daily'\ntime = '00:00'\ncatch_up = true\n{more}"
        f'command = ["sh", "-c", "{WORK.format(work_s)}"]\n'
    )


class Bench:
    """One vault, its configuration, and the processes that were started on it."""

    def __init__(self, folder: Path, config: str, vault: Path | None = None) -> None:
        self.folder = folder
        self.vault = vault or folder / "vault"
        for name in ("Needs_Action", "Pending_Approval", "Done", "Logs", "Drop"):
            (self.vault / name).mkdir(parents=True)
        Places(self.vault).dashboard.write_text(DASHBOARD, encoding="utf-8")
        self.config = folder / "aiemp.toml"
        quiet = "".join(f"[tasks.{task.name}]\nenabled = false\n" for task in SCHEDULE_REGISTRY)
        self.quiet = f"timezone = 'UTC'\n{quiet}"
        self.config.write_text(self.quiet + config)
        self.environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
        self.log = folder / "said.log"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``aiemp`` as its engines do."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "aiemp", "--vault", str(self.vault)),
                    *("--config", str(self.config), *arguments),
                ],
                env={**self.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> int:
        """Run ``aiemp`` to its end."""
        return self.start(*arguments).wait(DEADLINE_S)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[int]:
        """What is alive and belongs to this vault."""
        return processes_naming(str(self.folder))

    def kill_all(self) -> None:
        """A power cut for everything on this vault."""
        while alive := self.processes():
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def until(self, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> bool:
        """Whether it came about in time."""
        deadline = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def history(self) -> list[dict[str, Any]]:
        """The ended runs, the oldest first."""
        return [*Ledger(self.vault).history.newest_first()][::-1]

    def settled(self) -> set[str]:
        """The tasks that have succeeded."""
        return {entry["task"] for entry in self.history() if entry["result"] == "succeeded"}

    def proofs(self) -> list[tuple[str, str]]:
        """What the work wrote: ``b`` or ``e``, and the mark of its run."""
        path = self.vault / "proofs"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(line[:1], line[2:]) for line in lines]

    def is_idle(self) -> bool:
        return probe(Places(self.vault).run_lock) is None


def run_problems(bench: Bench, expected: Sequence[str], times: int = 1) -> list[str]:
    """What is wrong with the runs once all is over. ``expected``: the tasks that are to have succeeded, each so many
    ``times``."""
    found: list[str] = []
    history, proofs = bench.history(), bench.proofs()
    succeeded = Counter(entry["task"] for entry in history if entry["result"] == "succeeded")
    for task in expected:
        if succeeded[task] != times:
            word = "lost" if succeeded[task] < times else "doubled"
            found.append(f"{word}: {task} succeeded {succeeded[task]} times")
    recorded = Counter(f"{entry['run']} {entry['pid']}" for entry in history)
    ended = {f"{entry['run']} {entry['pid']}": entry["result"] for entry in history}
    began = Counter(mark for edge, mark in proofs if edge == "b")
    finished = Counter(mark for edge, mark in proofs if edge == "e")
    for mark, count in (recorded + began).items():
        if recorded[mark] > 1 or began[mark] > 1:
            found.append(f"doubled: {mark} is written down {recorded[mark]} times, was done {count} times")
        if not recorded[mark]:
            found.append(f"lost: {mark} was done and is not written down")
        if ended.get(mark) == "succeeded" and finished[mark] != 1:
            found.append(f"lost: {mark} is written down as done, and was done {finished[mark]} times")
    found += [f"doubled: two at a time: {pair}" for pair in _at_a_time(proofs)]
    others = {entry["result"] for entry in history} - {"succeeded", "interrupted"}
    if others:
        found.append(f"refused: there are runs that are {others}")
    return found


def _at_a_time(proofs: Sequence[tuple[str, str]]) -> list[str]:
    """Runs whose work went on while another one's had begun."""
    place = {line: number for number, line in enumerate(proofs)}
    begun = [mark for edge, mark in proofs if edge == "b"]
    return [
        f"{one} and {other}"
        for one, other in pairwise(begun)
        if place.get(("e", one), -1) > place["b", other]
    ]


def file_problems(bench: Bench) -> list[str]:
    """Whether the state can be read, nothing was set aside, and the owner's dashboard is whole."""
    found = []
    state = Places(bench.vault).ledger
    try:
        json.loads(state.read_bytes())
    except ValueError:
        found.append("torn: the state")
    if list(state.parent.glob("*.corrupt-*")):
        found.append("torn: a state was set aside")
    text = Places(bench.vault).dashboard.read_text(encoding="utf-8")
    if text.count("My own notes stay.") != 1:
        found.append("lost: the owner's words")
    return found
